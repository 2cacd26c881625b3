"""A command is a wish: its fields, what it must know, and a pure decision that yields facts or a refusal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, NamedTuple, Protocol, TypeVar
from uuid import UUID

import msgspec

from ledger.money import EXACT
from ledger.record import Fact, Recorded

E = TypeVar("E")


class Balance(NamedTuple):
    """Debit-positive sums of one account in one currency; see `available`."""

    posted: Decimal
    pending: Decimal
    reserved: Decimal

    @property
    def available(self) -> Decimal:
        """What may be spent now: posted less what holds reserve (money on its way in does not count yet)."""
        return EXACT.add(self.posted, self.reserved)


class Day(NamedTuple):
    """The change that one civil date brought to an account in one currency."""

    date: date
    posted: Decimal
    reserved: Decimal


class State(Protocol):
    """What a decision sees: everything it said it must know, as changed by the commands before it."""

    def entity(self, kind: type[E], stream_id: UUID) -> E | None:
        """The folded entity of a stream that `streams()` named; None if it does not exist or is another kind."""

    def version(self, stream_id: UUID) -> int:
        """How many facts the stream has; 0 for none."""

    def balance(self, account_id: UUID, currency: str) -> Balance:
        """The register's present balance; zero if nothing was ever posted."""

    def days(self, account_id: UUID, currency: str, start: date) -> Sequence[Day]:
        """The changes by date, rising, from `start` or an earlier date on, as `days()` of the command named."""

    def holder(self, scope: UUID, kind: str, text: str) -> UUID | None:
        """Who holds a unique name; None if it is free. Named in `claims()` before."""

    def facts(self, first: int, last: int) -> Sequence[Recorded]:
        """The facts at the positions that `positions()` named, text unsealed."""

    def history(self, stream_id: UUID) -> Sequence[Recorded]:
        """Every stored fact of a stream that `histories()` named, rising by version, text unsealed. What was
        decided in the same batch is missing; `entity` knows it."""

    def usage(self, account_id: UUID) -> Usage:
        """What ever stood on, and what stands below, an account that `usages()` named."""


class Usage(NamedTuple):
    """The currencies in which anything was ever posted or held on an account, and the accounts below it."""

    currencies: frozenset[str]
    children: frozenset[UUID]


class Claim(NamedTuple):
    """A text that may be held once within `scope` (a book; or ids.NIL for everybody)."""

    scope: UUID
    kind: str
    text: str


class DayRange(NamedTuple):
    """The days register of one account and currency from `start` (inclusive) on."""

    account_id: UUID
    currency: str
    start: date


class Draft(msgspec.Struct, frozen=True):
    """A fact to be appended to a stream."""

    stream_id: UUID
    fact: Fact


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """The base of every command.

    `command_id` is fresh (version 7), or derived from the actor, book and idempotency key; in the latter case
    `request` is the digest of the request, and a second command with the same id gets the first one's answer,
    or KeyReused when the digest differs. `now` is the present instant, aware UTC. A `dry_run` decides and
    stores nothing.
    """

    name: ClassVar[str]

    command_id: UUID
    book_id: UUID
    actor_id: UUID
    now: datetime
    request: bytes | None = None
    dry_run: bool = False

    def streams(self) -> Iterable[UUID]:
        """The streams whose entities the decision needs."""
        return ()

    def claims(self, state: State) -> Iterable[Claim]:
        """The unique names that the decision needs, once the streams are known."""
        return ()

    def positions(self) -> tuple[int, int] | None:
        """The range of recorded facts (inclusive) that the decision needs, if any."""
        return None

    def histories(self, state: State) -> Iterable[UUID]:
        """The streams of which the decision needs every fact; asked only of commands with `positions()`."""
        return ()

    def usages(self, state: State) -> Iterable[UUID]:
        """The accounts of which it must be known what uses them; asked only of commands with `positions()`."""
        return ()

    def more_streams(self, state: State) -> Iterable[UUID]:
        """Streams that only the first ones (or the facts) reveal."""
        return ()

    def days(self, state: State) -> Iterable[DayRange]:
        """The day registers that the decision needs, once the streams are known."""
        return ()

    def balances(self, state: State) -> Iterable[tuple[UUID, str]]:
        """The (account, currency) pairs that the decision reads or its facts will change."""
        return ()

    def weight(self) -> int:
        """About how many bytes of facts it leads to; bounds a batch."""
        return 1_000

    def decide(self, state: State) -> list[Draft]:
        """The facts that become true. Pure: a function of this command and `state`. Raises Refusal."""
        raise NotImplementedError


class Outcome(msgspec.Struct, frozen=True):
    """What a command led to.

    `facts` are as recorded (text plain); `balances` the resulting balances of every account and currency
    that was touched; `warnings` are flagged breaches. A `replayed` one was carried out before under the same
    idempotency key. Positions are 0 for a dry run or where nothing changed.
    """

    command_id: UUID
    first: int
    last: int
    facts: Sequence[Recorded]
    balances: Sequence[tuple[UUID, str, Balance]]
    replayed: bool = False

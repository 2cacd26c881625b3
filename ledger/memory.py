"""What the writer remembers of the record: the state that decisions see, and what a batch changes in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from ledger.accounts.account import CHILD
from ledger.command import Balance, Claim, Day, DayRange, Draft, Usage
from ledger.entities import evolve
from ledger.money import EXACT, ZERO
from ledger.record import Fact, Recorded
from ledger.transactions.effects import Effect, effects
from ledger.transactions.events import TransactionHeld, TransactionPosted

E = TypeVar("E")
# Ids are kept by their integer: hashing a UUID object costs a call into Python, and a posting is looked up often.
Key = tuple[int, str]
# An account and currency with the balance that a change led to.
Resulting = tuple[UUID, str, Balance]

NOTHING = Balance(ZERO, ZERO, ZERO)
_ABSENT: Any = object()
_FIRST = (TransactionPosted, TransactionHeld)
_balance = partial(tuple.__new__, Balance)
_day = partial(tuple.__new__, Day)
_NEW: tuple[int, Any] = (0, None)
_plus = EXACT.add


class NotLoaded(Exception):
    """The decision asked for something that was not read before; `args` say what: the question, and about
    what it was."""


class NotSettled(Exception):
    """The batch before could not be stored, so what was decided on top of it is void."""


class Unfolded(msgspec.Struct, frozen=True):
    """The first fact of a stream, standing in for the entity that it makes."""

    fact: Fact
    stream_id: UUID
    book_id: UUID


class Memory:
    """A cache of folded streams and registers, changed fact by fact, with a journal to take changes back.

    Everything in it is as of the last fact that this process knows of; who else wrote in between is learned
    from the head of the log (`forget`). Sizes are bounded by `trim`.
    """

    def __init__(self, limit: int = 50_000) -> None:
        self.limit = limit
        self.streams: dict[int, tuple[int, Any]] = {}
        self.sums: dict[Key, Balance] = {}
        self.dates: dict[Key, tuple[date, dict[date, Day]]] = {}
        self.names: dict[Claim, UUID | None] = {}
        self.recorded: dict[tuple[int, int], Sequence[Recorded]] = {}
        self.histories: dict[int, Sequence[Recorded]] = {}
        self.usages: dict[int, Usage] = {}
        self._journal: list[tuple[dict[Any, Any], Any, Any]] = []
        # What the batch has changed, for the registers' statements: the value before the batch by key.
        self.sums_before: dict[Key, Balance] = {}
        self.day_changes: dict[tuple[int, str, date], Day] = {}
        self.name_changes: dict[Claim, UUID | None] = {}
        # What the command has changed without moving money, as it was before it: its names may be others now.
        self._spoken_of: dict[UUID, Any] = {}

    # What a decision may ask.

    def entity(self, kind: type[E], stream_id: UUID) -> E | None:
        known = self.streams.get(stream_id.int)
        if known is None:
            raise NotLoaded("stream", stream_id)
        found = known[1]
        if isinstance(found, kind):
            return found
        found = _folded(found)
        return found if isinstance(found, kind) else None

    def version(self, stream_id: UUID) -> int:
        known = self.streams.get(stream_id.int)
        if known is None:
            raise NotLoaded("stream", stream_id)
        return known[0]

    def balance(self, account_id: UUID, currency: str) -> Balance:
        try:
            return self.sums[account_id.int, currency]
        except KeyError:
            raise NotLoaded("balance", account_id, currency) from None

    def days(self, account_id: UUID, currency: str, start: date) -> Sequence[Day]:
        known = self.dates.get((account_id.int, currency))
        if known is None or known[0] > start:
            raise NotLoaded("days", account_id, currency, start)
        return sorted(known[1].values())

    def holder(self, scope: UUID, kind: str, text: str) -> UUID | None:
        try:
            return self.names[Claim(scope, kind, text)]
        except KeyError:
            raise NotLoaded("claim", scope, kind, text) from None

    def facts(self, first: int, last: int) -> Sequence[Recorded]:
        try:
            return self.recorded[first, last]
        except KeyError:
            raise NotLoaded("facts", first, last) from None

    def history(self, stream_id: UUID) -> Sequence[Recorded]:
        try:
            return self.histories[stream_id.int]
        except KeyError:
            raise NotLoaded("history", stream_id) from None

    def usage(self, account_id: UUID) -> Usage:
        try:
            stored = self.usages[account_id.int]
        except KeyError:
            raise NotLoaded("usage", account_id) from None
        return self._with_batch(account_id, stored)

    def _with_batch(self, account_id: UUID, stored: Usage) -> Usage:
        """What is stored of an account's usage, with what the batch has already changed of it."""
        currencies, children = set(stored.currencies), set(stored.children)
        currencies.update(key[1] for key, _, _ in self.changed_sums() if key[0] == account_id.int)
        for claim, holder in self.name_changes.items():
            if claim.scope == account_id and claim.kind == CHILD:
                (children.discard if holder is None else children.add)(UUID(claim.text))
        return Usage(frozenset(currencies), frozenset(children))

    def learn_days(self, wanted: DayRange, stored: Iterable[Day]) -> None:
        """Takes in the stored days of a range, with what the batch has already changed in it."""
        days = {day.date: day for day in stored}
        key = (wanted.account_id.int, wanted.currency)
        for (account, currency, date_), change in self.day_changes.items():
            if (account, currency) == key and date_ >= wanted.start:
                old = days.get(date_, Day(date_, ZERO, ZERO))
                days[date_] = Day(
                    date_, _plus(old.posted, change.posted), _plus(old.reserved, change.reserved)
                )
        self._set(self.dates, key, (wanted.start, days))

    def covers(self, wanted: DayRange) -> bool:
        """Whether the days from `wanted.start` on are in memory."""
        known = self.dates.get((wanted.account_id.int, wanted.currency))
        return known is not None and known[0] <= wanted.start

    # What a decision leads to.

    def apply(self, draft: Draft, book_id: UUID) -> tuple[int, Sequence[Resulting]]:
        """Changes the state as `draft` says; the version that the fact takes in its stream, and each balance that
        it changed, as it then was. Raises NotLoaded."""
        stream_id, fact = draft.stream_id, draft.fact
        number = stream_id.int
        known = self.streams.get(number)
        if known is None and not fact.begins:
            # The decision did not look at it, as it knew what becomes of it; its version is told by what it was.
            raise NotLoaded("stream", stream_id)
        version, entity = known or _NEW
        if version == 0 and isinstance(fact, _FIRST):
            # Hardly ever looked at again in the same batch, and forgotten after it: folded when asked for.
            after: Any = Unfolded(fact, stream_id, book_id)
        else:
            after = evolve(_folded(entity), fact, stream_id, book_id)
        self._journal.append((self.streams, number, known or _ABSENT))
        self.streams[number] = (version + 1, after)
        changes = effects(fact)
        if changes:
            return version + 1, self._add(changes)
        if hasattr(after, "claims"):
            self._spoken_of.setdefault(stream_id, entity)
        return version + 1, ()

    def _add(self, changes: Sequence[Effect]) -> list[Resulting]:
        journal, sums, streams = self._journal.append, self.sums, self.streams
        remember, days = self.sums_before.setdefault, self.day_changes
        made = []
        for effect in changes:
            account_id, currency, date_, posted, pending, reserved = effect
            number = account_id.int
            key = (number, currency)
            before = sums.get(key)
            known = streams.get(number)
            if before is None or known is None:
                raise NotLoaded("balance", account_id, currency) if known else NotLoaded("stream", account_id)
            # Stays when the change is taken back: the balance is then this very object again.
            remember(key, before)
            journal((sums, key, before))
            if pending:
                sums[key] = now = _balance(
                    (_plus(before[0], posted), _plus(before[1], pending), _plus(before[2], reserved))
                )
            else:
                sums[key] = now = _balance((_plus(before[0], posted), before[1], before[2]))
            made.append((account_id, currency, now))
            if known[1].keeps_days:
                place = (number, currency, date_)
                day = days.get(place)
                if day is None:
                    journal((days, place, _ABSENT))
                    days[place] = _day((date_, posted, reserved))
                else:
                    journal((days, place, day))
                    days[place] = _day((date_, _plus(day[1], posted), _plus(day[2], reserved)))
                dates = self.dates.get(key)
                if dates is not None and date_ >= dates[0]:
                    self._set(dates[1], date_, _later(dates[1].get(date_), effect))
        return made

    def changed_sums(self) -> Iterator[tuple[Key, Balance, Balance]]:
        """What the batch changed: account and currency, the balance before, and the balance now."""
        sums = self.sums
        for key, before in self.sums_before.items():
            now = sums[key]
            if now is not before:
                yield key, before, now

    def exchange_names(self) -> None:
        """Releases and takes the names that the facts of one command changed, taken together: what an entity was
        called between two of them may be somebody else's name."""
        if not self._spoken_of:
            return
        exchanges = [
            (set(before.claims()) if before else set(), set(self.streams[holder.int][1].claims()), holder)
            for holder, before in self._spoken_of.items()
        ]
        for old, new, _ in exchanges:
            for gone in old - new:
                self._name(Claim(*gone), None)
        for old, new, holder in exchanges:
            for taken in new - old:
                self._name(Claim(*taken), holder)
        self._spoken_of.clear()

    def _name(self, claim: Claim, holder: UUID | None) -> None:
        self._set(self.names, claim, holder)
        self._set(self.name_changes, claim, holder)

    def _set(self, mapping: dict[Any, Any], key: Any, value: Any) -> None:
        self._journal.append((mapping, key, mapping.get(key, _ABSENT)))
        mapping[key] = value

    # Taking back, finishing, forgetting.

    def mark(self) -> int:
        """A point to roll back to."""
        return len(self._journal)

    def roll_back(self, mark: int) -> None:
        """Takes back every change since `mark`."""
        self._spoken_of.clear()
        while len(self._journal) > mark:
            mapping, key, value = self._journal.pop()
            if value is _ABSENT:
                mapping.pop(key, None)
            else:
                mapping[key] = value

    def begin(self) -> None:
        """A new batch: nothing changed yet."""
        self._journal.clear()
        self.sums_before.clear()
        self.day_changes.clear()
        self.name_changes.clear()
        self.recorded.clear()
        self.histories.clear()
        self.usages.clear()

    def forget(self) -> None:
        """Everything must be read again."""
        self.streams.clear()
        self.sums.clear()
        self.dates.clear()
        self.names.clear()

    def full(self) -> bool:
        """Whether a cache is past its limit and `trim` is due."""
        return any(len(cache) > self.limit for cache in (self.streams, self.sums, self.dates, self.names))

    def trim(self) -> None:
        """Forgets everything: it refills from two indexed reads a batch, and nothing has to be kept in order of
        use on the hot path. Not while a batch is on its way: what it changed is known here alone."""
        self.forget()


def _folded(entity: Any) -> Any:
    if isinstance(entity, Unfolded):
        return evolve(None, entity.fact, entity.stream_id, entity.book_id)
    return entity


def _later(day: Day | None, effect: Effect) -> Day:
    if day is None:
        return _day((effect[2], effect[3], effect[5]))
    return Day(day.date, _plus(day.posted, effect.posted), _plus(day.reserved, effect.reserved))

"""Reads into memory what the commands of a batch must know: one statement for each kind of thing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

import psycopg

from ledger.accounts.account import CHILD, PRIVATE
from ledger.command import Balance, Claim, Command, Day, DayRange, Usage
from ledger.entities import fold
from ledger.ids import NIL
from ledger.log import read_streams, read_window
from ledger.memory import NOTHING, Memory, NotLoaded
from ledger.record import Recorded
from ledger.sealing import Keys

_BALANCES = """
    SELECT b.account_id, b.currency, b.posted, b.pending, b.reserved
    FROM unnest(%s::uuid[], %s::text[]) AS wanted (account_id, currency)
    JOIN registers.balances b USING (account_id, currency)
"""
_DAYS = """
    SELECT d.account_id, d.currency, d.date, d.posted, d.reserved
    FROM unnest(%s::uuid[], %s::text[], %s::date[]) AS wanted (account_id, currency, start)
    JOIN registers.days d USING (account_id, currency)
    WHERE d.date >= wanted.start
"""
_NAMES = """
    SELECT c.scope, c.kind, c.digest, c.holder
    FROM unnest(%s::uuid[], %s::text[], %s::bytea[]) AS wanted (scope, kind, digest)
    JOIN registers.claims c USING (scope, kind, digest)
"""
_USAGES = """
    SELECT account_id,
           ARRAY(SELECT b.currency FROM registers.balances b WHERE b.account_id = used.account_id),
           ARRAY(SELECT c.digest FROM registers.claims c WHERE c.scope = used.account_id AND c.kind = %s)
    FROM unnest(%s::uuid[]) AS used (account_id)
"""


class Loader:
    """Fills a Memory from the database. `settle` waits until every batch that was handed over is stored, so that
    what is read is what memory goes on from."""

    def __init__(
        self, connection: psycopg.Connection[Any], memory: Memory, keys: Keys, settle: Callable[[], None]
    ) -> None:
        self._connection = connection
        self._memory = memory
        self._keys = keys
        self._settle = settle

    def load(self, commands: Sequence[Command]) -> None:
        """Everything that `commands` name and memory lacks. What one names may depend on what was read first:
        streams (and recorded facts), then further streams, then registers and names."""
        memory = self._memory
        self.streams(stream for command in commands for stream in command.streams())
        for command in _that_say(commands, "positions"):
            wanted = command.positions()
            if wanted is not None:
                self.facts(*wanted)
                self.histories(command.histories(memory))
                self.usages(command.usages(memory))
        self.streams(
            s for command in _that_say(commands, "more_streams") for s in command.more_streams(memory)
        )
        self.balances(key for command in commands for key in command.balances(memory))
        self.days(wanted for command in _that_say(commands, "days") for wanted in command.days(memory))
        self.names(claim for command in _that_say(commands, "claims") for claim in command.claims(memory))

    def fetch(self, missing: NotLoaded) -> None:
        """The one thing that a decision turned out to lack."""
        match missing.args:
            case ("stream", stream_id):
                self.streams([stream_id])
            case ("balance", account_id, currency):
                self.balances([(account_id, currency)])
            case ("days", *wanted):
                self.days([DayRange(*wanted)])
            case ("claim", *claim):
                self.names([Claim(*claim)])
            case ("facts", first, last):
                self.facts(first, last)
            case ("history", stream_id):
                self.histories([stream_id])
            case ("usage", account_id):
                self.usages([account_id])

    def facts(self, first: int, last: int) -> None:
        recorded = self._memory.recorded
        if (first, last) not in recorded:
            recorded[first, last] = self.window(first, last)

    def histories(self, stream_ids: Iterable[UUID]) -> None:
        histories, streams = self._memory.histories, self._memory.streams
        missing = [stream_id for stream_id in dict.fromkeys(stream_ids) if stream_id.int not in histories]
        if not missing:
            return
        self._settle()
        histories.update((stream_id.int, []) for stream_id in missing)
        for stream_id, group in groupby(
            read_streams(self._connection, missing, self._keys), key=lambda recorded: recorded.stream_id
        ):
            members = histories[stream_id.int] = list(group)
            if stream_id.int not in streams:
                streams[stream_id.int] = (len(members), fold(members))

    def usages(self, account_ids: Iterable[UUID]) -> None:
        usages = self._memory.usages
        missing = [a for a in dict.fromkeys(account_ids) if a.int not in usages]
        if not missing:
            return
        self._settle()
        usages.update((account_id.int, Usage(frozenset(), frozenset())) for account_id in missing)
        rows = self._connection.execute(_USAGES, (CHILD, missing), binary=True)
        for account_id, currencies, children in rows:
            ids = (UUID(bytes=bytes(child)) for child in children)
            usages[account_id.int] = Usage(frozenset(currencies), frozenset(ids))

    def window(self, first: int, last: int) -> list[Recorded]:
        """The facts at positions `first` to `last`, both inclusive."""
        self._settle()
        return read_window(self._connection, first - 1, last, self._keys) if last else []

    def streams(self, stream_ids: Iterable[UUID]) -> None:
        known = self._memory.streams
        missing = {stream_id for stream_id in stream_ids if stream_id.int not in known}
        if not missing:
            return
        self._settle()
        facts = read_streams(self._connection, list(missing), self._keys)
        for stream_id, group in groupby(facts, key=lambda recorded: recorded.stream_id):
            members = list(group)
            known[stream_id.int] = (len(members), fold(members))
            missing.discard(stream_id)
        for stream_id in missing:
            known[stream_id.int] = (0, None)

    def balances(self, keys: Iterable[tuple[UUID, str]]) -> None:
        sums = self._memory.sums
        missing = {key for key in keys if (key[0].int, key[1]) not in sums}
        if not missing:
            return
        self._settle()
        for key in missing:
            sums[key[0].int, key[1]] = NOTHING
        accounts, currencies = zip(*missing, strict=True)
        rows = self._connection.execute(_BALANCES, (list(accounts), list(currencies)), binary=True)
        for account_id, currency, posted, pending, reserved in rows:
            sums[account_id.int, currency] = Balance(posted, pending, reserved)

    def days(self, ranges: Iterable[DayRange]) -> None:
        earliest: dict[tuple[UUID, str], DayRange] = {}
        for wanted in ranges:
            if not self._memory.covers(wanted):
                key = wanted[:2]
                earliest[key] = min(earliest.get(key, wanted), wanted, key=lambda r: r.start)
        if not earliest:
            return
        self._settle()
        found: dict[tuple[UUID, str], list[Day]] = {key: [] for key in earliest}
        accounts, currencies, starts = zip(*earliest.values(), strict=True)
        rows = self._connection.execute(_DAYS, (list(accounts), list(currencies), list(starts)), binary=True)
        for account_id, currency, date, posted, reserved in rows:
            found[account_id, currency].append(Day(date, posted, reserved))
        for key, wanted in earliest.items():
            self._memory.learn_days(wanted, found[key])

    def names(self, claims: Iterable[Claim]) -> None:
        names = self._memory.names
        missing = {claim for claim in claims if claim not in names}
        if not missing:
            return
        self._settle()
        by_digest = {(c.scope, c.kind, claim_digest(c, self._keys)): c for c in missing}
        for claim in missing:
            names[claim] = None
        scopes, kinds, digests = zip(*by_digest, strict=True)
        rows = self._connection.execute(_NAMES, (list(scopes), list(kinds), list(digests)), binary=True)
        for scope, kind, digest, holder in rows:
            names[by_digest[scope, kind, bytes(digest)]] = holder


def _that_say(commands: Sequence[Command], what: str) -> list[Command]:
    """The commands whose class says anything about `what`; most do not, and are not asked."""
    speaking = {
        kind
        for kind in {type(command) for command in commands}
        if getattr(kind, what) is not getattr(Command, what)
    }
    return [command for command in commands if type(command) in speaking] if speaking else []


def claim_digest(claim: Claim, keys: Keys) -> bytes:
    """What the claims register stores in place of the text, so that it says nothing without the key."""
    if claim.kind == CHILD:
        # An id says nothing that the record does not; and the scope is an account, which has no key.
        return UUID(claim.text).bytes
    if claim.kind == PRIVATE:
        # The ids of account and person, which are read back from it.
        return bytes.fromhex(claim.text)
    if claim.scope == NIL:
        return keys.fingerprint(claim.text)
    key = keys.of(claim.scope)
    return key.fingerprint(claim.text) if key is not None else b""

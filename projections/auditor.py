"""The continuous auditor: verifies what is live piece by piece, again and again, and publishes what it found.

A pass walks the record (laws 3, 5 and 6), then takes each book in turn: its facts are replayed into temporary
tables, and its read models and registers held against them at one snapshot (laws 1, 2 and 4). Every piece is
small and memory is bounded. It runs in the scheduler's process, not the projector's: there it would share an
interpreter with work that has fifty milliseconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import msgspec
import psycopg

from ledger.clock import Clock, system_clock
from ledger.ids import NIL
from ledger.sealing import Keys
from projections import record_check, sql, tables
from projections.all import ALL
from projections.book_check import BookCheck
from projections.derived import Derived, Mismatch
from projections.projection import Projection
from projections.record_check import RecordCheck
from projections.verify import unmade

SQL = sql.load(__file__)

RANGE = 1_000
"""Facts of one step of the walk along the record."""
RECORD, BOOKS, REGISTERS = "record", "books", "registers"
"""The parts of a pass, in order."""


class Progress(msgspec.Struct):
    """How far the present pass is: it will have verified everything up to `began_from`."""

    pass_: int
    began_at: datetime
    began_from: int
    part: str = RECORD
    position: int = 0
    book_id: UUID = NIL
    facts: int = 0
    books: int = 0
    mismatches: int = 0


class Auditor:
    """One auditor; any number may run, one at a time works."""

    def __init__(
        self,
        url: str,
        keys: Keys,
        *,
        projections: Sequence[Projection] = ALL,
        clock: Clock = system_clock,
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._projections = projections
        self._connection = tables.connect(url, tables.LIVE, writing=False)
        self._derived = Derived(url, keys, projections, by_book=True)
        self._check = RecordCheck()
        self._book: BookCheck | None = None
        self._progress: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._derived.close()
        tables.close(self._connection)

    def turn(
        self, seconds: float, *, share: float = 1.0, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        """Works for about so long, or until a pass is complete, and takes no more than its `share` of the time:
        after each piece it rests, though not beyond the end of the turn. Raises psycopg.OperationalError
        when the database is lost; make a new one then."""
        end = time.monotonic() + seconds
        while (begun := time.monotonic()) < end and not self.step():
            now = time.monotonic()
            sleep(max(0.0, min((now - begun) * (1 / share - 1), end - now)))

    def step(self) -> bool:
        """Does the next small piece; True when there is nothing more to do for now."""
        progress = self._progress or self._begin()
        if progress is None:
            return True
        match progress.part:
            case "record":
                self._walk(progress)
            case "books":
                self._look_at_book(progress)
            case _:
                self._end(progress)
                return True
        self._save(progress)
        return False

    def _begin(self) -> Progress | None:
        """The pass to go on with, or a new one; None while somebody else audits or there is nothing to audit."""
        if not tables.try_lock(self._connection, tables.AUDITING):
            return None
        if any(unmade(self._connection, self._projections)):
            return None
        row = self._connection.execute(SQL["exists"]).fetchone()
        if row is None or not row[0]:
            self._connection.execute(SQL["schema"])
        last = self._connection.execute(SQL["load"]).fetchone()
        if last is not None and last[3] == BOOKS:
            self._progress = Progress(*last)
        else:
            # The walk along the record is kept in memory alone, so a pass that had not left it begins anew.
            number = 1 if last is None else last[0] + (last[3] == REGISTERS)
            self._check = RecordCheck()
            self._progress = Progress(number, self._clock(), tables.position(self._connection))
        return self._progress

    def _walk(self, progress: Progress) -> None:
        self._report(progress, self._check.advance(self._connection, RANGE))
        if self._check.position > progress.position:
            progress.position = progress.facts = self._check.position
            return
        self._report(progress, self._check.finish(self._connection))
        progress.part = BOOKS

    def _look_at_book(self, progress: Progress) -> None:
        if self._book is None:
            row = self._connection.execute(SQL["next_book"], {"book_id": progress.book_id}).fetchone()
            if row is None:
                progress.part = REGISTERS
                return
            self._book = BookCheck(row[0], self._connection, self._derived, self._keys)
            progress.books += row[1]
        found = self._book.step()
        if found is not None:
            progress.book_id = self._book.book_id
            self._report(progress, found, self._book.book_id)
            self._book = None

    def _end(self, progress: Progress) -> None:
        self._report(progress, record_check.answers(self._connection))
        for table, owner in self._connection.execute(SQL["orphans"]):
            self._report(progress, [Mismatch(table, f"a row is of {owner}, which was never recorded")])
        self._save(progress)
        self._connection.execute(SQL["end"], msgspec.structs.asdict(progress))
        self._connection.execute(SQL["trim"])
        self._progress = None

    def _report(self, progress: Progress, found: Iterable[Mismatch], book_id: UUID | None = None) -> None:
        for mismatch in found:
            progress.mismatches += 1
            given = {"pass_": progress.pass_, "book_id": book_id, **mismatch._asdict()}
            self._connection.execute(SQL["report"], given)

    def _save(self, progress: Progress) -> None:
        self._connection.execute(SQL["save"], msgspec.structs.asdict(progress))


class Status(msgspec.Struct, frozen=True):
    """What the auditor publishes. `position` is that to which everything was verified by the last complete
    pass (0 before the first), `mismatches` what it found; the rest is about the pass under way."""

    position: int
    verified_at: datetime | None
    facts: int
    books: int
    mismatches: int
    under_way_since: datetime
    under_way_to: int
    under_way_part: str
    under_way_facts: int
    under_way_books: int
    under_way_mismatches: int


class Finding(msgspec.Struct, frozen=True):
    """One thing that was not as the record says."""

    found_at: datetime
    rule: str
    detail: str
    position: int | None


async def status(connection: psycopg.AsyncConnection[Any]) -> Status | None:
    """How far verification has come; None before it first began."""
    cursor = await connection.execute(SQL["exists"])
    row = await cursor.fetchone()
    if row is None or not row[0]:
        return None
    row = await (await connection.execute(SQL["status"])).fetchone()
    if row is None:
        return None
    _, position, ended_at, facts, books, mismatches, _, *under_way = row
    return Status(position or 0, ended_at, facts or 0, books or 0, mismatches or 0, *under_way)


async def findings(
    connection: psycopg.AsyncConnection[Any], book_id: UUID | None, limit: int = 20
) -> list[Finding]:
    """The newest mismatches that concern a book (or the record as a whole)."""
    cursor = await connection.execute(SQL["findings"], {"book_id": book_id, "limit": limit})
    return [Finding(*row) for row in await cursor.fetchall()]

"""Verification: everything derived is worked out again from the record and held against what is live."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import psycopg

from ledger.sealing import Keys
from projections import record_check, tables
from projections.all import ALL
from projections.calm import calm
from projections.derived import Derived, Mismatch
from projections.feed import Feed
from projections.filling import Progress
from projections.projection import Projection, Window
from projections.rebuild import silent
from projections.record_check import RecordCheck


class Verification(NamedTuple):
    """What was found. Read models were compared at `position`, registers at `head`."""

    position: int
    head: int
    seconds: float
    mismatches: tuple[Mismatch, ...]


def verify(
    url: str, keys: Keys, *, projections: Sequence[Projection] = ALL, progress: Progress = silent
) -> Verification:
    """Replays the whole record into temporary tables and compares read models and registers with them, both
    ways; walks the record itself; checks laws 1 to 6. The service may run meanwhile: what is compared is
    seen at one moment. Memory does not grow with the record; the temporary tables take disk space."""
    start = time.perf_counter()
    with (
        calm(),
        Derived(url, keys, projections) as derived,
        tables.connect(url, tables.LIVE, writing=False) as other,
    ):
        found = list(unmade(other, projections))
        if found:
            return Verification(0, 0, time.perf_counter() - start, tuple(found))
        position = 0
        try:
            for window in Feed(other, keys).windows(0, tables.position(other)):
                derived.apply(window)
                position = window.last
                progress(position, max(position, tables.position(derived.connection)))
            position, head = _compare(derived, Feed(derived.connection, keys), position, found)
        except psycopg.Error:
            raise
        except Exception as error:
            # A record that was tampered with may be impossible to decode, unseal or replay, in any way.
            detail = f"cannot be replayed after this position: {type(error).__name__}: {error}"
            found.append(Mismatch("the record", detail, position))
            head = position
        found.extend(_record(other))
        return Verification(position, head, time.perf_counter() - start, tuple(found))


def unmade(connection: tables.Connection, projections: Sequence[Projection]) -> Iterator[Mismatch]:
    """Read models that this code cannot be compared with."""
    made = tables.made(connection) if tables.exists(connection, tables.LIVE) else {}
    for projection in projections:
        if projection.name not in made:
            yield Mismatch(f"views.{projection.name}", "does not exist yet; start the projector")
        elif made[projection.name] != (projection.version, list(projection.tables)):
            yield Mismatch(f"views.{projection.name}", "was made by another version; start the projector")


def _compare(derived: Derived, feed: Feed, reached: int, found: list[Mismatch]) -> tuple[int, int]:
    """Compares at one snapshot; the positions of read models and registers in it."""
    with derived.snapshot():
        row = derived.connection.execute("SELECT position FROM views.tracking").fetchone()
        position = row[0] if row else 0
        for window in _rest(feed, reached, position):
            derived.apply(window)
        found.extend(derived.views())
        head = feed.head()
        for window in _rest(feed, position, head):
            derived.note(window)
        found.extend(derived.registers(everything=True))
        found.extend(derived.laws())
    return position, head


def _rest(feed: Feed, after: int, last: int) -> Iterator[Window]:
    while (window := feed.window(after, last)) is not None:
        yield window
        after = window.last


def _record(connection: tables.Connection) -> Iterator[Mismatch]:
    check, before = RecordCheck(), -1
    while check.position > before:
        before = check.position
        yield from check.advance(connection)
    yield from check.finish(connection)
    yield from record_check.answers(connection)

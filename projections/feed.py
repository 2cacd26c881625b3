"""The record as windows: in order, bounded by count and bytes, the next one prepared while one is applied."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from ledger.log import read_window
from ledger.sealing import Keys
from projections import sql
from projections.projection import Window
from projections.tables import Connection

SQL = sql.load(__file__)

MOST_FACTS = 5_000
MOST_BYTES = 8 << 20
# So few facts are never too many bytes, however large each is, and are read without asking for sizes.
_FEW = 200


class Feed:
    """Reads windows with a connection that nobody else uses meanwhile."""

    def __init__(
        self,
        connection: Connection,
        keys: Keys,
        *,
        most_facts: int = MOST_FACTS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._connection = connection
        self._keys = keys
        self._most_facts = most_facts
        self._most_bytes = most_bytes

    def head(self) -> int:
        """The position of the last fact; 0 for an empty record."""
        row = self._connection.execute(SQL["head"]).fetchone()
        return int(row[0]) if row else 0

    def window(self, after: int, last: int | None = None) -> Window | None:
        """The next facts past `after` (exclusive), up to `last` (inclusive); None if there are none."""
        furthest = after + self._most_facts
        last = furthest if last is None else min(last, furthest)
        if last - after > _FEW:
            last = self._bounded(after, last)
        if last <= after:
            return None
        facts = read_window(self._connection, after, last, self._keys)
        return Window(facts) if facts else None

    def _bounded(self, after: int, last: int) -> int:
        """The last position, `last` at most, with which a window past `after` is not too many bytes."""
        given = {"after": after, "last": last, "bytes": self._most_bytes}
        row = self._connection.execute(SQL["size"], given).fetchone()
        if row is None or row[1] is None:
            return after
        if row[0] > self._most_bytes:
            # Seldom; summing up fact by fact takes several times as long.
            row = self._connection.execute(SQL["bound"], given).fetchone()
            return int(row[0]) if row and row[0] is not None else after
        return int(row[1])

    def windows(self, after: int, last: int) -> Iterator[Window]:
        """All windows from `after` (exclusive) to `last` (inclusive).

        A second thread fetches, decodes and unseals the next one while the caller's thread has the database
        work on this one. Both cores are busy, and two windows are in memory.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="feed") as reading:
            coming: Future[Window | None] = reading.submit(self.window, after, last)
            while (window := coming.result()) is not None:
                coming = reading.submit(self.window, window.last, last)
                yield window

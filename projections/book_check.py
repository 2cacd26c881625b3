"""Holds one book's read models and registers against its facts, step by step: laws 1, 2 and 4."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import psycopg

from ledger.log import decode_rows
from ledger.sealing import Keys
from projections import sql, tables
from projections.derived import Derived, Mismatch
from projections.projection import Window

SQL = sql.load(__file__)

MOST_FACTS = 250
"""Facts of one step: some ten milliseconds of work."""


class BookCheck:
    """One book's turn: replayed step by step, and compared at the end."""

    def __init__(self, book_id: UUID, connection: tables.Connection, derived: Derived, keys: Keys) -> None:
        self.book_id = book_id
        self._connection = connection
        self._derived = derived
        self._keys = keys
        self._reached = 0
        derived.clear()

    def step(self) -> list[Mismatch] | None:
        """Replays some facts; once all are, compares, and returns what it found."""
        try:
            last, _ = self._positions(self._connection)
            if self._replay(self._connection, last) == MOST_FACTS:
                return None
            with self._derived.snapshot():
                return list(self._compare())
        except psycopg.Error:
            raise
        except Exception as error:
            # What was tampered with may be impossible to decode, unseal or replay, in any way.
            detail = f"cannot be replayed past this position: {type(error).__name__}: {error}"
            return [Mismatch("the record", detail, self._reached)]

    def _compare(self) -> Iterator[Mismatch]:
        connection = self._derived.connection
        position, head = self._positions(connection)
        while self._replay(connection, position):
            pass
        yield from self._derived.views(self.book_id)
        given = {"book_id": self.book_id, "after": position, "last": head}
        tail = connection.execute(SQL["tail"], given, binary=True).fetchall()
        if tail:
            self._derived.note(Window(decode_rows(tail, self._keys)))
        yield from self._derived.registers(everything=False)
        yield from self._derived.laws()

    def _replay(self, connection: tables.Connection, last: int) -> int:
        given = {"book_id": self.book_id, "after": self._reached, "last": last, "limit": MOST_FACTS}
        rows = connection.execute(SQL["page"], given, binary=True).fetchall()
        if rows:
            window = Window(decode_rows(rows, self._keys))
            self._derived.apply(window)
            self._reached = window.last
        return len(rows)

    def _positions(self, connection: tables.Connection) -> tuple[int, int]:
        [row] = connection.execute(SQL["positions"]).fetchall()
        return row[0], row[1]

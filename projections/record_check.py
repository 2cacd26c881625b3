"""Holds the record against itself, its seal and the audit trail, range by range: laws 3, 5 and 6."""

from __future__ import annotations

from collections.abc import Iterator

from psycopg.rows import tuple_row

from ledger.ids import NIL
from projections import sql
from projections.derived import Mismatch
from projections.seal_check import SealCheck
from projections.tables import Connection

SQL = sql.load(__file__)

_ANSWERS = 5_000


class RecordCheck:
    """One walk from the first fact to the last that the read models contain; every step is bounded."""

    def __init__(self) -> None:
        self._seal = SealCheck()

    @property
    def position(self) -> int:
        """How far the walk has come."""
        return self._seal.position

    def advance(self, connection: Connection, facts: int = 5_000) -> list[Mismatch]:
        """Checks the next range. Empty, with `position` unmoved, at the end."""
        after = self.position
        found = [
            Mismatch("law 6: what was sealed is what is recorded", "differs from its sealed hash", position)
            for position in self._seal.advance(connection, facts)
        ]
        given = {"after": after, "last": self.position}
        if self.position == after:
            return []
        with connection.cursor(row_factory=tuple_row) as cursor:
            for position, what in cursor.execute(SQL["positions"], given).fetchall():
                found.append(Mismatch("law 3: no gaps, positions rise", what, position))
            for position, command_id in cursor.execute(SQL["commands"], given).fetchall():
                detail = f"command {command_id} had an effect before"
                found.append(Mismatch("law 5: one key, one effect", detail, position))
            for (position,) in cursor.execute(SQL["trail"], given).fetchall():
                found.append(Mismatch("views.audit", "is not told as it was recorded", position))
        return found

    def finish(self, connection: Connection) -> Iterator[Mismatch]:
        """What can be said only at the end of the walk: the root of the tree, and the end of the record."""
        if not self._seal.root_holds(connection):
            detail = "the tree's root is not that of the recorded bytes"
            yield Mismatch("law 6: what was sealed is what is recorded", detail, self.position)
        row = connection.execute(SQL["head"]).fetchone()
        if row is None or (row[2] and row[:2] != row[2:]) or row[0] != row[2]:
            yield Mismatch("law 3: no gaps, positions rise", f"the head of the record is wrong: {row}")


def answers(connection: Connection) -> Iterator[Mismatch]:
    """Remembered commands that did not do what is remembered of them."""
    head = connection.execute("SELECT position FROM record.head").fetchone()
    after = NIL
    while True:
        end = connection.execute(SQL["answers_end"], {"after": after, "limit": _ANSWERS}).fetchone()
        if end is None:
            return
        given = {"after": after, "last": end[0], "head": head[0] if head else 0}
        for command_id, first, last in connection.execute(SQL["answers"], given):
            detail = (
                f"command {command_id} is remembered with the facts {first} to {last}, which are not its own"
            )
            yield Mismatch("registers.commands", detail, first)
        after = end[0]

"""Walks the record in slices and holds its bytes against the seal, down to the position that differs."""

from typing import Any

import psycopg
from psycopg.rows import tuple_row

from ledger.leaf import leaf
from projections import merkle, sql
from projections.frontier import Frontier
from projections.merkle import HASH, WIDTH, Tile
from projections.seal import ask, root, sealed_size, tiles

SQL = sql.load(__file__)


class SealCheck:
    """One walk from the first fact on; `position` is how far it has come.

    It recomputes everything from the stored bytes. What it cannot see is a record and a seal changed alike:
    that shows against a checkpoint that somebody kept.
    """

    def __init__(self) -> None:
        self._frontier = Frontier()

    @property
    def position(self) -> int:
        return self._frontier.size

    def advance(self, connection: psycopg.Connection[Any], facts: int = 5_000) -> list[int]:
        """Checks up to `facts` more of those that are sealed; the positions whose bytes are not as sealed.

        A fact that is missing from the record counts as different. Empty, with `position` unmoved, at the
        end.
        """
        after = self.position
        last = min(after + facts, ask(connection, sealed_size()))
        if last <= after:
            return []
        found = _leaf_hashes(connection, after, last)
        numbers = range(after // WIDTH, (last - 1) // WIDTH + 1)
        sealed = ask(connection, tiles([Tile(0, number) for number in numbers]))
        different = []
        for index in range(after, last):
            content = sealed.get(Tile(0, index // WIDTH), b"")
            at = index % WIDTH * HASH
            if found.get(index + 1) != content[at : at + HASH]:
                different.append(index + 1)
        missing = merkle.leaf_hash(b"")
        self._frontier.append([found.get(position, missing) for position in range(after + 1, last + 1)])
        return different

    def root_holds(self, connection: psycopg.Connection[Any]) -> bool:
        """Whether the tiles give the root that the walk has recomputed, at its size."""
        return ask(connection, root(self.position)) == self._frontier.root()


def _leaf_hashes(connection: psycopg.Connection[Any], after: int, last: int) -> dict[int, bytes]:
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(SQL["facts"], {"after": after, "last": last}, binary=True)
        return {row[0]: merkle.leaf_hash(leaf(*row)) for row in cursor}

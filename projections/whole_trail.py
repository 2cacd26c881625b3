"""The trail of all books together, for auditors: sealed text stays sealed where nobody allowed it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import psycopg

from ledger.log import decode_rows
from ledger.record import Recorded
from ledger.sealing import DataKey, Keys
from projections import sql
from projections.trail import Filter

SQL = sql.load(__file__)

SCANNED = 20_000
"""Positions that are looked at in one go: a rare topic must not take minutes."""


class Granted:
    """The keys of some books alone; to whoever has these, all other text is gone. Implements ledger.sealing.Keys."""

    def __init__(self, keys: Keys, books: Collection[UUID]) -> None:
        self._keys = keys
        self._books = frozenset(books)

    def of(self, subject_id: UUID) -> DataKey | None:
        return self._keys.of(subject_id) if subject_id in self._books else None

    def fingerprint(self, text: str) -> bytes:
        return self._keys.fingerprint(text)


Rows = list[tuple[Any, ...]]


async def whole_log(
    connection: psycopg.AsyncConnection[Any], book_id: UUID | None, wanted: Filter, limit: int
) -> Rows:
    """The stored facts of all books, or of one, that pass the filter, newest first; their text sealed."""
    given = {"book_id": book_id, "limit": limit, **wanted._asdict()}
    cursor = await connection.execute(SQL["log"], given, binary=True)
    return await cursor.fetchall()


def books_in(rows: Rows) -> list[UUID]:
    """The books that stored facts belong to, or the people, each once."""
    return list(dict.fromkeys(row[4] for row in rows))


def opened(rows: Rows, keys: Keys) -> list[Recorded]:
    """Stored facts, with the text that the keys open."""
    return decode_rows(rows, keys)

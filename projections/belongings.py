"""Everything that belongs to a person, page by page: the facts of their books."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import psycopg

from ledger.log import Row
from projections import sql

SQL = sql.load(__file__)

Connection = psycopg.AsyncConnection[Any]


async def count(connection: Connection, books: Collection[UUID], last: int) -> int:
    """How many facts there are in the books up to the position `last` (inclusive)."""
    row = await (await connection.execute(SQL["count"], {"books": list(books), "last": last})).fetchone()
    return int(row[0]) if row else 0


async def facts(connection: Connection, book_id: UUID, after: int, last: int, limit: int) -> list[Row]:
    """The stored facts of a book past `after` (exclusive) up to `last` (inclusive), to be decoded with its key."""
    cursor = connection.cursor(binary=True)
    given = {"book_id": book_id, "after": after, "last": last, "limit": limit}
    await cursor.execute(SQL["facts"], given)
    return await cursor.fetchall()

"""Books and who belongs to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import psycopg

from ledger.books.book import Book, evolve
from ledger.books.events import BookOpened
from ledger.privacy.events import BookErased
from projections import sql
from projections.copying import clean, copy, replace
from projections.projection import Cursor, Window

SQL = sql.load(__file__)

_KEYS = {"book_id": "uuid"}
_COLUMNS = _KEYS | {
    "owner_id": "uuid",
    "currency": "text",
    "time_zone": "text",
    "name": "text",
    "version": "int8",
    "opened_at": "timestamptz",
    "changed_at": "timestamptz",
}
_MEMBERS = {"book_id": "uuid", "user_id": "uuid", "role": "text"}


class BookView(msgspec.Struct, frozen=True):
    """A book as its members see it; `version` is the number of its facts, `role` the asking member's."""

    book_id: UUID
    owner_id: UUID
    currency: str
    time_zone: str
    name: str
    version: int
    opened_at: datetime
    changed_at: datetime
    role: str


class Books:
    """The projection that keeps `books` and `members`."""

    name = "books"
    version = 1
    tables: tuple[str, ...] = ("books", "members")
    schema: LiteralString = SQL["schema"]
    indexes: LiteralString = SQL["indexes"]
    pipelined = False
    worded = True
    erase: tuple[LiteralString, ...] = (SQL["erase"],)

    def apply(self, window: Window, cursor: Cursor) -> None:
        facts = window.by_noun.get("book", ())
        if not facts:
            return
        known = _load(cursor, [f.stream_id for f in facts if not isinstance(f.fact, BookOpened)])
        members = []
        for f in facts:
            before, _, opened_at = known.get(f.stream_id, (None, 0, f.recorded_at))
            book = evolve(before, f.fact, f.stream_id, f.book_id)
            known[f.stream_id] = book, f.version, opened_at
            if before is None:
                members.append((f.stream_id, book.owner_id, "owner"))
        gone = [f.stream_id for f in facts if isinstance(f.fact, BookErased)]
        changed = {f.stream_id: f.recorded_at for f in facts}
        rows = [_row(*known[book_id], changed_at) for book_id, changed_at in changed.items()]
        replace(cursor, "books", _KEYS, _COLUMNS, rows)
        copy(cursor, "members", _MEMBERS, members)
        if gone:
            cursor.execute(SQL["nobody"], {"books": gone})


async def book(connection: psycopg.AsyncConnection[Any], user_id: UUID, book_id: UUID) -> BookView | None:
    """The book, if the user belongs to it."""
    cursor = await connection.execute(SQL["one"], {"user_id": user_id, "book_id": book_id})
    row = await cursor.fetchone()
    return BookView(*row) if row else None


async def books_of(connection: psycopg.AsyncConnection[Any], user_id: UUID) -> list[BookView]:
    """All books that the user belongs to, the oldest first."""
    cursor = await connection.execute(SQL["of_user"], {"user_id": user_id})
    return [BookView(*row) for row in await cursor.fetchall()]


async def share_a_book(connection: psycopg.AsyncConnection[Any], one: UUID, other: UUID) -> bool:
    """Whether two people belong to one and the same book."""
    cursor = await connection.execute(SQL["share_a_book"], {"one": one, "other": other})
    return await cursor.fetchone() is not None


def _load(cursor: Cursor, ids: list[UUID]) -> dict[UUID, tuple[Book, int, datetime]]:
    if not ids:
        return {}
    return {
        row[0]: (
            Book(book_id=row[0], owner_id=row[1], currency=row[2], time_zone=row[3], text={"name": row[4]}),
            row[5],
            row[6],
        )
        for row in cursor.execute(SQL["load"], {"books": ids})
    }


def _row(book: Book, version: int, opened_at: datetime, changed_at: datetime) -> tuple[Any, ...]:
    name = clean(book.text.get("name", ""))
    return (
        book.book_id,
        book.owner_id,
        book.currency,
        book.time_zone,
        name,
        version,
        opened_at,
        changed_at,
    )

"""Books and who belongs to them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import psycopg

from ledger.books.book import Book, evolve
from ledger.books.events import BookOpened
from ledger.books.roles import Role
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
_MEMBERS = {"book_id": "uuid", "user_id": "uuid", "role": "text", "joined_at": "timestamptz"}

_Known = tuple[Book, int, datetime, dict[UUID, datetime]]
"""A book, its version, when it was opened, and when each of its members came."""


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


class MemberView(msgspec.Struct, frozen=True):
    """Somebody who belongs to a book, since `joined_at`."""

    user_id: UUID
    role: Role
    joined_at: datetime


class Books:
    """The projection that keeps `books` and `members`."""

    name = "books"
    version = 2
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
        peopled = set()
        for f in facts:
            before, _, opened_at, came = known.get(f.stream_id, (None, 0, f.recorded_at, {}))
            book = evolve(before, f.fact, f.stream_id, f.book_id)
            if before is None or before.members != book.members:
                peopled.add(f.stream_id)
                came = {user_id: came.get(user_id, f.recorded_at) for user_id in book.members}
            known[f.stream_id] = book, f.version, opened_at, came
        changed = {f.stream_id: f.recorded_at for f in facts}
        rows = [_row(*known[book_id][:3], changed_at) for book_id, changed_at in changed.items()]
        replace(cursor, "books", _KEYS, _COLUMNS, rows)
        members = [row for book_id in peopled for row in _members(known[book_id][0], known[book_id][3])]
        cursor.execute(SQL["clear"], {"books": list(peopled)})
        copy(cursor, "members", _MEMBERS, members)


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


async def members_of(connection: psycopg.AsyncConnection[Any], book_id: UUID) -> list[MemberView]:
    """Who belongs to a book, the first to come first."""
    cursor = await connection.execute(SQL["members"], {"book_id": book_id})
    return [MemberView(*row) for row in await cursor.fetchall()]


def _load(cursor: Cursor, ids: list[UUID]) -> dict[UUID, _Known]:
    if not ids:
        return {}
    roles: dict[UUID, dict[UUID, Role]] = {}
    came: dict[UUID, dict[UUID, datetime]] = {}
    for book_id, user_id, role, joined_at in cursor.execute(SQL["load_members"], {"books": ids}):
        roles.setdefault(book_id, {})[user_id] = role
        came.setdefault(book_id, {})[user_id] = joined_at
    return {
        row[0]: (
            Book(
                book_id=row[0],
                owner_id=row[1],
                currency=row[2],
                time_zone=row[3],
                text={"name": row[4]},
                members=roles.get(row[0], {}),
            ),
            row[5],
            row[6],
            came.get(row[0], {}),
        )
        for row in cursor.execute(SQL["load"], {"books": ids})
    }


def _members(book: Book, came: dict[UUID, datetime]) -> Iterator[tuple[Any, ...]]:
    for user_id, role in book.members.items():
        yield book.book_id, user_id, role, came[user_id]


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

"""The facts that are about somebody's own security: what was done to their account, sessions, API keys and places in
books."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, LiteralString
from uuid import UUID

import psycopg

from ledger.books.events import (
    BookAuditorGranted,
    BookAuditorWithdrawn,
    BookMemberJoined,
    BookMemberLeft,
    BookMemberRemoved,
    BookMemberRoleChanged,
    BookOwnerChanged,
)
from ledger.log import decode_rows
from ledger.record import Recorded
from ledger.sealing import Keys
from ledger.sessions.events import SessionRefreshed
from projections import sql
from projections.copying import copy
from projections.projection import Cursor, Window
from projections.trail import Filter

SQL = sql.load(__file__)

Connection = psycopg.AsyncConnection[Any]
_COLUMNS = {"book_id": "uuid", "position": "int8", "user_id": "uuid"}
_NOUNS = ("user", "session", "key", "book", "invitation")
_MEMBER = BookMemberJoined | BookMemberLeft | BookMemberRemoved | BookMemberRoleChanged


class Security:
    """The projection that keeps `security`."""

    name = "security"
    version = 1
    tables: tuple[str, ...] = ("security",)
    schema: LiteralString = SQL["schema"]
    indexes: LiteralString = SQL["indexes"]
    pipelined = False
    worded = False
    erase: tuple[LiteralString, ...] = ()

    def apply(self, window: Window, cursor: Cursor) -> None:
        rows = [
            (recorded.book_id, recorded.position, user_id)
            for noun in _NOUNS
            for recorded in window.by_noun.get(noun, ())
            for user_id in sorted(set(concerned(recorded)))
        ]
        if rows:
            copy(cursor, "security", _COLUMNS, rows)


def concerned(recorded: Recorded) -> Iterator[UUID]:
    """Whom a fact concerns. That a session goes on is no news."""
    fact = recorded.fact
    match recorded.topic.split(".", 1)[0]:
        case "user":
            yield recorded.stream_id
        case "key":
            yield recorded.book_id
        case "session" if not isinstance(fact, SessionRefreshed):
            yield recorded.book_id
        case "invitation":
            yield recorded.actor_id
        case _ if isinstance(fact, _MEMBER):
            yield fact.user_id
            yield recorded.actor_id
        case _ if isinstance(fact, BookOwnerChanged):
            yield fact.owner_id
            yield fact.previous_id
        case _ if isinstance(fact, BookAuditorGranted | BookAuditorWithdrawn):
            yield fact.auditor_id
            yield recorded.actor_id
        case _:
            pass


async def security_log(
    connection: Connection, keys: Keys, user_id: UUID, wanted: Filter, limit: int
) -> list[Recorded]:
    """The facts that concern a person and pass the filter, newest first."""
    given = {"user_id": user_id, "limit": limit, **wanted._asdict()}
    cursor = await connection.execute(SQL["log"], given, binary=True)
    return decode_rows(await cursor.fetchall(), keys)


async def beginnings(connection: Connection, keys: Keys, stream_ids: Collection[UUID]) -> list[Recorded]:
    """The first facts of some streams."""
    cursor = await connection.execute(SQL["beginnings"], {"stream_ids": list(stream_ids)}, binary=True)
    return decode_rows(await cursor.fetchall(), keys)

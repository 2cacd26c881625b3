"""Asking the audit trail: who did what and when, what it was before, and what came after a position."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import psycopg

from ledger.log import decode_rows
from ledger.record import Recorded
from ledger.sealing import Keys
from projections import sql

SQL = sql.load(__file__)

Connection = psycopg.AsyncConnection[Any]
FAR = 2**63 - 1


class Filter(NamedTuple):
    """What a look at the trail is narrowed down to; `after` and `before` are positions, both exclusive."""

    after: int = 0
    before: int = FAR
    actor_id: UUID | None = None
    command: str | None = None
    command_id: UUID | None = None
    topic: str | None = None
    stream_id: UUID | None = None


class Commanded(NamedTuple):
    """A command as the trail knows it: its facts are at the positions `first` to `last` (both inclusive)."""

    command: str
    actor_id: UUID
    recorded_at: datetime
    first: int
    last: int
    facts: int


async def log(
    connection: Connection, keys: Keys, book_id: UUID, wanted: Filter, limit: int
) -> list[Recorded]:
    """The facts of a book that pass the filter, newest first."""
    statement: LiteralString = SQL["log"] if wanted.stream_id is None else SQL["log_of_stream"]
    return await _facts(connection, keys, statement, {"book_id": book_id, "limit": limit, **wanted._asdict()})


async def changes(
    connection: Connection, keys: Keys, book_id: UUID, after: int, limit: int
) -> list[Recorded]:
    """The facts of a book past the position `after`, oldest first."""
    given = {"book_id": book_id, "after": after, "limit": limit}
    return await _facts(connection, keys, SQL["changes"], given)


async def streams(
    connection: Connection, keys: Keys, stream_ids: Collection[UUID], last: int
) -> list[Recorded]:
    """All facts of some streams up to the position `last` (inclusive), each stream's in order."""
    return await _facts(connection, keys, SQL["streams"], {"stream_ids": list(stream_ids), "last": last})


async def command(connection: Connection, book_id: UUID, command_id: UUID) -> Commanded | None:
    """What a command of the book did; None if there is no such command, or it changed nothing."""
    cursor = await connection.execute(
        SQL["command"], {"book_id": book_id, "command_id": command_id}, binary=True
    )
    row = await cursor.fetchone()
    return Commanded(*row) if row else None


async def _facts(
    connection: Connection, keys: Keys, statement: LiteralString, given: dict[str, Any]
) -> list[Recorded]:
    cursor = await connection.execute(statement, given, binary=True)
    return decode_rows(await cursor.fetchall(), keys)

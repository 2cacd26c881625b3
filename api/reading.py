"""Reading: bodies and queries into models, entities from their streams, projections once they are fresh."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg.pq import TransactionStatus
from pydantic import ValidationError
from starlette.requests import Request

from api.fields import Body, Query
from api.principal import Principal
from api.problems import InvalidRequest, UnsupportedMedia, invalid
from api.services import context, services
from api.veiling import sharing, veiling
from ledger.command import Outcome
from ledger.entities import fold
from ledger.log import COLUMNS, decode_rows
from ledger.record import Recorded
from ledger.refusals import TryAgain, Unknown
from projections import tables

B = TypeVar("B", bound=Body)
Q = TypeVar("Q", bound=Query)
E = TypeVar("E")
Connection = psycopg.AsyncConnection[Any]

_STREAM = f"SELECT {COLUMNS} FROM record.stored_events WHERE originator_id = %s ORDER BY originator_version"  # noqa: S608
_HEAD = "SELECT position FROM record.head"
_PROGRESS = "SELECT (SELECT position FROM record.head), (SELECT position FROM views.tracking), false"
_OF_SHARED = """
    SELECT (SELECT position FROM record.head), (SELECT position FROM views.tracking),
           EXISTS (SELECT FROM registers.claims
                    WHERE scope = %s AND kind = 'private' AND substr(digest, 17) <> %s)
"""


class NotFresh(TryAgain):
    """The projections have not caught up in time; nothing stale is answered unless you ask for it."""


async def read_body(request: Request, model: type[B]) -> B:
    """The JSON body as `model`. Raises BrokenBody, InvalidRequest, UnsupportedMedia, BodyTooLarge."""
    media = context(request).headers.get(b"content-type", b"application/json")
    if b"json" not in media.lower():
        raise UnsupportedMedia("Send the body with Content-Type: application/json.")
    try:
        return model.model_validate_json(await request.body() or b"{}")
    except ValidationError as error:
        raise invalid(error) from None


def read_query(request: Request, model: type[Q]) -> Q:
    """The query string as `model`; a parameter that is given twice is refused. Raises InvalidRequest."""
    given = request.query_params.multi_items()
    values = dict(given)
    if len(values) != len(given):
        raise InvalidRequest("A query parameter is given twice.")
    if any("\x00" in value for value in values.values()):
        raise InvalidRequest("Control characters are not allowed in the query.")
    try:
        return model.model_validate_strings(values)
    except ValidationError as error:
        raise invalid(error) from None


def path_id(request: Request, name: str, refusal: type[Unknown] = Unknown) -> UUID:
    """The id in the path; text that is no id names nothing. Raises `refusal`."""
    try:
        return UUID(request.path_params[name])
    except ValueError:
        raise refusal("There is no such thing in this book.") from None


async def stream(request: Request, stream_id: UUID, kind: type[E]) -> E | None:
    """The entity of a stream as it stands in the record; None if there is none of that kind."""
    return (await stream_with_version(request, stream_id, kind))[0]


async def stream_with_version(request: Request, stream_id: UUID, kind: type[E]) -> tuple[E | None, int]:
    """As `stream`, with the version of the stream; (None, 0) for none."""
    facts = await facts_of(request, stream_id)
    entity = fold(facts)
    return (entity, len(facts)) if isinstance(entity, kind) else (None, 0)


async def left_by(request: Request, outcome: Outcome, stream_id: UUID, kind: type[E]) -> tuple[E | None, int]:
    """The entity as a command left it (or, in a dry run, would leave it), whatever came later."""
    facts = await facts_of(request, stream_id)
    led_to = [recorded for recorded in outcome.facts if recorded.stream_id == stream_id]
    if led_to:
        facts = [*facts[: led_to[0].version - 1], *led_to]
    entity = fold(facts)
    return (entity, len(facts)) if isinstance(entity, kind) else (None, 0)


async def facts_of(request: Request, stream_id: UUID) -> list[Recorded]:
    """The facts of a stream in order; none for an id that is not known."""
    known = services(request)
    async with known.pool.connection() as connection:
        cursor = connection.cursor(binary=True)
        await cursor.execute(_STREAM, (stream_id,))
        return decode_rows(await cursor.fetchall(), known.vault)


@asynccontextmanager
async def fresh(request: Request) -> AsyncIterator[Connection]:
    """A connection whose projections contain all that was recorded when the request arrived, and nothing that is
    private to others.

    `Numina-Consistency: eventual` takes them as they are. Raises NotFresh when they do not catch up in time.
    """
    found = context(request)
    known = found.services
    eventual = found.headers.get(b"numina-consistency") == b"eventual"
    until = monotonic() + known.patience
    wanted = None
    while True:
        async with known.pool.connection() as connection:
            recorded, projected, private = await progress(connection, sharing(found))
            if wanted is None:
                wanted = 0 if eventual else recorded
            # Only this connection tells: what was heard of earlier may be from before the server crashed, and
            # such a crash loses the last windows of the projections, though never a fact.
            if projected >= wanted:
                found.position = projected
                async with veiling(found, connection, private) as found.veil:
                    yield connection
                return
        # Waiting must not hold a connection that somebody else could work with.
        left = until - monotonic()
        if left <= 0 or not await known.freshness.reach(wanted, left):
            raise NotFresh(
                f"The read models are at {projected} of {wanted}. Try again, or send "
                "`Numina-Consistency: eventual` to read them as they are.",
                retry_after=1,
            )


@asynccontextmanager
async def one_moment(request: Request) -> AsyncIterator[Connection]:
    """As `fresh`, for an answer that takes several statements: all of them see the same moment."""
    async with fresh(request) as connection:
        try:
            # What is read without something private to others is one moment already.
            if connection.info.transaction_status == TransactionStatus.IDLE:
                await tables.keep(connection)
            yield connection
        finally:
            await connection.rollback()


async def progress(connection: Connection, who: Principal | None = None) -> tuple[int, int, bool]:
    """The position of the last fact that is recorded, and of the last that is projected, 0 for none; and whether
    anything in the book that `who` asks about is private to somebody else."""
    try:
        if who is None:
            cursor = await connection.execute(_PROGRESS)
        else:
            cursor = await connection.execute(_OF_SHARED, (who.book_id, who.user_id.bytes))
        row = await cursor.fetchone()
    except psycopg.errors.UndefinedTable:
        # Before the first projector has run there are no read models.
        return await head(connection), 0, False
    return (int(row[0] or 0), int(row[1] or 0), row[2]) if row else (0, 0, False)


async def head(connection: Connection) -> int:
    """The position of the last fact that is recorded, projected or not."""
    row = await (await connection.execute(_HEAD)).fetchone()
    return int(row[0]) if row else 0

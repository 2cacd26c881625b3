"""Following along: what was recorded in a book past a position, asked for or streamed."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.authorising import admit
from api.describe import operation, router
from api.fields import Query
from api.permissions import PERMISSIONS
from api.principal import Principal, principal
from api.problems import InvalidRequest
from api.reading import fresh, head, read_query
from api.responses import answer, encoded
from api.services import context, services
from api.snapshots import data
from api.veiling import veiling
from api.visibility import sight_of
from api.visible_facts import Reader
from ledger.record import Recorded
from ledger.refusals import Refusal, TryAgain
from projections.trail import FAR, changes

routes = router("Changes")

HEARTBEAT_SECONDS = 15
# How often it is looked whether who follows may go on.
CHECK_SECONDS = 2
STREAM_PAGE = 500


class ChangesQuery(Query):
    """From where on, and how many."""

    after: Annotated[
        int, Field(ge=0, lt=FAR, description="The position up to which you know everything.")
    ] = 0
    limit: Annotated[int, Field(ge=1, le=1_000, description="How many items at most.")] = 200


class StreamQuery(Query):
    """From where on; the header Last-Event-ID goes before it."""

    after: Annotated[
        int | None,
        Field(ge=0, lt=FAR, description="The position up to which you know everything; else the present."),
    ] = None


class Change(TypedDict):
    """A fact: what became true of the thing `id`, its version since; `data` holds the fact's own fields."""

    position: int
    type: str
    topic: str
    id: UUID
    version: int
    recorded_at: dt.datetime
    actor_id: UUID
    command_id: UUID
    command: str
    data: dict[str, Any]


class Changes(TypedDict):
    """Changes in order. Ask again with `after` = `next`; `more` says that there is more by now."""

    items: list[Change]
    next: int
    more: bool


CHANGE_EXAMPLE = {
    "position": 1204,
    "type": "account",
    "topic": "account.renamed",
    "id": "019a9d3e-8b20-7d11-9a01-5c2f4e6a7b80",
    "version": 2,
    "recorded_at": "2026-03-01T12:00:00Z",
    "actor_id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4d",
    "command_id": "019a9d3f-1c00-7b11-8c22-aa31bd0c9e11",
    "command": "account.amend",
    "data": {"text": {"name": "Joint checking"}},
}


@routes.get(
    "/changes",
    **operation(
        "Read what changed past a position",
        query=ChangesQuery,
        answer=Changes,
        answer_example={"items": [CHANGE_EXAMPLE], "next": 1204, "more": False},
        refusals=(422,),
    ),
)
async def read(request: Request) -> Response:
    who = principal(request)
    query = read_query(request, ChangesQuery)
    keys = services(request).vault
    async with fresh(request) as connection:
        reader = Reader(connection, keys, who.book_id, sight_of(who, context(request).veil))

        async def ask(past: int | None, limit: int) -> list[Recorded]:
            after = query.after if past is None else past
            return await changes(connection, keys, who.book_id, after, limit)

        found = await reader.page(ask, query.limit + 1)
    items, more = found[: query.limit], len(found) > query.limit
    last = items[-1].position if items else query.after
    if not more and context(request).veil is not None:
        # What is left out at the end need not be looked at again.
        last = max(last, context(request).position)
    return answer(Changes(items=[change(recorded) for recorded in items], next=last, more=more))


@routes.get(
    "/stream",
    **operation(
        "Follow what changes (server-sent events)",
        query=StreamQuery,
        media="text/event-stream",
        answer_example="id: 1204\nevent: account.renamed\ndata: {}\n\n",
        refusals=(422,),
    ),
)
async def stream(request: Request) -> Response:
    """The `id` of an event is its position, so that Last-Event-ID resumes where the connection broke. The
    stream ends when the access token does, or the session, or one's place in the book."""
    who = principal(request)
    query = read_query(request, StreamQuery)
    after = _last_event_id(request)
    if after is None:
        after = query.after
    if after is None:
        async with services(request).pool.connection() as connection:
            after = await head(connection)
    return EventSourceResponse(_events(request, who, after), ping=HEARTBEAT_SECONDS)


def change(recorded: Recorded) -> Change:
    """A fact as clients that follow along get it."""
    return Change(
        position=recorded.position,
        type=recorded.topic.split(".", 1)[0],
        topic=recorded.topic,
        id=recorded.stream_id,
        version=recorded.version,
        recorded_at=recorded.recorded_at,
        actor_id=recorded.actor_id,
        command_id=recorded.command_id,
        command=recorded.command,
        data=dict(data(recorded.fact)),
    )


async def _events(request: Request, who: Principal, after: int) -> AsyncIterator[ServerSentEvent]:
    known = services(request)
    while await _may_go_on(request, who):
        if not await known.freshness.reach(after + 1, CHECK_SECONDS):
            continue
        reached = known.freshness.position
        async with known.pool.connection() as connection, veiling(context(request), connection) as veil:
            found = await changes(connection, known.vault, who.book_id, after, STREAM_PAGE)
            reader = Reader(connection, known.vault, who.book_id, sight_of(who, veil))
            shown = await reader.visible(found)
        for recorded in shown:
            yield ServerSentEvent(
                encoded(change(recorded)).decode(), id=str(recorded.position), event=recorded.topic
            )
        if len(found) == STREAM_PAGE:
            after = found[-1].position
            continue
        after = max(reached, found[-1].position if found else after)


async def _may_go_on(request: Request, who: Principal) -> bool:
    """Whether who began to follow would still be let in: signed in, and a member of the book."""
    try:
        await admit(request, PERMISSIONS["GET /v1/stream"])
    except (Refusal, TryAgain):
        return False
    return principal(request).book_id == who.book_id


def _last_event_id(request: Request) -> int | None:
    given = context(request).headers.get(b"last-event-id")
    if given is None:
        return None
    if not given.isdigit() or len(given) > 18:
        raise InvalidRequest(
            "Last-Event-ID must be the id of an event of this stream.", field="Last-Event-ID"
        )
    return int(given)

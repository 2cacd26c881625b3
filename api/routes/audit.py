"""The audit trail: what happened, who did it, and the proof."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.actors import Actor, name_of
from api.authorising import NotPermitted
from api.describe import operation, router
from api.fields import Id, Instant
from api.paging import Page, cursor, link, position
from api.principal import principal
from api.reading import Connection, fresh, read_query, stream
from api.responses import answer
from api.security_trail import security_page, told
from api.services import context, services
from api.snapshots import Snapshot, before_and_after
from api.visibility import Sight, sight_of
from api.visible_facts import Reader
from ledger.entities import fold
from ledger.identity.user import User
from ledger.record import Recorded
from projections.instants import position_at
from projections.trail import FAR, Filter, log, streams

routes = router("Audit")

Named = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}\.[a-z_]{1,40}(/[0-9]{1,3})?$")]


class LogQuery(Page):
    """Which facts; all conditions must hold."""

    from_: Annotated[Instant | None, Field(alias="from", description="Recorded at or after.")] = None
    to: Annotated[Instant | None, Field(description="Recorded at or before.")] = None
    actor_id: Id | None = None
    command: Annotated[Named | None, Field(description="The kind of command, such as transaction.post.")] = (
        None
    )
    command_id: Id | None = None
    topic: Annotated[Named | None, Field(description="The kind of fact, such as account.renamed.")] = None
    kind: Annotated[
        Literal["security"] | None,
        Field(
            description="`security`: what was done to your own account, sessions, API keys and places in books."
        ),
    ] = None
    entity_id: Annotated[Id | None, Field(description="The account, transaction ... that it is about.")] = (
        None
    )


class Entity(TypedDict):
    """What a fact is about, at the version that it made."""

    type: str
    id: UUID
    version: int


class Entry(TypedDict):
    """One fact of the trail: the entity as it stood before and after. `proof` is where its evidence is. Of the kind
    `security`, `after` is what the fact itself says, and `device` (or the API key) and `address` (of the network) say
    where it came from."""

    position: int
    recorded_at: dt.datetime
    actor: Actor
    command: str
    command_id: UUID
    topic: str
    entity: Entity
    before: Snapshot | None
    after: Snapshot | None
    device: str | None
    address: str | None
    proof: str


class Entries(TypedDict):
    """Facts, newest first."""

    items: list[Entry]
    next_cursor: str | None


_ENTRY: dict[str, Any] = {
    "position": 1204,
    "recorded_at": "2026-03-01T12:00:00Z",
    "actor": {"id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4d", "name": "Ada"},
    "command": "account.amend",
    "command_id": "019a9d3f-1c00-7b11-8c22-aa31bd0c9e11",
    "topic": "account.renamed",
    "entity": {"type": "account", "id": "019a9d3e-8b20-7d11-9a01-5c2f4e6a7b80", "version": 2},
    "before": {"name": "Checking"},
    "after": {"name": "Joint checking"},
    "device": None,
    "address": None,
    "proof": "/v1/audit/proofs/1204",
}


@routes.get(
    "/audit/logs",
    **operation(
        "Read the audit trail",
        query=LogQuery,
        answer=Entries,
        answer_example={"items": [_ENTRY], "next_cursor": None},
        refusals=(422,),
    ),
)
async def logs(request: Request) -> Response:
    """No API key reads the kind `security`."""
    who = principal(request)
    query = read_query(request, LogQuery)
    if query.kind is not None and who.key_id is not None:
        raise NotPermitted("No API key reads this. Sign in.")
    after = position(request, query.cursor)
    keys = services(request).vault
    async with fresh(request) as connection:
        wanted = await _filter(connection, query, after[0] if after else FAR)
        if query.kind is not None:
            return await _security(request, connection, wanted, query.limit)
        reader = Reader(connection, keys, who.book_id, seen := sight_of(who, context(request).veil))

        async def ask(past: int | None, limit: int) -> list[Recorded]:
            further = wanted if past is None else wanted._replace(before=past)
            return await log(connection, keys, who.book_id, further, limit)

        found = await reader.page(ask, query.limit + 1)
        shown = found[: query.limit]
        needed = {r.stream_id for r in shown} | {r.actor_id for r in shown}
        histories = await streams(connection, keys, needed, shown[0].position) if shown else []
    following = cursor(request, [shown[-1].position]) if len(found) > query.limit else None
    return answer(
        Entries(items=_entries(shown, histories, seen), next_cursor=following),
        headers=link(request, following),
    )


async def _filter(connection: Connection, query: LogQuery, before: int) -> Filter:
    wanted = Filter(
        before=before,
        actor_id=query.actor_id,
        command=query.command,
        command_id=query.command_id,
        topic=query.topic,
        stream_id=query.entity_id,
    )
    if query.from_ is not None:
        just_before = query.from_ - dt.timedelta(microseconds=1)
        wanted = wanted._replace(after=await position_at(connection, just_before))
    if query.to is not None:
        last = await position_at(connection, query.to)
        wanted = wanted._replace(before=min(wanted.before, last + 1))
    return wanted


async def _security(request: Request, connection: Connection, wanted: Filter, limit: int) -> Response:
    who = principal(request)
    found = await security_page(request, connection, wanted, limit + 1)
    user = await stream(request, who.user_id, User)
    names = {who.user_id: name_of(user)}
    items = []
    for recorded, whence in found[:limit]:
        entry = _entry(recorded, names.get(recorded.actor_id), (None, told(recorded.fact)))
        items.append(Entry({**entry, "device": whence.device, "address": whence.address}))
    following = cursor(request, [items[-1]["position"]]) if len(found) > limit else None
    return answer(Entries(items=items, next_cursor=following), headers=link(request, following))


def _entries(shown: list[Recorded], histories: list[Recorded], seen: Sight) -> list[Entry]:
    by_stream: dict[UUID, list[Recorded]] = {}
    for recorded in histories:
        by_stream.setdefault(recorded.stream_id, []).append(recorded)
    names = {r.actor_id: name_of(fold(by_stream.get(r.actor_id, []))) for r in shown}
    states = before_and_after(histories, frozenset(r.position for r in shown), seen)
    return [_entry(recorded, names[recorded.actor_id], states[recorded.position]) for recorded in shown]


def _entry(recorded: Recorded, name: str | None, states: tuple[Snapshot | None, Snapshot | None]) -> Entry:
    noun = recorded.topic.split(".", 1)[0]
    return Entry(
        position=recorded.position,
        recorded_at=recorded.recorded_at,
        actor=Actor(id=recorded.actor_id, name=name),
        command=recorded.command,
        command_id=recorded.command_id,
        topic=recorded.topic,
        entity=Entity(type=noun, id=recorded.stream_id, version=recorded.version),
        before=states[0],
        after=states[1],
        device=None,
        address=None,
        proof=f"/v1/audit/proofs/{recorded.position}",
    )

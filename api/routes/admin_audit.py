"""The trail and the proofs of every book, for auditors: what was done, not what was said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.describe import operation, router
from api.fields import Id, Instant
from api.paging import Page, cursor, link, position
from api.principal import principal
from api.reading import Connection, fresh, read_query
from api.responses import answer
from api.routes.audit import Entity, Named
from api.routes.proofs import ProofQuery, proof_of
from api.services import services
from api.snapshots import data
from api.visibility import Sight
from ledger.books.book import Book
from ledger.record import Recorded
from projections.instants import position_at
from projections.trail import FAR, Filter
from projections.veil import veil
from projections.whole_trail import SCANNED, Granted, Rows, books_in, opened, whole_log

routes = router("Administration")

# What is about a person and not about money: an auditor learns that it happened.
_PERSONAL = ("user", "session", "key", "invitation")
# What says by itself which accounts it is about.
_SELF_EXPLAINING = ("account", "transaction", "book")


class AuditQuery(Page):
    """Which facts; all conditions must hold."""

    book_id: Annotated[Id | None, Field(description="Of this book alone.")] = None
    from_: Annotated[Instant | None, Field(alias="from", description="Recorded at or after.")] = None
    to: Annotated[Instant | None, Field(description="Recorded at or before.")] = None
    actor_id: Id | None = None
    command: Annotated[Named | None, Field(description="The kind of command, such as transaction.post.")] = (
        None
    )
    command_id: Id | None = None
    topic: Annotated[Named | None, Field(description="The kind of fact, such as account.renamed.")] = None
    entity_id: Annotated[Id | None, Field(description="The account, transaction ... that it is about.")] = (
        None
    )


class AuditedFact(TypedDict):
    """A fact of any book: what became true of the entity. `data` are its fields; they have no `text` unless the owner
    of the book lets you read it, and there are none for what is about a person. `proof` is where its evidence is."""

    position: int
    recorded_at: dt.datetime
    book_id: UUID
    actor_id: UUID
    command: str
    command_id: UUID
    topic: str
    entity: Entity
    data: dict[str, Any] | None
    proof: str


class AuditedFacts(TypedDict):
    """Facts, newest first. A page may be short, or empty, and yet not the last one: go on while there is a cursor."""

    items: list[AuditedFact]
    next_cursor: str | None


@routes.get(
    "/admin/audit/logs",
    **operation(
        "Read the audit trail of all books",
        query=AuditQuery,
        answer=AuditedFacts,
        answer_example={
            "items": [
                {
                    "position": 1204,
                    "recorded_at": "2026-03-01T12:00:00Z",
                    "book_id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4e",
                    "actor_id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4d",
                    "command": "account.amend",
                    "command_id": "019a9d3f-1c00-7b11-8c22-aa31bd0c9e11",
                    "topic": "account.renamed",
                    "entity": {"type": "account", "id": "019a9d3e-8b20-7d11-9a01-5c2f4e6a7b80", "version": 2},
                    "data": {},
                    "proof": "/v1/admin/audit/proofs/1204",
                }
            ],
            "next_cursor": None,
        },
        refusals=(403, 422),
    ),
)
async def logs(request: Request) -> Response:
    """For auditors."""
    query = read_query(request, AuditQuery)
    after = position(request, query.cursor)
    async with fresh(request) as connection:
        wanted = await _filter(connection, query, after[0] if after else FAR)
        first = max(wanted.after, min(wanted.before, await _reached(connection) + 1) - SCANNED)
        rows = await whole_log(connection, query.book_id, wanted._replace(after=first), query.limit + 1)
        shown, full = rows[: query.limit], len(rows) > query.limit
        items = await _facts(request, connection, shown)
    # What lies further back was not looked at yet.
    last = shown[-1][0] if full else first + 1
    following = cursor(request, [last]) if full or first > wanted.after else None
    return answer(AuditedFacts(items=items, next_cursor=following), headers=link(request, following))


@routes.get(
    "/admin/audit/proofs/{position}",
    **operation(
        "Prove that a fact of any book is in the record",
        query=ProofQuery,
        answer_example={"numina": "inclusion/1", "position": 3, "leaf": {"position": 3}, "size": 1204},
        refusals=(403, 404, 422),
    ),
)
async def proof(request: Request) -> Response:
    """For auditors: as GET /v1/audit/proofs/{position}, with the fact as it is stored. Its text is sealed."""
    async with fresh(request) as connection:
        return answer(await proof_of(request, connection))


async def _filter(connection: Connection, query: AuditQuery, before: int) -> Filter:
    after = 0
    if query.from_ is not None:
        after = await position_at(connection, query.from_ - dt.timedelta(microseconds=1))
    if query.to is not None:
        before = min(before, await position_at(connection, query.to) + 1)
    return Filter(
        after=after,
        before=before,
        actor_id=query.actor_id,
        command=query.command,
        command_id=query.command_id,
        topic=query.topic,
        stream_id=query.entity_id,
    )


async def _reached(connection: Connection) -> int:
    row = await (await connection.execute("SELECT position FROM tracking")).fetchone()
    return int(row[0]) if row else 0


async def _facts(request: Request, connection: Connection, rows: Rows) -> list[AuditedFact]:
    """The facts as the auditor may read them."""
    known, auditor = services(request), principal(request).user_id
    books = await known.standing.of(*books_in(rows)) if rows else []
    granted = [book.book_id for book in books if isinstance(book, Book) and auditor in book.auditors]
    sights = {book_id: Sight(auditor, await veil(connection, book_id, auditor)) for book_id in granted}
    return [_shown(recorded, sights) for recorded in opened(rows, Granted(known.vault, granted))]


def _shown(recorded: Recorded, sights: Mapping[UUID, Sight]) -> AuditedFact:
    noun = recorded.topic.split(".", 1)[0]
    return AuditedFact(
        position=recorded.position,
        recorded_at=recorded.recorded_at,
        book_id=recorded.book_id,
        actor_id=recorded.actor_id,
        command=recorded.command,
        command_id=recorded.command_id,
        topic=recorded.topic,
        entity=Entity(type=noun, id=recorded.stream_id, version=recorded.version),
        data=None if noun in _PERSONAL else _data(recorded, sights.get(recorded.book_id), noun),
        proof=f"/v1/admin/audit/proofs/{recorded.position}",
    )


def _data(recorded: Recorded, sight: Sight | None, noun: str) -> dict[str, Any]:
    fields = dict(data(recorded.fact))
    words: Mapping[str, str] = {}
    if sight is not None and (sight.clear or noun in _SELF_EXPLAINING):
        seen = sight.fact(recorded)
        words = seen.fact.text if seen is not None else {}
    fields.pop("text", None)
    return fields | ({"text": dict(words)} if words else {})

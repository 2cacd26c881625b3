"""How far the record was verified, and what was found."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.describe import operation, router
from api.principal import principal
from api.reading import head
from api.responses import answer
from api.services import services
from api.visibility import sight
from projections import auditor

routes = router("Audit")


class UnderWay(TypedDict):
    """A pass of the auditor that is not complete: it will have verified everything up to `position`."""

    began_at: dt.datetime
    position: int
    part: Literal["record", "books", "registers"]
    facts: int
    books: int
    mismatches: int


class Finding(TypedDict):
    """Something that was not as the record, or a law, says."""

    found_at: dt.datetime
    rule: str
    detail: str
    position: int | None


class Verification(TypedDict):
    """How far the continuous auditor has come: everything up to `position` was re-derived from the record by the
    last complete pass, `age_seconds` ago, with so many `mismatches`. `findings` are the newest that concern your
    book or the record as a whole. Before the first pass is complete, `position` is 0 and `verified_at` null."""

    position: int
    verified_at: dt.datetime | None
    age_seconds: float | None
    facts: int
    books: int
    mismatches: int
    head: int
    under_way: UnderWay | None
    findings: list[Finding]


@routes.get(
    "/audit/verification",
    **operation(
        "Read how far the record was verified",
        answer=Verification,
        answer_example={
            "position": 1180,
            "verified_at": "2026-03-01T12:00:00Z",
            "age_seconds": 41.5,
            "facts": 1180,
            "books": 3,
            "mismatches": 0,
            "head": 1204,
            "under_way": None,
            "findings": [],
        },
    ),
)
async def verification(request: Request) -> Response:
    """A background task re-derives registers and read models from the record, again and again."""
    who = principal(request)
    known = services(request)
    async with known.pool.connection() as connection:
        recorded = await head(connection)
        status = await auditor.status(connection)
        found = [] if status is None else await auditor.findings(connection, who.book_id)
    hidden = (await sight(request)).hidden
    told = [f for f in found if not any(str(account_id) in f.detail for account_id in hidden)]
    return answer(_verification(status, told, recorded, known.clock()))


def _verification(
    status: auditor.Status | None, found: list[auditor.Finding], recorded: int, now: dt.datetime
) -> Verification:
    under_way = None
    if status is not None:
        under_way = UnderWay(
            began_at=status.under_way_since,
            position=status.under_way_to,
            part=status.under_way_part,  # type: ignore[typeddict-item]  # one of the auditor's three
            facts=status.under_way_facts,
            books=status.under_way_books,
            mismatches=status.under_way_mismatches,
        )
    verified_at = status.verified_at if status is not None else None
    return Verification(
        position=status.position if status is not None else 0,
        verified_at=verified_at,
        age_seconds=None if verified_at is None else round((now - verified_at).total_seconds(), 1),
        facts=status.facts if status is not None else 0,
        books=status.books if status is not None else 0,
        mismatches=status.mismatches if status is not None else 0,
        head=recorded,
        under_way=under_way,
        findings=[
            Finding(found_at=f.found_at, rule=f.rule, detail=f.detail, position=f.position) for f in found
        ],
    )

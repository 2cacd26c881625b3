"""How a person's profile came to be what it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.describe import operation, router
from api.paging import Page, cursor, link, position
from api.principal import principal
from api.reading import facts_of, read_query
from api.responses import answer
from api.routes.users import profile_of
from ledger.entities import evolve
from ledger.identity.user import User
from ledger.record import Recorded

routes = router("Identity")


class Edit(TypedDict):
    """A change of the profile: each field that changed, as it was before and after. `topic` is the kind of fact, told
    also where the change itself is nobody's to see, as with a password."""

    version: int
    at: dt.datetime
    topic: str
    before: dict[str, Any]
    after: dict[str, Any]


class Edits(TypedDict):
    """The changes of your profile, newest first."""

    items: list[Edit]
    next_cursor: str | None


_EXAMPLE = {
    "items": [
        {
            "version": 3,
            "at": "2026-03-01T12:00:00Z",
            "topic": "user.renamed",
            "before": {"name": "Ada"},
            "after": {"name": "Ada L."},
        }
    ],
    "next_cursor": None,
}


@routes.get(
    "/users/me/history",
    **operation(
        "Read how your profile changed", query=Page, answer=Edits, answer_example=_EXAMPLE, refusals=(422,)
    ),
)
async def read(request: Request) -> Response:
    query = read_query(request, Page)
    before = position(request, query.cursor)
    edits = history(await facts_of(request, principal(request).user_id))
    left = [edit for edit in edits if before is None or edit["version"] < before[0]]
    shown = left[: query.limit]
    following = cursor(request, [shown[-1]["version"]]) if len(left) > query.limit else None
    return answer(Edits(items=shown, next_cursor=following), headers=link(request, following))


def history(facts: list[Recorded]) -> list[Edit]:
    """The edits that the facts of one person's stream are, newest first."""
    user: User | None = None
    edits = []
    for f in facts:
        old = _fields(user)
        user = evolve(user, f.fact, f.stream_id, f.book_id)
        new = _fields(user)
        changed = [field for field in new if old.get(field) != new[field]]
        if not changed and f.topic.endswith(("_used", "_failed", "_new")):
            # That they came in, or tried to, is told by the trail of security.
            continue
        edits.append(
            Edit(
                version=f.version,
                at=f.recorded_at,
                topic=f.topic,
                before={field: old[field] for field in changed if field in old},
                after={field: new[field] for field in changed},
            )
        )
    return edits[::-1]


def _fields(user: User | None) -> Mapping[str, Any]:
    if user is None:
        return {}
    shown = dict(profile_of(user, 0))
    del shown["version"]
    return shown

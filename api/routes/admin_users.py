"""The people who are registered, as admins see them: what somebody may do, and never what they own."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.carrying_out import carried_out, carry_out
from api.claimed import claimant
from api.describe import operation, router
from api.fields import Body, Email
from api.idempotency import Frame, frame
from api.paging import Page, cursor, link, position
from api.principal import principal
from api.reading import fresh, path_id, read_body, read_query, stream
from api.responses import answer
from api.services import services
from ledger.authority.commands import GrantRole, ReinstateUser, RevokeRole, SuspendUser
from ledger.authority.refusals import UnknownPerson
from ledger.authority.roles import StaffRole
from ledger.command import Outcome
from ledger.identity.user import User
from ledger.mailbox.claims import email_claims
from projections.people import PersonView, people

routes = router("Administration")

Reason = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$", strip_whitespace=True
    ),
    Field(description="Why, for the record; the person can read it."),
]
_EXAMPLE: dict[str, Any] = {
    "id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4d",
    "registered_at": "2026-03-01T12:00:00Z",
    "verified": True,
    "roles": ["auditor"],
    "suspended_at": None,
    "sessions": 2,
}


class PeopleQuery(Page):
    """Which people; all conditions must hold."""

    email: Annotated[
        Email | None, Field(description="The one person with this address, which must be the whole of it.")
    ] = None
    role: Annotated[StaffRole | None, Field(description="Those who have this role.")] = None
    suspended: Annotated[
        Literal["true", "false"] | None, Field(description="Those who are suspended, or those who are not.")
    ] = None


class RoleChange(Body):
    """A role, and why it is given or taken."""

    role: StaffRole
    reason: Reason


class Standing(Body):
    """Why somebody is suspended or reinstated."""

    reason: Reason


class PersonAnswer(TypedDict):
    """Somebody who is registered. `verified`: their address is known to be theirs; `sessions`: in how many places
    they are signed in."""

    id: UUID
    registered_at: dt.datetime
    verified: bool
    roles: list[str]
    suspended_at: dt.datetime | None
    sessions: int


class PeopleList(TypedDict):
    """People, the newest first; whoever was forgotten is not among them."""

    items: list[PersonAnswer]
    next_cursor: str | None


@routes.get(
    "/admin/users",
    **operation(
        "List the people who are registered",
        query=PeopleQuery,
        answer=PeopleList,
        answer_example={"items": [_EXAMPLE], "next_cursor": None},
        refusals=(403, 422),
    ),
)
async def list_people(request: Request) -> Response:
    """For admins. Names and addresses are not shown; an address is looked up by its fingerprint."""
    query = read_query(request, PeopleQuery)
    after = position(request, query.cursor)
    only = None
    if query.email is not None:
        found = await claimant(request, *email_claims(query.email))
        if found is None:
            return answer(PeopleList(items=[], next_cursor=None))
        only = found.user_id
    async with fresh(request) as connection:
        views = await people(
            connection,
            services(request).clock(),
            query.limit + 1,
            before=UUID(after[0]) if after else None,
            only=only,
            role=query.role,
            suspended=None if query.suspended is None else query.suspended == "true",
        )
    shown = views[: query.limit]
    following = cursor(request, [str(shown[-1].user_id)]) if len(views) > query.limit else None
    return answer(
        PeopleList(items=[_shown(view) for view in shown], next_cursor=following),
        headers=link(request, following),
    )


@routes.get(
    "/admin/users/{user_id}",
    **operation(
        "Read what somebody may do", answer=PersonAnswer, answer_example=_EXAMPLE, refusals=(403, 404)
    ),
)
async def read(request: Request) -> Response:
    return answer(await _person(request, path_id(request, "user_id", UnknownPerson)))


@routes.post(
    "/admin/users/{user_id}/roles",
    **operation(
        "Give somebody a role",
        body=RoleChange,
        example={"role": "auditor", "reason": "Audits the year 2026"},
        answer=PersonAnswer,
        answer_example=_EXAMPLE,
        refusals=(403, 404, 409, 422),
    ),
)
async def grant(request: Request) -> Response:
    """Nobody changes their own roles. They have it everywhere within seconds."""
    body = await read_body(request, RoleChange)
    framed, user_id = await _about(request)
    outcome = await carry_out(
        request, GrantRole(**framed, user_id=user_id, role=body.role, reason=body.reason)
    )
    return await _left(request, outcome, user_id)


@routes.delete(
    "/admin/users/{user_id}/roles",
    **operation(
        "Take a role from somebody",
        body=RoleChange,
        example={"role": "auditor", "reason": "The audit is over"},
        answer=PersonAnswer,
        answer_example=_EXAMPLE | {"roles": []},
        refusals=(403, 404, 422),
    ),
)
async def revoke(request: Request) -> Response:
    """Nobody changes their own roles, so there is always an admin."""
    body = await read_body(request, RoleChange)
    framed, user_id = await _about(request)
    outcome = await carry_out(
        request, RevokeRole(**framed, user_id=user_id, role=body.role, reason=body.reason)
    )
    return await _left(request, outcome, user_id)


@routes.post(
    "/admin/users/{user_id}/suspend",
    **operation(
        "Let nobody in as somebody",
        body=Standing,
        example={"reason": "Their mailbox was taken over"},
        answer=PersonAnswer,
        answer_example=_EXAMPLE | {"suspended_at": "2026-03-03T09:00:00Z"},
        refusals=(403, 404, 422),
    ),
)
async def suspend(request: Request) -> Response:
    """Their sessions and API keys are refused everywhere within seconds, and they cannot sign in. What they own stays
    as it is."""
    body = await read_body(request, Standing)
    framed, user_id = await _about(request)
    outcome = await carry_out(request, SuspendUser(**framed, user_id=user_id, reason=body.reason))
    return await _left(request, outcome, user_id)


@routes.post(
    "/admin/users/{user_id}/reinstate",
    **operation(
        "Let somebody in again",
        body=Standing,
        example={"reason": "The mailbox is theirs again"},
        answer=PersonAnswer,
        answer_example=_EXAMPLE,
        refusals=(403, 404, 422),
    ),
)
async def reinstate(request: Request) -> Response:
    """Sessions that have not ended and API keys are good again."""
    body = await read_body(request, Standing)
    framed, user_id = await _about(request)
    outcome = await carry_out(request, ReinstateUser(**framed, user_id=user_id, reason=body.reason))
    return await _left(request, outcome, user_id)


async def _about(request: Request) -> tuple[Frame, UUID]:
    """The frame of a command about the person in the path, and their id. Raises UnknownPerson."""
    user_id = path_id(request, "user_id", UnknownPerson)
    user = await stream(request, user_id, User)
    if user is None or not user.present:
        raise UnknownPerson("There is no such person.", user_id=str(user_id))
    return await frame(request, principal(request)._replace(book_id=user.home_book_id)), user_id


async def _left(request: Request, outcome: Outcome, user_id: UUID) -> Response:
    return carried_out(outcome, await _person(request, user_id))


async def _person(request: Request, user_id: UUID) -> PersonAnswer:
    async with fresh(request) as connection:
        views = await people(connection, services(request).clock(), 1, only=user_id)
    if not views:
        raise UnknownPerson("There is no such person.", user_id=str(user_id))
    return _shown(views[0])


def _shown(view: PersonView) -> PersonAnswer:
    return PersonAnswer(
        id=view.user_id,
        registered_at=view.registered_at,
        verified=view.verified,
        roles=view.roles,
        suspended_at=view.suspended_at,
        sessions=view.sessions,
    )

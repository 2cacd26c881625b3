"""Who belongs to a book, as what, and going away."""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from uuid import UUID

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.carrying_out import carried_out, carry_out
from api.describe import operation, router
from api.fields import Body, Id
from api.idempotency import frame
from api.people import names_of
from api.principal import principal
from api.reading import fresh, path_id, read_body
from api.responses import Answer, answer
from ledger.books.membership import ChangeOwner, ChangeRole, LeaveBook, RemoveMember
from ledger.books.refusals import UnknownMember
from ledger.books.roles import LesserRole, Role
from projections.books import members_of

routes = router("Members")

_ADA = "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4d"
_BOB = "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c55"
_EXAMPLE = {"user_id": _BOB, "name": "Bob", "role": "editor", "joined_at": "2026-03-01T12:00:00Z"}


class MemberAnswer(TypedDict):
    """Somebody who belongs to a book. A viewer reads, an editor writes as well, and the owner decides who belongs to
    the book and how it is kept."""

    user_id: UUID
    name: str
    role: Role
    joined_at: dt.datetime


class MemberList(TypedDict):
    """Members, the first to come first."""

    items: list[MemberAnswer]


class NowIs(TypedDict):
    """What somebody is in the book from now on."""

    user_id: UUID
    role: Role


class MemberChange(Body):
    """What the member is to be; to make somebody the owner, give them the book."""

    role: Annotated[LesserRole, Field(description="`viewer` or `editor`.")]


class NewOwner(Body):
    """The member who is to own the book. You stay, as an editor."""

    user_id: Id


@routes.get(
    "/books/{book_id}/members",
    **operation(
        "List who belongs to a book",
        answer=MemberList,
        answer_example={"items": [_EXAMPLE | {"user_id": _ADA, "name": "Ada", "role": "owner"}, _EXAMPLE]},
        refusals=(404,),
    ),
)
async def list_members(request: Request) -> Response:
    async with fresh(request) as connection:
        views = await members_of(connection, principal(request).book_id)
    names = await names_of(request, [view.user_id for view in views])
    items = [
        MemberAnswer(user_id=v.user_id, name=names[v.user_id], role=v.role, joined_at=v.joined_at)
        for v in views
    ]
    return answer(MemberList(items=items))


@routes.patch(
    "/books/{book_id}/members/{user_id}",
    **operation(
        "Change a member's role",
        body=MemberChange,
        example={"role": "viewer"},
        answer=NowIs,
        answer_example={"user_id": _BOB, "role": "viewer"},
        refusals=(403, 404, 409, 422),
    ),
)
async def change_role(request: Request) -> Response:
    """It holds within seconds, wherever they are signed in."""
    user_id = path_id(request, "user_id", UnknownMember)
    body = await read_body(request, MemberChange)
    framed = await frame(request, principal(request))
    outcome = await carry_out(request, ChangeRole(**framed, user_id=user_id, role=body.role))
    return carried_out(outcome, NowIs(user_id=user_id, role=body.role))


@routes.delete(
    "/books/{book_id}/members/{user_id}",
    **operation("Remove a member", status=204, refusals=(403, 404, 409)),
)
async def remove(request: Request) -> Response:
    """Within seconds they can read nothing of the book any more. What they entered stays in it."""
    user_id = path_id(request, "user_id", UnknownMember)
    await carry_out(request, RemoveMember(**await frame(request, principal(request)), user_id=user_id))
    return Answer(b"", 204)


@routes.post(
    "/books/{book_id}/leave",
    **operation("Leave a book", status=204, refusals=(404, 409)),
)
async def leave(request: Request) -> Response:
    """What you entered stays in the book. Its owner gives it to somebody else first."""
    await carry_out(request, LeaveBook(**await frame(request, principal(request))))
    return Answer(b"", 204)


@routes.post(
    "/books/{book_id}/owner",
    **operation(
        "Give a book to another member",
        body=NewOwner,
        example={"user_id": _BOB},
        answer=NowIs,
        answer_example={"user_id": _BOB, "role": "owner"},
        refusals=(403, 404, 422),
    ),
)
async def change_owner(request: Request) -> Response:
    """Only they can give it back."""
    body = await read_body(request, NewOwner)
    framed = await frame(request, principal(request))
    outcome = await carry_out(request, ChangeOwner(**framed, user_id=body.user_id))
    return carried_out(outcome, NowIs(user_id=body.user_id, role="owner"))

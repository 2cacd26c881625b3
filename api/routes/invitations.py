"""Inviting somebody to a book by mail, and answering that."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.carrying_out import carried_out, carry_out, made
from api.describe import operation, router
from api.fields import Body, Email, Notes
from api.idempotency import frame
from api.invited import by_letter, invited
from api.people import names_of
from api.principal import principal
from api.reading import fresh, path_id, read_body, stream
from api.responses import Answer, answer, location
from api.services import services
from ledger.books.roles import LesserRole, Role
from ledger.entities import fold
from ledger.identity.user import User
from ledger.invitations.commands import AcceptInvitation, DeclineInvitation, Invite, WithdrawInvitation
from ledger.invitations.invitation import Invitation
from ledger.invitations.refusals import UnknownInvitation
from projections.invitations import InvitationView, invitations_of, invitations_to

routes = router("Members")

_EXAMPLE: dict[str, Any] = {
    "id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c60",
    "book_id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4e",
    "email": "bob@example.com",
    "role": "editor",
    "message": "Our household book.",
    "invited_by": {"user_id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4d", "name": "Ada"},
    "sent_at": "2026-03-01T12:00:00Z",
    "expires_at": "2026-03-08T12:00:00Z",
}
_TOKEN = {"token": "numina_i_AZqdPnoQfFWPbg1qOx8sYFZ0cC5nT2w4mYVb8xkq7hJ1dR3uLs9aEoIpGfHtNvKy"}
_JOINED = {"book_id": _EXAMPLE["book_id"], "role": "editor"}


class NewInvitation(Body):
    """Whom to invite, and what they are to be: a viewer reads, an editor writes as well. An earlier invitation to the
    same address is replaced. Who is invited reads the `message` once they are signed in; it is not in the letter."""

    email: Email
    role: LesserRole
    message: Annotated[Notes, Field(max_length=500)] = ""


class InvitationToken(Body):
    """What the letter of an invitation bears."""

    token: Annotated[str, Field(max_length=200)]


class Inviter(TypedDict):
    """Who invites."""

    user_id: UUID
    name: str


class InvitationAnswer(TypedDict):
    """An invitation that was not answered yet; it can be accepted until `expires_at`."""

    id: UUID
    book_id: UUID
    email: str
    role: str
    message: str
    invited_by: Inviter
    sent_at: dt.datetime
    expires_at: dt.datetime


class InvitationList(TypedDict):
    """Invitations that were not answered yet, the latest first."""

    items: list[InvitationAnswer]


class ReceivedInvitation(InvitationAnswer):
    """An invitation to you, with the name of the book."""

    book: str


class ReceivedList(TypedDict):
    """Invitations to you that can be accepted, the latest first."""

    items: list[ReceivedInvitation]


class Joined(TypedDict):
    """The book that you belong to from now on. Name it in Numina-Book to work with it."""

    book_id: UUID
    role: Role


@routes.post(
    "/books/{book_id}/invitations",
    **operation(
        "Invite somebody to a book",
        body=NewInvitation,
        example={"email": "bob@example.com", "role": "editor", "message": "Our household book."},
        status=201,
        answer=InvitationAnswer,
        answer_example=_EXAMPLE,
        refusals=(403, 404, 409, 422),
    ),
)
async def send(request: Request) -> Response:
    """A letter goes to the address, whether or not somebody is registered with it, and you are not told which."""
    who = principal(request)
    body = await read_body(request, NewInvitation)
    command = Invite(
        **await frame(request, who),
        invitation_id=services(request).new_id(),
        email=body.email,
        role=body.role,
        message=body.message,
    )
    outcome = await carry_out(request, command)
    sent = outcome.facts[-1]
    invitation = fold([sent])
    names = await names_of(request, [who.user_id])
    shown = InvitationAnswer(
        id=sent.stream_id,
        book_id=who.book_id,
        email=body.email,
        role=body.role,
        message=body.message,
        invited_by=Inviter(user_id=who.user_id, name=names[who.user_id]),
        sent_at=sent.recorded_at,
        expires_at=invitation.expires_at,
    )
    return made(command, outcome, shown, [location(f"/v1/invitations/{sent.stream_id}")])


@routes.get(
    "/books/{book_id}/invitations",
    **operation(
        "List who is invited to a book",
        answer=InvitationList,
        answer_example={"items": [_EXAMPLE]},
        refusals=(403, 404),
    ),
)
async def list_sent(request: Request) -> Response:
    """Those that have expired are listed until they are withdrawn or replaced."""
    async with fresh(request) as connection:
        views = await invitations_of(connection, principal(request).book_id)
    shown = await _shown(request, views)
    return answer(InvitationList(items=shown))


@routes.delete(
    "/invitations/{invitation_id}",
    **operation("Withdraw an invitation", status=204, refusals=(403, 404, 409)),
)
async def withdraw(request: Request) -> Response:
    invitation = await _named(request)
    framed = await frame(request, principal(request)._replace(book_id=invitation.book_id))
    await carry_out(request, WithdrawInvitation(**framed, invitation_id=invitation.invitation_id))
    return Answer(b"", 204)


@routes.get(
    "/invitations",
    **operation(
        "List the invitations to you",
        answer=ReceivedList,
        answer_example={"items": [_EXAMPLE | {"book": "Home"}]},
        refusals=(403,),
    ),
)
async def list_received(request: Request) -> Response:
    """Those that were sent to your address, which must be verified."""
    who = principal(request)
    user = await stream(request, who.user_id, User)
    email = user.text.get("email", "") if user is not None and user.verified else ""
    if not email:
        return answer(ReceivedList(items=[]))
    async with fresh(request) as connection:
        views = await invitations_to(connection, email, who.user_id, services(request).clock())
    shown = await _shown(request, views)
    books = {view.invitation_id: view.book for view in views}
    return answer(ReceivedList(items=[ReceivedInvitation(**each, book=books[each["id"]]) for each in shown]))


@routes.post(
    "/invitations/{invitation_id}/accept",
    **operation("Accept an invitation", answer=Joined, answer_example=_JOINED, refusals=(403, 404, 409)),
)
async def accept(request: Request) -> Response:
    """It must have been sent to your address. From then on you belong to the book."""
    return await _accepted(request, await _named(request))


@routes.post(
    "/invitations/{invitation_id}/decline",
    **operation("Decline an invitation", status=204, refusals=(403, 404, 409)),
)
async def decline(request: Request) -> Response:
    """It must have been sent to your address."""
    return await _declined(request, await _named(request))


@routes.post(
    "/invitations/accept",
    **operation(
        "Accept the invitation of a letter",
        body=InvitationToken,
        example=_TOKEN,
        answer=Joined,
        answer_example=_JOINED,
        refusals=(403, 404, 409, 422),
    ),
)
async def accept_by_letter(request: Request) -> Response:
    """For who comes from the letter. It must have been sent to your address; that you have it shows that the address
    is yours, so that you need not verify it any other way."""
    body = await read_body(request, InvitationToken)
    return await _accepted(request, await by_letter(request, body.token))


@routes.post(
    "/invitations/decline",
    **operation(
        "Decline the invitation of a letter",
        body=InvitationToken,
        example=_TOKEN,
        status=204,
        refusals=(404, 409, 422),
    ),
)
async def decline_by_letter(request: Request) -> Response:
    """For who comes from the letter, as with accepting it."""
    body = await read_body(request, InvitationToken)
    return await _declined(request, await by_letter(request, body.token))


async def _named(request: Request) -> Invitation:
    return await invited(request, path_id(request, "invitation_id", UnknownInvitation))


async def _accepted(request: Request, invitation: Invitation) -> Response:
    framed = await frame(request, principal(request)._replace(book_id=invitation.book_id))
    outcome = await carry_out(request, AcceptInvitation(**framed, invitation_id=invitation.invitation_id))
    return carried_out(outcome, Joined(book_id=invitation.book_id, role=invitation.role))


async def _declined(request: Request, invitation: Invitation) -> Response:
    framed = await frame(request, principal(request)._replace(book_id=invitation.book_id))
    await carry_out(request, DeclineInvitation(**framed, invitation_id=invitation.invitation_id))
    return Answer(b"", 204)


async def _shown(request: Request, views: Sequence[InvitationView]) -> list[InvitationAnswer]:
    names = await names_of(request, list({view.sent_by for view in views}))
    return [
        InvitationAnswer(
            id=view.invitation_id,
            book_id=view.book_id,
            email=view.email,
            role=view.role,
            message=view.message,
            invited_by=Inviter(user_id=view.sent_by, name=names[view.sent_by]),
            sent_at=view.sent_at,
            expires_at=view.expires_at,
        )
        for view in views
    ]

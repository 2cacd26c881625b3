"""Proving that an address is one's own, and changing it."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.by_letter import WithToken, answered, of_person
from api.carrying_out import carried_out, carry_out
from api.describe import operation, router
from api.fields import Body, Email
from api.oneself import about_oneself
from api.reading import read_body
from api.responses import Answer
from ledger.mailbox.commands import AskEmailChange, AskVerification, ConfirmEmailChange, VerifyEmail

routes = router("Identity")

_TOKEN = {"token": "numina_m_AAGanT56EHxVj24NajsfLE0ABkv2x1z2QJ0qk5hXc3m7v1E8yB6tD0uRj2oKpLrWnM4sZaHfTgY1i"}


class VerifiedAddress(TypedDict):
    """Somebody's address, which is theirs."""

    user_id: UUID
    email: str
    verified: bool


class Wanted(Body):
    """The address that you want in place of yours."""

    email: Email


@routes.post(
    "/auth/verify",
    **operation(
        "Show that an address is yours",
        body=WithToken,
        example=_TOKEN,
        answer=VerifiedAddress,
        answer_example={
            "user_id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4d",
            "email": "ada@example.com",
            "verified": True,
        },
        refusals=(409, 422),
        public=True,
    ),
)
async def verify(request: Request) -> Response:
    """With the token out of the letter that came when you registered, or out of the one that asks whether another
    address is yours, which from then on takes the place of the one before."""
    body = await read_body(request, WithToken)
    letter = await answered(request, body.token, "verify", "change")
    about = of_person(request, letter.user)
    if letter.shown.purpose == "change":
        outcome = await carry_out(
            request, ConfirmEmailChange(**about, email=letter.address, asked_at=letter.shown.asked_at)
        )
    else:
        outcome = await carry_out(request, VerifyEmail(**about, email=letter.address))
    return carried_out(
        outcome, VerifiedAddress(user_id=letter.user.user_id, email=letter.address, verified=True)
    )


@routes.post(
    "/auth/verify/resend",
    **operation("Have another letter sent to your address", status=202, refusals=(422,)),
)
async def resend(request: Request) -> Response:
    """No letter is sent to an address that is verified, nor more than three within an hour."""
    await carry_out(request, AskVerification(**await about_oneself(request)))
    return Answer(b"", 202)


@routes.post(
    "/users/me/email",
    **operation(
        "Ask for another address",
        body=Wanted,
        example={"email": "ada@example.org"},
        status=202,
        refusals=(403, 422),
    ),
)
async def change(request: Request) -> Response:
    """A letter goes to the new address. Once the token in it came to POST /v1/auth/verify, that address takes the
    place of yours, and the one before is told."""
    body = await read_body(request, Wanted)
    about = await about_oneself(request)
    await carry_out(request, AskEmailChange(**about, email=body.email))
    return Answer(b"", 202)

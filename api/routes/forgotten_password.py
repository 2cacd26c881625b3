"""Choosing a new password by a letter, for who has forgotten theirs."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from api.by_letter import WithToken, answered, of_person
from api.carrying_out import carry_out
from api.claimed import claimant
from api.describe import operation, router
from api.fields import Body, Email
from api.idempotency import is_dry_run
from api.lockout import forgive
from api.reading import read_body
from api.responses import Answer
from api.routes.auth import Password
from api.services import services
from api.strong_password import strong
from ledger.mailbox.claims import email_claims
from ledger.mailbox.commands import AskReset, ResetPassword

routes = router("Identity")


class Forgotten(Body):
    """The address that you registered with."""

    email: Email


class NewPassword(WithToken):
    """The token out of the letter, and the password that you choose."""

    password: Password


@routes.post(
    "/auth/password/forgot",
    **operation(
        "Have a letter sent by which to choose a new password",
        body=Forgotten,
        example={"email": "ada@example.com"},
        status=202,
        refusals=(503,),
        public=True,
    ),
)
async def forgot(request: Request) -> Response:
    """The answer is the same, and as quick, whether or not anybody has this address."""
    body = await read_body(request, Forgotten)
    if not is_dry_run(request):
        # Whatever depends on the address is done once the answer is given.
        services(request).later.do(lambda: _ask(request, body.email))
    return Answer(b"", 202)


@routes.post(
    "/auth/password/reset",
    **operation(
        "Choose a new password",
        body=NewPassword,
        example={
            "token": "numina_m_AgGanT56EHxVj24NajsfLE0ABkv2x1z2QJ0qk5hXc3m7v1E8yB6tD0uRj2oKpLrWnM4sZaHfTgY1i",
            "password": "another correct horse",
        },
        status=204,
        refusals=(422, 503),
        public=True,
    ),
)
async def reset(request: Request) -> Response:
    """With the token out of the letter, which is good once and for half an hour. You are signed out everywhere, and
    sign in with the new password."""
    body = await read_body(request, NewPassword)
    letter = await answered(request, body.token, "reset")
    await strong(request, body.password, letter.address, letter.user.text.get("name", ""))
    command = ResetPassword(
        **of_person(request, letter.user),
        asked_at=letter.shown.asked_at,
        password=await services(request).passwords.hash(body.password),
    )
    await carry_out(request, command)
    if not command.dry_run:
        await forgive(request, letter.address)
    return Answer(b"", 204)


async def _ask(request: Request, email: str) -> None:
    user = await claimant(request, *email_claims(email))
    if user is not None and user.present:
        await services(request).writer.handle(AskReset(**of_person(request, user)))

"""Proving anew who one is, for what needs a fresh proof."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from api.describe import operation, router
from api.present_password import demand_password
from api.principal import principal
from api.reading import read_body, stream
from api.second_factor import SecondFactor, prove_second_factor
from api.signing_in import ACCESS_EXAMPLE, AccessToken, stepped_up
from ledger.identity.user import User
from ledger.sessions.commands import SessionOver

routes = router("Identity")


class Proof(SecondFactor):
    """Whoever has a second factor proves that; the password is enough for others only."""

    password: Annotated[str, StringConstraints(max_length=1_000)] | None = None


@routes.post(
    "/auth/step-up",
    **operation(
        "Prove anew that it is you",
        body=Proof,
        examples={
            "password": {"password": "correct horse battery staple"},
            "app": {"totp": "123456"},
            "recovery code": {"recovery_code": "b7kq-93xd-m0ev-ahtz"},
        },
        answer=AccessToken,
        answer_example=ACCESS_EXAMPLE,
        refusals=(401, 422, 429),
    ),
)
async def step_up(request: Request) -> Response:
    """What answers `step_up_needed` is carried out with the token that this gives, for the next minutes. For a
    passkey, begin with POST /v1/auth/passkeys/proof/options."""
    body, who = await read_body(request, Proof), principal(request)
    user = await stream(request, who.user_id, User)
    if user is None or not user.present:
        raise SessionOver("The person of this token is not known here any more.")
    methods: tuple[str, ...] = ()
    if body.password is not None or not user.has_second_factor:
        await demand_password(request, user, body.password or "", "password")
        methods = ("pwd",)
    if user.has_second_factor:
        methods = (*methods, *await prove_second_factor(request, user, body))
    return await stepped_up(request, who, methods)

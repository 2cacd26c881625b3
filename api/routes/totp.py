"""An authenticator app as a second factor: setting it up, and doing without it again."""

from __future__ import annotations

import datetime as dt

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.carrying_out import carry_out, made
from api.describe import operation, router
from api.fields import Body
from api.oneself import about_oneself, oneself
from api.principal import principal
from api.problems import InvalidRequest
from api.reading import read_body
from api.responses import Answer, location
from api.second_factor import Code, carry_out_guess, has_proved, replayed_to_who_proved
from api.services import services
from api.signing_in import ACCESS_EXAMPLE, AccessToken, stepped_up
from gateways import totp
from ledger.factors.commands import ConfirmTotp, OfferTotp, RemoveTotp, awaited
from ledger.record import Fact

routes = router("Identity")

# Long enough to find an app and install it.
OFFERED_FOR = dt.timedelta(hours=1)


class TotpOffer(TypedDict):
    """What to put into an authenticator app: the QR code (an SVG element), or the address in it, or the secret. It
    is shown this once, and counts for nothing until you have confirmed it before `expires_at`."""

    secret: str
    otpauth_uri: str
    qr_svg: str
    expires_at: dt.datetime


class Confirmation(Body):
    """The code that the app shows."""

    code: Code


@routes.post(
    "/auth/totp",
    **operation(
        "Begin to set up an authenticator app",
        status=201,
        answer=TotpOffer,
        answer_example={
            "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
            "otpauth_uri": "otpauth://totp/Numina:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
            "&issuer=Numina",
            "qr_svg": '<svg xmlns="http://www.w3.org/2000/svg" width="196" height="196" class="segno"></svg>',
            "expires_at": "2026-03-01T13:00:00Z",
        },
        refusals=(403,),
    ),
)
async def offer(request: Request) -> Response:
    """An app that you use already is good until you have confirmed the new one."""
    who, framed = principal(request), await about_oneself(request)
    command = OfferTotp(
        **framed,
        totp_id=services(request).new_id(),
        secret=totp.new_secret(),
        expires_at=framed["now"] + OFFERED_FOR,
        proved=has_proved(who),
    )
    outcome = await carry_out(request, command)
    await replayed_to_who_proved(request, outcome)
    user = await oneself(request)
    fact: Fact = outcome.facts[0].fact
    secret = fact.text["secret"]
    address = totp.address(secret, user.text.get("email", ""))
    shown = TotpOffer(
        secret=secret,
        otpauth_uri=address,
        qr_svg=totp.drawing(address),
        expires_at=fact.expires_at,  # type: ignore[attr-defined]  # the one fact of this command
    )
    return made(command, outcome, shown, [location("/v1/auth/factors")])


@routes.post(
    "/auth/totp/confirm",
    **operation(
        "Confirm an authenticator app",
        body=Confirmation,
        example={"code": "123456"},
        answer=AccessToken,
        answer_example=ACCESS_EXAMPLE,
        refusals=(401, 409, 422, 429),
    ),
)
async def confirm(request: Request) -> Response:
    """From now on, signing in takes a code of the app, or another second factor of yours. The code is a proof of it,
    so you get an access token that says so. Make recovery codes next, in case you lose the app."""
    body, who = await read_body(request, Confirmation), principal(request)
    framed = await about_oneself(request)
    if framed["dry_run"]:
        raise InvalidRequest("A code cannot be tried: each is good for once.", field="dry_run")
    offered = awaited((await oneself(request)).factors, framed["now"])
    steps = totp.steps(offered.secret, body.code, framed["now"])
    await carry_out_guess(request, ConfirmTotp(**framed, totp_id=offered.totp_id, steps=steps))
    return await stepped_up(request, who, [*who.methods, "otp", "mfa"])


@routes.delete("/auth/totp", **operation("Do without the authenticator app", status=204, refusals=(403, 409)))
async def remove(request: Request) -> Response:
    """It takes a token that you got by proving a second factor: a code of the app, say, or a recovery code if you
    have lost it, sent to POST /v1/auth/step-up."""
    await carry_out(
        request, RemoveTotp(**await about_oneself(request), proved=has_proved(principal(request)))
    )
    return Answer(b"", 204)

"""The second factors that one has, and codes for the day on which none of them is at hand."""

from __future__ import annotations

import datetime as dt

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.carrying_out import carry_out, made
from api.describe import operation, router
from api.oneself import about_oneself
from api.principal import principal
from api.reading import stream
from api.responses import answer, location
from api.second_factor import has_proved, replayed_to_who_proved
from api.services import services
from ledger.factors.commands import MakeRecoveryCodes
from ledger.identity.user import User
from ledger.sessions.commands import SessionOver

routes = router("Identity")


class TotpAnswer(TypedDict):
    """The authenticator app."""

    confirmed_at: dt.datetime
    used_at: dt.datetime | None


class FactorsAnswer(TypedDict):
    """What you can prove who you are with, beside the password. Signing in takes one of them as soon as there is an
    app or a passkey, which is what `needed` says."""

    needed: bool
    totp: TotpAnswer | None
    passkeys: int
    recovery_codes_left: int
    recovery_codes_made_at: dt.datetime | None


class RecoveryCodesAnswer(TypedDict):
    """Codes to print or to keep in a password manager. Each stands in for a second factor once. They are shown this
    once; earlier ones are good for nothing any more."""

    codes: list[str]


@routes.get(
    "/auth/factors",
    **operation(
        "Read which second factors you have",
        answer=FactorsAnswer,
        answer_example={
            "needed": True,
            "totp": {"confirmed_at": "2026-03-01T12:00:00Z", "used_at": "2026-03-02T07:30:00Z"},
            "passkeys": 1,
            "recovery_codes_left": 10,
            "recovery_codes_made_at": "2026-03-01T12:01:00Z",
        },
    ),
)
async def read(request: Request) -> Response:
    user = await stream(request, principal(request).user_id, User)
    if user is None:
        raise SessionOver("The person of this token is not known here any more.")
    factors, app = user.factors, user.factors.totp
    return answer(
        FactorsAnswer(
            needed=user.has_second_factor,
            totp=TotpAnswer(confirmed_at=app.confirmed_at, used_at=app.used_at) if app else None,
            passkeys=len(user.passkeys.keys),
            recovery_codes_left=len(factors.recovery_codes),
            recovery_codes_made_at=factors.codes_made_at,
        )
    )


@routes.post(
    "/auth/recovery-codes",
    **operation(
        "Make recovery codes anew",
        status=201,
        answer=RecoveryCodesAnswer,
        answer_example={"codes": ["b7kq-93xd-m0ev-ahtz", "0f2m-c8pn-7w5y-e1rk"]},
        refusals=(403,),
    ),
)
async def make(request: Request) -> Response:
    """Ten codes, each good for once."""
    who, codes_of = principal(request), services(request).recovery_codes
    framed = await about_oneself(request)
    codes = codes_of.make(who.user_id, framed["command_id"])
    digests = tuple(codes_of.digest(who.user_id, code) for code in codes)
    command = MakeRecoveryCodes(**framed, digests=digests, proved=has_proved(who))
    outcome = await carry_out(request, command)
    await replayed_to_who_proved(request, outcome)
    return made(command, outcome, RecoveryCodesAnswer(codes=list(codes)), [location("/v1/auth/factors")])

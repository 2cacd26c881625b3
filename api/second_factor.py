"""The second factor: what proves it, for signing in and for whatever needs a fresh proof."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator
from starlette.requests import Request

from api.carrying_out import carry_out
from api.fields import Body
from api.oneself import oneself
from api.passkey_proof import passkey_options, prove_passkey
from api.passkey_shapes import PasskeyProof
from api.principal import Principal, principal
from api.services import services
from gateways import totp
from ledger.command import Command, Outcome
from ledger.factors.commands import UseRecoveryCode, UseTotp
from ledger.factors.events import UserFactorFailed
from ledger.factors.factors import Totp
from ledger.factors.refusals import FactorProofNeeded, SecondFactorNeeded, WrongCode
from ledger.identity.user import User

Code = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{6}$"),
    Field(description="The code that the authenticator app shows.", examples=["123456"]),
]
RecoveryCode = Annotated[
    str,
    StringConstraints(max_length=64, pattern=r"^[0-9A-Za-z -]*$"),
    Field(description="A recovery code that was not used yet.", examples=["b7kq-93xd-m0ev-ahtz"]),
]

_FACTORS = frozenset({"otp", "hwk", "swk", "mfa"})


class SecondFactor(Body):
    """One proof of a second factor, at most."""

    totp: Code | None = None
    recovery_code: RecoveryCode | None = None
    passkey: PasskeyProof | None = None

    @model_validator(mode="after")
    def _one_at_a_time(self) -> Self:
        if sum(each is not None for each in (self.totp, self.recovery_code, self.passkey)) > 1:
            raise ValueError("Send one of totp, recovery_code and passkey.")
        return self


def has_proved(who: Principal) -> bool:
    """Whether a second factor was part of the last proof (RFC 8176)."""
    return not _FACTORS.isdisjoint(who.methods)


async def replayed_to_who_proved(request: Request, outcome: Outcome) -> None:
    """Tells what is told once more, under an idempotency key, to nobody who could not ask for it now: a command that
    was carried out before is not decided again. Raises FactorProofNeeded."""
    if outcome.replayed and (await oneself(request)).has_second_factor and not has_proved(principal(request)):
        raise FactorProofNeeded(
            "Send a code, or another second factor of yours, to POST /v1/auth/step-up, then try again with the token "
            "that it gives."
        )


async def prove_second_factor(request: Request, user: User, given: SecondFactor) -> tuple[str, ...]:
    """How `user`, who has a second factor, has just proved it, in the words of RFC 8176; `mfa` for the whole.

    Ask only once the password was found right, or they are signed in: the refusals say what they have. Raises
    SecondFactorNeeded, WrongCode, TooManyCodes, and what prove_passkey raises.
    """
    app = user.factors.totp
    if given.totp is not None and app is not None:
        await _prove_totp(request, user, app, given.totp)
        return "otp", "mfa"
    if given.recovery_code is not None and user.factors.codes_made_at is not None:
        await _prove_recovery_code(request, user, given.recovery_code)
        return "otp", "mfa"
    if given.passkey is not None and user.passkeys.keys:
        # A passkey beside the password, or beside a session, is a second factor, however the device asked for it.
        return tuple(dict.fromkeys((*await prove_passkey(request, user, given.passkey), "mfa")))
    raise needed(request, user)


def needed(request: Request, user: User, **more: str) -> SecondFactorNeeded:
    """The refusal that tells how they can prove a second factor, and what `more` to send along."""
    possible = {
        "totp": user.factors.totp is not None,
        "recovery_code": bool(user.factors.recovery_codes),
        "passkey": bool(user.passkeys.keys),
    }
    methods = [method for method, there in possible.items() if there]
    asked: dict[str, Any] = {"passkey_options": passkey_options(request, user)} if possible["passkey"] else {}
    return SecondFactorNeeded(
        f"Send the same again with one more field: {' or '.join(methods)}.", methods=methods, **asked, **more
    )


async def _prove_totp(request: Request, user: User, app: Totp, code: str) -> None:
    known = services(request)
    now = known.clock()
    command = UseTotp(
        command_id=known.new_id(),
        book_id=user.home_book_id,
        actor_id=user.user_id,
        now=now,
        totp_id=app.totp_id,
        steps=totp.steps(app.secret, code, now),
    )
    await carry_out_guess(request, command)


async def _prove_recovery_code(request: Request, user: User, code: str) -> None:
    known = services(request)
    command = UseRecoveryCode(
        command_id=known.new_id(),
        book_id=user.home_book_id,
        actor_id=user.user_id,
        now=known.clock(),
        digest=known.recovery_codes.digest(user.user_id, code),
    )
    await carry_out_guess(request, command)


async def carry_out_guess(request: Request, command: Command) -> None:
    """Carries out what takes a code. Raises WrongCode when that was recorded instead."""
    outcome = await carry_out(request, command)
    if any(isinstance(recorded.fact, UserFactorFailed) for recorded in outcome.facts):
        raise WrongCode("Send a code that was not used before. Codes of an app are good for about a minute.")

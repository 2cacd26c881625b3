"""A passkey as a proof of who somebody is: to sign in, as a second factor, and for what needs a fresh proof."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from api.carrying_out import carry_out
from api.passkey_shapes import PasskeyProof
from api.services import services
from gateways.passkeys import PROVING, InvalidPasskey, credential_id
from ledger.identity.user import User
from ledger.passkeys.commands import UsePasskey
from ledger.passkeys.events import UserPasskeySuspected
from ledger.passkeys.refusals import PasskeyRefused


class PasskeySuspected(PasskeyRefused):
    """There may be a copy of this passkey."""

    code = "passkey_suspected"


def passkey_options(request: Request, user: User) -> dict[str, Any]:
    """What the browser of `user`, who is known, is to ask their passkeys: PublicKeyCredentialRequestOptionsJSON."""
    return services(request).passkeys.request_options(PROVING, user.user_id.bytes, user.passkeys.keys)


async def prove_passkey(
    request: Request,
    user: User,
    proof: PasskeyProof,
    purpose: str = PROVING,
    *about: bytes,
    verified: bool = False,
) -> tuple[str, ...]:
    """How `user` has just proved who they are, in the words of RFC 8176.

    Without `about`, the challenge must have been given out about them. `verified` demands that their device made
    sure of them. Raises PasskeyRefused, ChallengeOver, PasskeySuspected."""
    known = services(request)
    credential = proof.model_dump(exclude_none=True)
    try:
        key = user.passkeys.by_credential(credential_id(credential))
        if key is None:
            raise PasskeyRefused("This passkey is not known here.")
        signed = known.passkeys.signed(
            credential, key, user.user_id, purpose, *(about or (user.user_id.bytes,)), verified=verified
        )
    except InvalidPasskey as error:
        raise PasskeyRefused(f"The passkey is not accepted: {error}.") from None
    outcome = await carry_out(
        request,
        UsePasskey(
            command_id=known.new_id(),
            book_id=user.home_book_id,
            actor_id=user.user_id,
            now=known.clock(),
            challenge=signed.challenge.digest,
            expires_at=signed.challenge.expires_at,
            passkey_id=key.passkey_id,
            sign_count=signed.sign_count,
            verified=signed.verified,
        ),
    )
    if any(isinstance(recorded.fact, UserPasskeySuspected) for recorded in outcome.facts):
        raise PasskeySuspected(
            "Its count of signatures has not risen since it was last used, as if there were two of it. Sign in "
            "another way, then remove it and add it anew."
        )
    # The key is in hardware or was copied to other devices; and the device made sure of the person, or only that
    # somebody was there.
    return ("swk" if key.synced else "hwk", "mfa" if signed.verified else "user")

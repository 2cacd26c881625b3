"""Passkeys as browsers speak of them (Web Authentication Level 3, W3C): what to ask a device, and what its answer is
worth."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import webauthn
from webauthn.helpers import options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from gateways.challenges import LIFETIME, Challenge, Challenges, InvalidChallenge

ADDING, SIGNING_IN, PROVING = "passkey add", "passkey sign in", "passkey prove"
_TIMEOUT = int(LIFETIME.total_seconds() * 1000)
_MOST_CREDENTIAL, _MOST_KEY = 1023, 4096
_TRANSPORTS = {transport.value for transport in AuthenticatorTransport}


class InvalidPasskey(Exception):
    """What the device answered proves nothing; the text says what is wrong with it."""


class KnownKey(Protocol):
    """What is known of a credential."""

    @property
    def credential_id(self) -> bytes: ...
    @property
    def public_key(self) -> bytes: ...
    @property
    def transports(self) -> tuple[str, ...]: ...


class NewKey(NamedTuple):
    """A credential that a device has just made; see ledger.passkeys.events.UserPasskeyAdded."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    aaguid: UUID
    synced: bool
    transports: tuple[str, ...]
    challenge: Challenge


class Signed(NamedTuple):
    """A signature that is right. `verified`: the device made sure of the person (by a PIN or a look at them)."""

    sign_count: int
    verified: bool
    challenge: Challenge


class Passkeys:
    """Speaks for the relying party `rp_id` (a domain), whose pages are at `origins`."""

    def __init__(self, challenges: Challenges, *, rp_id: str, origins: Sequence[str]) -> None:
        self._challenges = challenges
        self._rp_id = rp_id
        self._origins = list(origins)

    def creation_options(
        self, user_id: UUID, email: str, name: str, known: Sequence[KnownKey]
    ) -> dict[str, Any]:
        """PublicKeyCredentialCreationOptionsJSON for a further passkey of somebody who has those that are `known`."""
        options = webauthn.generate_registration_options(
            rp_id=self._rp_id,
            rp_name="Numina",
            user_id=user_id.bytes,
            user_name=email or "?",
            user_display_name=name or email or "?",
            challenge=self._challenges.issue(ADDING, user_id.bytes),
            timeout=_TIMEOUT,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED,
                user_verification=UserVerificationRequirement.PREFERRED,
            ),
            exclude_credentials=_described(known),
        )
        return options_to_json_dict(options)

    def request_options(
        self, purpose: str, about: bytes, known: Sequence[KnownKey] = (), *, verified: bool = False
    ) -> dict[str, Any]:
        """PublicKeyCredentialRequestOptionsJSON for a proof with one of the keys that are `known`, or with whichever
        the device has for this domain. `verified` demands that it makes sure of the person."""
        options = webauthn.generate_authentication_options(
            rp_id=self._rp_id,
            challenge=self._challenges.issue(purpose, about),
            timeout=_TIMEOUT,
            allow_credentials=_described(known),
            user_verification=UserVerificationRequirement.REQUIRED
            if verified
            else UserVerificationRequirement.PREFERRED,
        )
        return options_to_json_dict(options)

    def made(self, credential: Mapping[str, Any], user_id: UUID) -> NewKey:
        """The new passkey of `user_id` in a RegistrationResponseJSON. Raises InvalidPasskey."""
        raw, challenge = self._challenge(credential, ADDING, user_id.bytes)
        try:
            found = webauthn.verify_registration_response(
                credential=dict(credential),
                expected_challenge=raw,
                expected_rp_id=self._rp_id,
                expected_origin=self._origins,
            )
        except Exception as error:
            raise InvalidPasskey(_reason(error)) from error
        if len(found.credential_id) > _MOST_CREDENTIAL or len(found.credential_public_key) > _MOST_KEY:
            raise InvalidPasskey("its key is larger than any device makes")
        return NewKey(
            credential_id=found.credential_id,
            public_key=found.credential_public_key,
            sign_count=found.sign_count,
            aaguid=UUID(found.aaguid),
            synced=found.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
            transports=tuple(t for t in credential["response"].get("transports") or () if t in _TRANSPORTS),
            challenge=challenge,
        )

    def signed(
        self,
        credential: Mapping[str, Any],
        known: KnownKey,
        user_id: UUID,
        purpose: str,
        *about: bytes,
        verified: bool = False,
    ) -> Signed:
        """What an AuthenticationResponseJSON proves of the key `known` of `user_id`. `verified` demands that the
        device made sure of the person. Whether it counted on is for the ledger to judge, which alone knows how far it
        had come. Raises InvalidPasskey."""
        raw, challenge = self._challenge(credential, purpose, *about)
        handle = credential["response"].get("userHandle")
        if handle is None and purpose == SIGNING_IN:
            raise InvalidPasskey("it does not say whose it is")
        if handle is not None and _bytes(handle) != user_id.bytes:
            raise InvalidPasskey("it belongs to somebody else")
        try:
            found = webauthn.verify_authentication_response(
                credential=dict(credential),
                expected_challenge=raw,
                expected_rp_id=self._rp_id,
                expected_origin=self._origins,
                credential_public_key=known.public_key,
                credential_current_sign_count=0,
                require_user_verification=verified,
            )
        except Exception as error:
            raise InvalidPasskey(_reason(error)) from error
        if found.credential_id != known.credential_id:
            raise InvalidPasskey("it is another key")
        return Signed(found.new_sign_count, found.user_verified, challenge)

    def _challenge(
        self, credential: Mapping[str, Any], purpose: str, *about: bytes
    ) -> tuple[bytes, Challenge]:
        """The challenge that the device says it answered, if it was given out for this."""
        try:
            said = json.loads(_bytes(credential["response"]["clientDataJSON"]))
            raw = _bytes(said["challenge"])
            framed = said.get("crossOrigin", False) is not False
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise InvalidPasskey("its clientDataJSON cannot be read") from error
        if framed:
            raise InvalidPasskey("it was asked for in a frame of another page")
        try:
            return raw, self._challenges.read(raw, purpose, *about)
        except InvalidChallenge as error:
            raise InvalidPasskey(str(error)) from error


def credential_id(credential: Mapping[str, Any]) -> bytes:
    """The credential that an answer says it comes from. Raises InvalidPasskey."""
    found = _bytes(credential["rawId"])
    if not 0 < len(found) <= _MOST_CREDENTIAL:
        raise InvalidPasskey("it names no credential")
    return found


def _described(known: Sequence[KnownKey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=key.credential_id, transports=[AuthenticatorTransport(each) for each in key.transports]
        )
        for key in known
    ]


def _bytes(text: str) -> bytes:
    """Raises InvalidPasskey for what is no base64url (RFC 4648, section 5; without padding)."""
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, TypeError) as error:
        raise InvalidPasskey("it is not written in base64url") from error


def _reason(error: Exception) -> str:
    """What the library has against it. Whatever else goes wrong in reading bytes that anybody can send means the
    same: they are not what a device makes."""
    if not isinstance(error, webauthn.helpers.exceptions.WebAuthnException):
        return "it cannot be read"
    text = str(error)
    return next((told for word, told in _REASONS if word in text), "it cannot be read")


# The library's own words repeat what was sent.
_REASONS = (
    ("origin", "it was made for another page"),
    ("RP ID", "it was made for another domain"),
    ("signature", "its signature is wrong"),
    ("verification is required", "the device did not make sure that it is you"),
    ("not present", "nobody touched the device"),
    ("client data type", "it answers another kind of question"),
    ("alg", "its algorithm is not accepted"),
)

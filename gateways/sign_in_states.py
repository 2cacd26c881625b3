"""What a sign-in elsewhere begins with and must come back with: `state`, nonce and PKCE verifier (RFC 7636).

Nothing is kept in between. The state says what it is for and when it ends, under a code of the installation. Nonce
and verifier follow from it under the same key, so the address bar, where the state can be seen, does not tell them.
The browser keeps a secret of its own beside it, so that nobody can be made to finish what somebody else began.
"""

from __future__ import annotations

import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

import msgspec

from gateways.challenges import Mac
from ledger.clock import Clock

LIFETIME = timedelta(minutes=10)
_CODE = 32


class InvalidState(Exception):
    """It was not begun here for this, in this browser, or it has expired."""


class Begun(NamedTuple):
    """A sign-in that begins. `binding` is the browser's own; `challenge` is the verifier's SHA-256 (S256)."""

    state: str
    binding: str
    nonce: str
    challenge: str
    expires_at: datetime


class Resumed(NamedTuple):
    """A sign-in that came back. `digest` is the SHA-256 of its state, good until `expires_at`."""

    digest: bytes
    expires_at: datetime
    nonce: str
    verifier: str
    return_to: str


class Held(msgspec.Struct, array_like=True, frozen=True):
    """A sign-in whose person still has to prove a second factor: the fields of ledger.oidc.commands.Proved, whose
    account it is, and the digest of the browser's own secret."""

    user_id: UUID
    issuer: str
    digest: bytes
    state: bytes
    ends: int
    binding: bytes

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.ends, UTC)


class _State(msgspec.Struct, array_like=True, frozen=True):
    number: bytes
    provider: str
    about: bytes
    return_to: str
    binding: bytes
    ends: int


class SignInStates:
    """Begins sign-ins and knows them again."""

    def __init__(self, mac: Mac, clock: Clock) -> None:
        """`mac` is a code of a purpose and a message, as Vault.mac."""
        self._mac = mac
        self._clock = clock

    def begin(self, provider: str, return_to: str, about: bytes = b"") -> Begun:
        """A sign-in with `provider` that comes back at `return_to`; `about` is the person whom to link it to, if
        any."""
        expires_at = self._clock() + LIFETIME
        binding = os.urandom(32)
        state = _State(
            os.urandom(16), provider, about, return_to, sha256(binding).digest(), int(expires_at.timestamp())
        )
        body = msgspec.json.encode(state)
        return Begun(
            state=_text(self._mac(b"sign-in state", body) + body),
            binding=_text(binding),
            nonce=self._derived(b"sign-in nonce", body),
            challenge=_text(sha256(self._derived(b"sign-in verifier", body).encode()).digest()),
            expires_at=datetime.fromtimestamp(state.ends, UTC),
        )

    def read(self, text: str, binding: str, provider: str, about: bytes = b"") -> Resumed:
        """The sign-in that was begun with `provider` about `about` in the browser that has `binding`. Raises
        InvalidState."""
        body, secret = self._ours(b"sign-in state", text, binding)
        state = msgspec.json.decode(body, type=_State)
        expires_at = datetime.fromtimestamp(state.ends, UTC)
        self._good(state.binding, secret, expires_at)
        if (state.provider, state.about) != (provider, about):
            raise InvalidState("it was begun for something else")
        return Resumed(
            digest=sha256(body).digest(),
            expires_at=expires_at,
            nonce=self._derived(b"sign-in nonce", body),
            verifier=self._derived(b"sign-in verifier", body),
            return_to=state.return_to,
        )

    def hold(
        self, user_id: UUID, issuer: str, digest: bytes, state: bytes, expires_at: datetime, binding: str
    ) -> str:
        """What the browser that has `binding` is to send along with the second factor of `user_id`. Raises
        InvalidState."""
        _, secret = _read("", binding)
        bound = sha256(secret).digest()
        held = Held(user_id, issuer, digest, state, int(expires_at.timestamp()), bound)
        body = msgspec.json.encode(held)
        return _text(self._mac(b"sign-in held", body) + body)

    def held(self, text: str, binding: str) -> Held:
        """The sign-in that was held in the browser that has `binding`. Raises InvalidState."""
        body, secret = self._ours(b"sign-in held", text, binding)
        held = msgspec.json.decode(body, type=Held)
        self._good(held.binding, secret, held.expires_at)
        return held

    def _ours(self, purpose: bytes, text: str, binding: str) -> tuple[bytes, bytes]:
        """What is in `text`, which was given out here, and in `binding`."""
        raw, secret = _read(text, binding)
        code, body = raw[:_CODE], raw[_CODE:]
        if not hmac.compare_digest(code, self._mac(purpose, body)):
            raise InvalidState("the state was not given out here")
        return body, secret

    def _good(self, bound: bytes, secret: bytes, expires_at: datetime) -> None:
        if not hmac.compare_digest(bound, sha256(secret).digest()):
            raise InvalidState("it was begun in another browser")
        if expires_at <= self._clock():
            raise InvalidState("it has expired")

    def _derived(self, purpose: bytes, body: bytes) -> str:
        return _text(self._mac(purpose, body))


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _read(text: str, binding: str) -> tuple[bytes, bytes]:
    try:
        return _bytes(text), _bytes(binding)
    except ValueError as error:
        raise InvalidState("the state cannot be read") from error


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))

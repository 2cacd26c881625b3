"""Access tokens: JSON Web Tokens (RFC 7519) signed with Ed25519 (RFC 8037), verified once and remembered."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateways.signing import SigningKey
from ledger.clock import Clock
from ledger.ids import Ids

ISSUER = "numina"
AUDIENCE = "numina"
ALGORITHM = "EdDSA"
# A token of ours has about 400 characters; longer text is refused before anything is spent on it.
MAX_CHARACTERS = 2_000
REFRESH_SECONDS = 10


class Identity(NamedTuple):
    """Who a token speaks for, the book that is their own, and until when (seconds since 1970)."""

    user_id: UUID
    home_book_id: UUID
    expires: int


class InvalidToken(Exception):
    """The token is malformed, was signed by somebody else, or has expired."""


class Tokens:
    """Issues and verifies access tokens.

    A signature check costs 100 µs, so verified tokens are remembered by their text until they expire, at most
    `remembered` of them, the least recently used leaving first. For one thread (the event loop's).
    """

    def __init__(
        self,
        key: SigningKey,
        public_keys: Callable[[], Mapping[str, Ed25519PublicKey]],
        *,
        clock: Clock,
        new_id: Ids,
        lifetime: timedelta,
        remembered: int = 10_000,
    ) -> None:
        """`public_keys` tells all public halves by name: rotated keys too, and those of other processes."""
        self._key = key
        self._public_keys = public_keys
        self._asked = 0.0
        self._clock = clock
        self._new_id = new_id
        self.lifetime = lifetime
        self._publics: dict[str, Ed25519PublicKey] = {key.kid: key.private.public_key()}
        self._remembered: OrderedDict[str, Identity] = OrderedDict()
        self._most = remembered

    def issue(self, user_id: UUID, home_book_id: UUID) -> str:
        """A fresh token that is valid for `lifetime` from now."""
        now = int(self._clock().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "book": str(home_book_id),
            "iat": now,
            "exp": now + int(self.lifetime.total_seconds()),
            "jti": str(self._new_id()),
        }
        return jwt.encode(claims, self._key.private, ALGORITHM, headers={"kid": self._key.kid})

    def verify(self, token: str) -> Identity:
        """Who the token speaks for. Raises InvalidToken."""
        identity = self._remembered.get(token)
        if identity is None:
            identity = self._checked(token)
            if len(self._remembered) >= self._most:
                self._remembered.popitem(last=False)
            self._remembered[token] = identity
        else:
            self._remembered.move_to_end(token)
        if identity.expires <= self._clock().timestamp():
            self._remembered.pop(token, None)
            raise InvalidToken("the token has expired")
        return identity

    def jwks(self) -> list[dict[str, str]]:
        """The public keys whose tokens are accepted, as JWKs (RFC 7517, RFC 8037). Asks for new ones in time."""
        self._refresh()
        return [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": _base64url(public),
                "kid": kid,
                "alg": ALGORITHM,
                "use": "sig",
            }
            for kid, public in sorted(self._publics.items())
        ]

    def _checked(self, token: str) -> Identity:
        if len(token) > MAX_CHARACTERS:
            raise InvalidToken("the token is too long")
        try:
            header = jwt.get_unverified_header(token)
            claims = jwt.decode(
                token,
                self._public(header.get("kid")),
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                # Time is compared by `verify`, on the clock that was passed in.
                options={
                    "require": ["exp", "iat", "sub", "iss", "aud"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            return Identity(UUID(claims["sub"]), UUID(claims["book"]), int(claims["exp"]))
        except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise InvalidToken("the token is not one of this installation") from error

    def _public(self, kid: Any) -> Ed25519PublicKey:
        if not isinstance(kid, str) or len(kid) > 64 or not kid.isalnum():
            raise InvalidToken("the token names no key")
        if kid not in self._publics:
            self._refresh()
        if kid not in self._publics:
            raise InvalidToken("the token's key is not known here")
        return self._publics[kid]

    def _refresh(self) -> None:
        """Asks for new keys, but not again and again because somebody sends made-up names, or reads the keys: each
        time takes a connection of its own."""
        now = self._clock().timestamp()
        if now - self._asked >= REFRESH_SECONDS:
            self._asked = now
            self._publics.update(self._public_keys())


def _base64url(public: Ed25519PublicKey) -> str:
    """The raw key in base64url without padding (RFC 7515, section 2)."""
    return urlsafe_b64encode(public.public_bytes_raw()).rstrip(b"=").decode()

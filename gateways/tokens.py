"""Access tokens: JSON Web Tokens (RFC 7519) signed with Ed25519 (RFC 8037), verified once and remembered."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import jwt
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateways.signing import SigningKey
from ledger.clock import Clock
from ledger.ids import Ids

ISSUER = "numina"
AUDIENCE = "numina"
ALGORITHM = "EdDSA"
# A token of ours has about 500 characters; longer text is refused before anything is spent on it.
MAX_CHARACTERS = 2_000
REFRESH_SECONDS = 10
FOLLOW_SECONDS = 60


class Identity(NamedTuple):
    """Who a token speaks for, the book that is their own, the session that it was given to, when and by which methods
    (RFC 8176) they last proved who they are, and until when it is good (seconds since 1970)."""

    user_id: UUID
    home_book_id: UUID
    session_id: UUID
    auth_time: int
    methods: tuple[str, ...]
    expires: int


class InvalidToken(Exception):
    """The token is malformed, was signed by somebody else, or has expired."""


class UnknownKey(InvalidToken):
    """The token names a key that is not known here: perhaps not yet."""


class Keys(NamedTuple):
    """The key that tokens are signed with now, and the public halves of all whose tokens are accepted, by name."""

    current: SigningKey
    publics: Mapping[str, Ed25519PublicKey]


class Tokens:
    """Issues and verifies access tokens.

    A signature check costs 100 µs, so verified tokens are remembered by their text until they expire, at most
    `remembered` of them, the least recently used leaving first. For one thread (the event loop's).
    """

    def __init__(
        self,
        keys: Callable[[], Keys],
        *,
        clock: Clock,
        new_id: Ids,
        lifetime: timedelta,
        remembered: int = 10_000,
    ) -> None:
        """`keys` tells the keys of this moment, those that other processes made included; it may take a while."""
        self._ask = keys
        self._keys = keys()
        self._asked = float("-inf")
        self._clock = clock
        self._new_id = new_id
        self.lifetime = lifetime
        self._remembered: OrderedDict[str, Identity] = OrderedDict()
        self._most = remembered

    def issue(
        self, user_id: UUID, home_book_id: UUID, session_id: UUID, methods: Sequence[str], auth_time: int
    ) -> str:
        """A fresh token that is valid for `lifetime` from now. `auth_time` in seconds since 1970."""
        now = int(self._clock().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "book": str(home_book_id),
            "sid": str(session_id),
            "auth_time": auth_time,
            "amr": list(methods),
            "iat": now,
            "exp": now + int(self.lifetime.total_seconds()),
            "jti": str(self._new_id()),
        }
        key = self._keys.current
        return jwt.encode(claims, key.private, ALGORITHM, headers={"kid": key.kid})

    def verify(self, token: str) -> Identity:
        """Who the token speaks for. Raises InvalidToken; UnknownKey when asking for the keys again may help."""
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
        """The public keys whose tokens are accepted, as JWKs (RFC 7517, RFC 8037)."""
        return [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": _base64url(public),
                "kid": kid,
                "alg": ALGORITHM,
                "use": "sig",
            }
            for kid, public in sorted(self._keys.publics.items())
        ]

    async def refresh(self) -> None:
        """Asks for new keys, but not again and again because somebody sends made-up names: it takes a connection."""
        now = self._clock().timestamp()
        if now - self._asked >= REFRESH_SECONDS:
            self._asked = now
            self._take(await asyncio.to_thread(self._ask))

    async def follow(self) -> None:
        """Learns of new keys, and of those that are not accepted any more, until cancelled."""
        while True:
            await asyncio.sleep(FOLLOW_SECONDS)
            with suppress(psycopg.Error):
                self._take(await asyncio.to_thread(self._ask))

    def _take(self, keys: Keys) -> None:
        if self._keys.publics.keys() - keys.publics.keys():
            # Tokens of a key that was withdrawn are not believed because they were seen before.
            self._remembered.clear()
        self._keys = keys

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
                    "require": ["exp", "iat", "sub", "iss", "aud", "sid"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            return Identity(
                user_id=UUID(claims["sub"]),
                home_book_id=UUID(claims["book"]),
                session_id=UUID(claims["sid"]),
                auth_time=int(claims["auth_time"]),
                methods=tuple(map(str, claims["amr"])),
                expires=int(claims["exp"]),
            )
        except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise InvalidToken("the token is not one of this installation") from error

    def _public(self, kid: Any) -> Ed25519PublicKey:
        if not isinstance(kid, str) or len(kid) > 64 or not kid.isalnum():
            raise InvalidToken("the token names no key")
        public = self._keys.publics.get(kid)
        if public is None:
            raise UnknownKey("the token's key is not known here")
        return public


def _base64url(public: Ed25519PublicKey) -> str:
    """The raw key in base64url without padding (RFC 7515, section 2)."""
    return urlsafe_b64encode(public.public_bytes_raw()).rstrip(b"=").decode()

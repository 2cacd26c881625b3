"""Refresh tokens: opaque text that nobody can make up, of which no copy is kept."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from gateways.tokens import InvalidToken

PREFIX = "numina_r_"
_PURPOSE = b"refresh token"
_HEAD = 16 + 4
_BYTES = _HEAD + 32
_CHARACTERS = len(PREFIX) + (_BYTES * 4 + 2) // 3


class Shown(NamedTuple):
    """What a token of ours says: the session, how often it had been exchanged before, and the token's SHA-256."""

    session_id: UUID
    generation: int
    digest: bytes


class RefreshTokens:
    """Makes and reads the tokens of one installation.

    A token is the session's id, how often it was exchanged, and a code over both under the installation's own key:
    the next one can be told again to a client whose answer was lost, though none is stored.
    """

    def __init__(self, mac: Callable[[bytes, bytes], bytes]) -> None:
        """`mac` gives 32 bytes that depend on a purpose, a message and the installation's key."""
        self._mac = mac

    def issue(self, session_id: UUID, generation: int) -> str:
        """The token of the session after `generation` exchanges."""
        head = session_id.bytes + generation.to_bytes(4, "big")
        raw = head + self._mac(_PURPOSE, head)
        return PREFIX + urlsafe_b64encode(raw).rstrip(b"=").decode()

    def read(self, token: str) -> Shown:
        """What the token says. Raises InvalidToken for one that was never given out."""
        if len(token) != _CHARACTERS or not token.startswith(PREFIX) or not token.isascii():
            raise InvalidToken("this is not a refresh token")
        try:
            raw = urlsafe_b64decode(token.removeprefix(PREFIX) + "==")
        except NotBase64 as error:
            raise InvalidToken("this is not a refresh token") from error
        head, code = raw[:_HEAD], raw[_HEAD:]
        if not hmac.compare_digest(code, self._mac(_PURPOSE, head)):
            raise InvalidToken("this refresh token is not one of this installation")
        session_id, generation = UUID(bytes=head[:16]), int.from_bytes(head[16:], "big")
        return Shown(session_id, generation, digest(self.issue(session_id, generation)))


def digest(token: str) -> bytes:
    """What is stored of a token: its SHA-256."""
    return sha256(token.encode("ascii")).digest()

"""Challenges: bytes that nobody can make up, good for one purpose, about one thing, for five minutes.

Nothing is kept until one is answered: its end is in it, and a code under the installation's key ties both to what it
is for. Whoever takes an answer must keep the digest until then, so that it is not taken twice.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from ledger.clock import Clock

LIFETIME = timedelta(minutes=5)
# 16 random bytes (Web Authentication, section 13.4.3), milliseconds since 1970, and the code.
_RANDOM, _END, _CODE = 16, 8, 32
Mac = Callable[[bytes, bytes], bytes]


class InvalidChallenge(Exception):
    """It was not given out here for this, or it has expired."""


class Challenge(NamedTuple):
    """What is kept of an answered challenge: its SHA-256, and its end."""

    digest: bytes
    expires_at: datetime


class Challenges:
    """Gives challenges out and knows them again."""

    def __init__(self, mac: Mac, clock: Clock) -> None:
        """`mac` is a code of a purpose and a message, as Vault.mac."""
        self._mac = mac
        self._clock = clock

    def issue(self, purpose: str, about: bytes) -> bytes:
        """A fresh challenge for `purpose`, about `about` (a person's id, say; or nothing)."""
        end = int((self._clock() + LIFETIME).timestamp() * 1000)
        body = os.urandom(_RANDOM) + end.to_bytes(_END, "big")
        return body + self._code(purpose, about, body)

    def read(self, challenge: bytes, purpose: str, *about: bytes) -> Challenge:
        """The challenge, if it was given out for `purpose` and one of `about`. Raises InvalidChallenge."""
        body, code = challenge[: _RANDOM + _END], challenge[_RANDOM + _END :]
        known = [hmac.compare_digest(self._code(purpose, each, body), code) for each in about]
        if len(code) != _CODE or not any(known):
            raise InvalidChallenge("the challenge was not given out here for this")
        end = datetime.fromtimestamp(int.from_bytes(body[_RANDOM:], "big") / 1000, UTC)
        if end <= self._clock():
            raise InvalidChallenge("the challenge has expired")
        return Challenge(sha256(challenge).digest(), end)

    def _code(self, purpose: str, about: bytes, body: bytes) -> bytes:
        name = purpose.encode()
        return self._mac(b"challenge", len(name).to_bytes(1, "big") + name + body + about)

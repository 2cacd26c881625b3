"""API keys: text that secret scanners recognise, that nobody can make up, and of which no copy is kept."""

from __future__ import annotations

import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from binascii import crc32
from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from gateways.tokens import InvalidToken

PREFIX = "numina_k_"
_PURPOSE = b"api key"
_ID, _SECRET, _CODE, _SUM = 16, 32, 8, 4
_CODED = _ID + _SECRET
_SUMMED = _CODED + _CODE
# 60 bytes are 80 characters with no bit left over, so no two texts mean the same.
_CHARACTERS = len(PREFIX) + (_SUMMED + _SUM) // 3 * 4


class Shown(NamedTuple):
    """What a key of ours says: its id, and the SHA-256 of its text."""

    key_id: UUID
    digest: bytes


class ApiKeys:
    """Makes and reads the keys of one installation.

    `numina_k_` and 80 characters of base64url: the key's id, 32 random bytes, a code over both under the
    installation's own key, so that made-up keys are turned away before anything is asked of the database, and the
    CRC-32 of all that, by which a scanner tells a key from other text with no help from us.
    """

    def __init__(self, mac: Callable[[bytes, bytes], bytes]) -> None:
        """`mac` gives 32 bytes that depend on a purpose, a message and the installation's key."""
        self._mac = mac

    def make(self, key_id: UUID) -> str:
        """A fresh key of this id; each call gives another."""
        coded = key_id.bytes + os.urandom(_SECRET)
        summed = coded + self._mac(_PURPOSE, coded)[:_CODE]
        return PREFIX + urlsafe_b64encode(summed + crc32(summed).to_bytes(_SUM, "big")).decode()

    def read(self, key: str) -> Shown:
        """What the key says. Raises InvalidToken for one that was never given out."""
        if len(key) != _CHARACTERS or not key.startswith(PREFIX) or not key.isascii():
            raise InvalidToken("this is not an API key")
        try:
            raw = urlsafe_b64decode(key.removeprefix(PREFIX))
        except NotBase64 as error:
            raise InvalidToken("this is not an API key") from error
        if len(raw) != _SUMMED + _SUM or crc32(raw[:_SUMMED]) != int.from_bytes(raw[_SUMMED:], "big"):
            raise InvalidToken("this API key is not whole")
        coded, code = raw[:_CODED], raw[_CODED:_SUMMED]
        if not hmac.compare_digest(code, self._mac(_PURPOSE, coded)[:_CODE]):
            raise InvalidToken("this API key is not one of this installation")
        return Shown(UUID(bytes=raw[:_ID]), digest(key))


def digest(key: str) -> bytes:
    """What is stored of a key: its SHA-256. The key has 32 random bytes, so nobody finds it by trying."""
    return sha256(key.encode("ascii")).digest()

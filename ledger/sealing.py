"""Personal text sealed inside a fact: AES-256-GCM, one field at a time, under a key that can be destroyed."""

from __future__ import annotations

import hmac
import os
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from typing import Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.record import Fact

NONCE_BYTES = 12


class DataKey:
    """The key of one book or person: seals, unseals, and fingerprints text for equality checks."""

    def __init__(self, secret: bytes) -> None:
        """`secret` is 32 random bytes."""
        self._aead = AESGCM(secret)
        self._encrypt = self._aead.encrypt
        self._decrypt = self._aead.decrypt
        self._mac = hmac.new(secret, b"numina fingerprint", "sha256").digest()

    def seal(self, text: str, place: bytes, nonce: bytes) -> str:
        return b2a_base64(nonce + self._encrypt(nonce, text.encode(), place), newline=False).decode("ascii")

    def unseal(self, sealed: str, place: bytes) -> str:
        """Raises SealBroken when the bytes were made for another place or changed since."""
        raw = a2b_base64(sealed)
        try:
            return self._decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place).decode()
        except InvalidTag as error:
            raise SealBroken(f"sealed text does not belong at {place!r}") from error

    def fingerprint(self, text: str) -> bytes:
        """16 bytes that are equal for equal text and say nothing about it to who lacks the key."""
        return hmac.new(self._mac, text.encode(), "sha256").digest()[:16]


class SealBroken(Exception):
    """Sealed text was changed or moved: the record has been tampered with."""


class Keys(Protocol):
    """The vault as the ledger sees it."""

    def of(self, subject_id: UUID) -> DataKey | None:
        """The key of a book or person, made when there is none yet; None once it was destroyed."""

    def fingerprint(self, text: str) -> bytes:
        """A fingerprint under the installation's own key, for what must be unique across everybody."""


class Nonces:
    """Random nonces, drawn from the operating system many at a time: each call into it lets go of the
    interpreter's lock, and a busy thread beside this one may keep it for milliseconds. For one thread."""

    def __init__(self, source: Callable[[int], bytes] = os.urandom, at_once: int = 512) -> None:
        self._source = source
        self._size = at_once * NONCE_BYTES
        self._drawn = b""
        self._used = 0

    def __call__(self) -> bytes:
        """12 bytes that were never given out before (but for chance: NIST SP 800-38D, 8.2.2)."""
        start = self._used
        nonce = self._drawn[start : start + NONCE_BYTES]
        if len(nonce) < NONCE_BYTES:
            self._drawn, start = self._source(self._size), 0
            nonce = self._drawn[:NONCE_BYTES]
        self._used = start + NONCE_BYTES
        return nonce


def sealed(
    fact: Fact, stream_id: UUID, version: int, key: DataKey, nonce: Callable[[], bytes]
) -> Mapping[str, str]:
    """The fact's text with every field sealed in its place: the stream, version and name of the field are bound
    into the seal, so that it cannot be moved to another fact."""
    prefix = stream_id.int.to_bytes(16, "big") + version.to_bytes(8, "big")
    seal = key.seal
    return {field: seal(text, prefix + field.encode(), nonce()) for field, text in fact.text.items()}


def unsealed(
    text: Mapping[str, str], stream_id: UUID, version: int, key: DataKey | None
) -> Mapping[str, str]:
    """The plain text of a stored fact; nothing once the key was destroyed. Raises SealBroken."""
    if key is None:
        return {}
    prefix = stream_id.bytes + version.to_bytes(8, "big")
    unseal = key.unseal
    return {field: unseal(value, prefix + field.encode()) for field, value in text.items()}


def subject(fact: Fact | type[Fact], stream_id: UUID, book_id: UUID) -> UUID:
    """Whose key seals this fact's text."""
    return stream_id if fact.sealed_for == "person" else book_id

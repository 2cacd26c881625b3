"""Personal text sealed inside a fact: AES-256-GCM, one field at a time, under a key that can be destroyed."""

from __future__ import annotations

import hmac
import os
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from itertools import chain
from struct import Struct
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

    def seal(self, text: Mapping[str, str], place: bytes, nonce: Callable[[], bytes]) -> dict[str, str]:
        """Every field of `text` sealed at `place` under its name, each with a nonce of its own."""
        encrypt, made = self._encrypt, {}
        for field, value in text.items():
            fresh = nonce()
            raw = fresh + encrypt(fresh, value.encode(), place + field.encode())
            made[field] = b2a_base64(raw, newline=False).decode()
        return made

    def unseal(self, sealed: Mapping[str, str], place: bytes) -> dict[str, str]:
        """What `seal` was given. Raises SealBroken when a field was made for another place or changed since."""
        decrypt, made = self._decrypt, {}
        for field, value in sealed.items():
            raw = a2b_base64(value)
            try:
                text = decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place + field.encode())
            except InvalidTag as error:
                raise SealBroken(f"the sealed {field} does not belong at {place!r}") from error
            made[field] = text.decode()
        return made

    def seal_bytes(self, content: bytes, place: bytes) -> bytes:
        """`content` sealed at `place`, behind a nonce of its own."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._encrypt(nonce, content, place)

    def unseal_bytes(self, sealed: bytes, place: bytes) -> bytes:
        """What `seal_bytes` was given. Raises SealBroken."""
        try:
            return self._decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place)
        except InvalidTag as error:
            raise SealBroken(f"what was sealed does not belong at {place!r}") from error

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


def nonces(source: Callable[[int], bytes] = os.urandom, at_once: int = 512) -> Callable[[], bytes]:
    """Gives 12 random bytes at each call, never given out before (but for chance: NIST SP 800-38D, 8.2.2).

    Drawn from the operating system many at a time: each call into it lets go of the interpreter's lock, and a
    busy thread beside this one may keep it for milliseconds. For one thread.
    """

    cut = Struct(f"{NONCE_BYTES}s" * at_once).unpack
    drawn = iter(lambda: cut(source(at_once * NONCE_BYTES)), ())
    return chain.from_iterable(drawn).__next__


def sealed(
    fact: Fact, stream_id: UUID, version: int, key: DataKey, nonce: Callable[[], bytes]
) -> Mapping[str, str]:
    """The fact's text with every field sealed in its place: the stream, version and name of the field are bound
    into the seal, so that it cannot be moved to another fact."""
    return key.seal(fact.text, stream_id.int.to_bytes(16, "big") + version.to_bytes(8, "big"), nonce)


def unsealed(
    text: Mapping[str, str], stream_id: UUID, version: int, key: DataKey | None
) -> Mapping[str, str]:
    """The plain text of a stored fact; nothing once the key was destroyed. Raises SealBroken."""
    if key is None:
        return {}
    return key.unseal(text, stream_id.int.to_bytes(16, "big") + version.to_bytes(8, "big"))


def subject(fact: Fact | type[Fact], stream_id: UUID, book_id: UUID) -> UUID:
    """Whose key seals this fact's text."""
    return stream_id if fact.sealed_for == "person" else book_id

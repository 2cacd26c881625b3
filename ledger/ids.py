"""Identifiers: time-ordered UUIDs (RFC 9562 version 7), and ids derived from what they stand for."""

from __future__ import annotations

from hashlib import sha256
from typing import Protocol
from uuid import UUID

from uuid_utils.compat import uuid7

NIL = UUID(int=0)


class Ids(Protocol):
    """A source of fresh ids; tests pass a counted one."""

    def __call__(self) -> UUID: ...


def new_id() -> UUID:
    """A fresh version 7 UUID: later ids sort later, so indexes on them grow at one end."""
    return uuid7()


def derived_id(*parts: bytes | str) -> UUID:
    """The version 8 UUID that stands for `parts`: the same parts always give the same id.

    Parts are length-prefixed before hashing, so ("ab", "c") and ("a", "bc") differ.
    """
    digest = sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(4, "big") + raw)
    number = int.from_bytes(digest.digest()[:16], "big")
    number = number & ~(0xF << 76) | (8 << 76)
    number = number & ~(0b11 << 62) | (0b10 << 62)
    return UUID(int=number)

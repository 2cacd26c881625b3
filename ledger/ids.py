"""Identifiers: time-ordered UUIDs (RFC 9562 version 7), and ids derived from what they stand for."""

from __future__ import annotations

from hashlib import sha256
from struct import Struct
from typing import Protocol
from uuid import UUID

from uuid_utils.compat import uuid7

NIL = UUID(int=0)
# The bits that say the version and variant, in a derived id's number and in every other number.
_VERSION_8 = (8 << 76) | (0b10 << 62)
_FREE = ~((0xF << 76) | (0b11 << 62))
_INDEX = Struct(">II")


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
    return _of(sha256(b"".join(map(_prefixed, parts))).digest())


def derived_ids(*parts: bytes | str, count: int) -> list[UUID]:
    """What `derived_id` says of `parts` and each index below `count`, as four bytes after them."""
    digest = sha256(b"".join(map(_prefixed, parts)))
    made = []
    for index in range(count):
        one = digest.copy()
        one.update(_INDEX.pack(4, index))
        made.append(_of(one.digest()))
    return made


def _prefixed(part: bytes | str) -> bytes:
    raw = part.encode() if isinstance(part, str) else part
    return len(raw).to_bytes(4, "big") + raw


def _of(digest: bytes) -> UUID:
    number = int.from_bytes(digest[:16], "big")
    return UUID(int=number & _FREE | _VERSION_8)

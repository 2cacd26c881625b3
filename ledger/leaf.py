"""The leaf of a fact: the canonical bytes that enter the Merkle tree, and their JSON twin for auditors.

The bytes are a fixed header (big-endian position, version, microseconds since 1970-01-01T00:00Z, then the
16 bytes of the stream, book, actor and command ids), the topic and the command's kind as UTF-8 each behind a
16-bit length, and last the state exactly as stored. Two different facts never share a leaf, because every
part is of fixed width or carries its length, and only the last part runs to the end.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from struct import Struct
from typing import NamedTuple
from uuid import UUID

_HEADER = Struct(">QQq16s16s16s16s")
_LENGTH = Struct(">H")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)


class MalformedLeaf(ValueError):
    """A fact's JSON form is missing a field, or a field has a shape that no stored fact has."""


class Leaf(NamedTuple):
    """Everything of a fact that the Merkle tree vouches for, in the order in which it is hashed."""

    position: int
    stream_id: UUID
    version: int
    topic: str
    book_id: UUID
    recorded_at: datetime
    actor_id: UUID
    command_id: UUID
    command: str
    state: bytes


def leaf(
    position: int,
    stream_id: UUID,
    version: int,
    topic: str,
    book_id: UUID,
    recorded_at: datetime,
    actor_id: UUID,
    command_id: UUID,
    command: str,
    state: bytes,
) -> bytes:
    """The canonical bytes of one fact.

    `position` and `version` count from 1, `recorded_at` is aware (any zone, microsecond resolution), `state`
    is the stored UTF-8 JSON. Raises TypeError for a naive instant and struct.error for a number or a topic
    that does not fit (64 bits; 65,535 bytes).
    """
    since = recorded_at - _EPOCH
    # Integers only: a float holds no microsecond of this century exactly.
    microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return b"".join(
        (
            _HEADER.pack(
                position,
                version,
                microseconds,
                stream_id.int.to_bytes(16),
                book_id.int.to_bytes(16),
                actor_id.int.to_bytes(16),
                command_id.int.to_bytes(16),
            ),
            _measured(topic),
            _measured(command),
            state,
        )
    )


@lru_cache(1024)
def _measured(text: str) -> bytes:
    """UTF-8 behind its length. Cached: a record has millions of facts and few dozens of topics."""
    encoded = text.encode()
    return _LENGTH.pack(len(encoded)) + encoded


def to_json(fact: Leaf) -> dict[str, object]:
    """The JSON form of a fact, as in the export and in proofs: ids in lower-case hex, the instant in RFC 3339
    with six decimals and `Z`, the state as the stored text (a string, not an object: re-encoding JSON would
    change its bytes). Raises UnicodeDecodeError when the state is not UTF-8."""
    return {
        "position": fact.position,
        "stream_id": str(fact.stream_id),
        "version": fact.version,
        "topic": fact.topic,
        "book_id": str(fact.book_id),
        "recorded_at": fact.recorded_at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z",
        "actor_id": str(fact.actor_id),
        "command_id": str(fact.command_id),
        "command": fact.command,
        "state": fact.state.decode(),
    }


def from_json(document: Mapping[str, object]) -> Leaf:
    """The fact that `to_json` wrote. Raises MalformedLeaf; unknown fields are ignored."""
    return Leaf(
        position=_count(document, "position"),
        stream_id=_uuid(document, "stream_id"),
        version=_count(document, "version"),
        topic=_short(document, "topic"),
        book_id=_uuid(document, "book_id"),
        recorded_at=_instant(document, "recorded_at"),
        actor_id=_uuid(document, "actor_id"),
        command_id=_uuid(document, "command_id"),
        command=_short(document, "command"),
        state=_text(document, "state").encode(),
    )


def _count(document: Mapping[str, object], field: str) -> int:
    value = document.get(field)
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise MalformedLeaf(f"{field} must be an integer from 0 to 2^63-1")
    return value


def _text(document: Mapping[str, object], field: str) -> str:
    value = document.get(field)
    if not isinstance(value, str):
        raise MalformedLeaf(f"{field} must be a string")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise MalformedLeaf(f"{field} must be valid Unicode") from error
    return value


def _short(document: Mapping[str, object], field: str) -> str:
    value = _text(document, field)
    if len(value.encode()) > 0xFFFF:
        raise MalformedLeaf(f"{field} must have at most 65,535 bytes")
    return value


def _uuid(document: Mapping[str, object], field: str) -> UUID:
    value = _text(document, field)
    if not _UUID.fullmatch(value):
        raise MalformedLeaf(f"{field} must be a lower-case UUID with hyphens")
    return UUID(value)


def _instant(document: Mapping[str, object], field: str) -> datetime:
    value = _text(document, field)
    if not _INSTANT.fullmatch(value):
        raise MalformedLeaf(f"{field} must be like 2026-01-31T23:59:59.000000Z")
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise MalformedLeaf(f"{field} is no instant of the calendar") from error

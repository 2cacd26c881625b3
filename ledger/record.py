"""A fact is something that became true and stays recorded; here is how facts are named, stored and read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import msgspec

TEXT: Mapping[str, str] = {}


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The base of every fact.

    `topic` is the stored name, explicit and for ever ("transaction.posted"); its first word is the noun whose
    stream the fact belongs to. `text` holds the personal words (payee, notes, names), one entry a field: plain
    in memory, each entry sealed on its own in storage, and empty once the key was destroyed. Everything else
    is stored in the clear, so that amounts and proofs survive the forgetting.

    `sealed_for` says whose key seals the text: the book's (column book_id) or the person's (the stream). One that
    `begins` is the first of its stream, whose id is fresh.
    """

    topic: ClassVar[str] = ""
    sealed_for: ClassVar[str] = "book"
    begins: ClassVar[bool] = False

    text: Mapping[str, str] = {}


class Recorded(msgspec.Struct, frozen=True):
    """One row of the record: a fact with where, when, by whom and by which command it was recorded.

    `position` is the global cursor, gap-free from 1; `version` counts from 1 within the stream; `recorded_at`
    is aware UTC and never falls as positions rise; `state` holds the bytes as stored, which the proofs hash.
    """

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
    fact: Fact


class UnknownTopic(LookupError):
    """The record holds a topic that this release cannot read: it was written by a newer one."""


F = TypeVar("F", bound=type[Fact])

_decoders: dict[str, msgspec.json.Decoder[Any]] = {}
_facts: dict[str, type[Fact]] = {}
_upcasters: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {}
_encoder = msgspec.json.Encoder()


def fact(cls: F) -> F:
    """Registers a fact class under its topic. A topic is taken once; a changed shape is a successor
    ("transaction.posted/2") with an upcaster from the old one."""
    if not cls.topic or cls.topic in _facts:
        raise ValueError(f"{cls.__name__} needs a topic of its own, not {cls.topic!r}")
    _facts[cls.topic] = cls
    _decoders[cls.topic] = msgspec.json.Decoder(cls)
    return cls


def upcaster(
    old: str, new: str
) -> Callable[[Callable[[dict[str, Any]], dict[str, Any]]], Callable[[dict[str, Any]], dict[str, Any]]]:
    """Registers how the stored object of topic `old` becomes one of topic `new`; the bytes stay as they are."""

    def register(
        change: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> Callable[[dict[str, Any]], dict[str, Any]]:
        _upcasters[old] = (new, change)
        return change

    return register


def encode(fact: Fact) -> bytes:
    """The stored bytes: UTF-8 JSON with the fields in the order of the class, defaults left out."""
    return _encoder.encode(fact)


def decode(topic: str, state: bytes) -> Fact:
    """The fact in `state`, its text still sealed; old topics are brought up to date. Raises UnknownTopic."""
    decoder = _decoders.get(topic)
    if decoder is not None:
        return decoder.decode(state)  # type: ignore[no-any-return]  # the registry maps a topic to its class
    if topic not in _upcasters:
        raise UnknownTopic(f"this release cannot read facts of topic {topic!r}; upgrade Numina")
    raw = msgspec.json.decode(state)
    while topic in _upcasters:
        topic, change = _upcasters[topic]
        raw = change(raw)
    return msgspec.convert(raw, _facts[topic], strict=False)


def topics() -> Mapping[str, type[Fact]]:
    """Every current topic and its class."""
    return dict(_facts)

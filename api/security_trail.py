"""Somebody's own security trail: what was done to their account, sessions, API keys and places in books, and from
where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from starlette.requests import Request

from api.principal import principal
from api.reading import Connection
from api.services import services
from ledger.record import Fact, Recorded
from projections.security import beginnings, security_log
from projections.trail import Filter

# Of the words, these are shown; others may be secrets.
_SHOWN = frozenset(
    {"name", "device", "address", "reason", "email", "previous", "wanted", "provider", "country"}
)
_WITH_DEVICE = ("session", "key")


class Whence(msgspec.Struct, frozen=True):
    """What the device calls itself, or the API key is called, and the network that it came from."""

    device: str | None = None
    address: str | None = None


async def security_page(
    request: Request, connection: Connection, wanted: Filter, limit: int
) -> list[tuple[Recorded, Whence]]:
    """The facts that concern whoever asks and pass the filter, newest first, and where each came from."""
    keys, user_id = services(request).vault, principal(request).user_id
    found = await security_log(connection, keys, user_id, wanted, limit)
    of_device = {r.stream_id for r in found if r.topic.startswith(tuple(f"{n}." for n in _WITH_DEVICE))}
    began = {r.stream_id: r.fact for r in await beginnings(connection, keys, of_device)} if of_device else {}
    return [(recorded, _whence(recorded, began)) for recorded in found]


def told(fact: Fact) -> Mapping[str, Any]:
    """What a fact says, without what is a secret or says nothing to people."""
    fields = {name: getattr(fact, name) for name in fact.__struct_fields__ if name != "text"}
    plain = {name: value for name, value in fields.items() if not _raw(value)}
    words = {word: said for word, said in fact.text.items() if word in _SHOWN}
    shown: Mapping[str, Any] = msgspec.to_builtins(plain | words)
    return shown


def _raw(value: Any) -> bool:
    """Whether it is bytes, or some: digests, and keys of devices."""
    return isinstance(value, bytes) or (isinstance(value, tuple) and any(map(_raw, value)))


def _whence(recorded: Recorded, began: Mapping[UUID, Fact]) -> Whence:
    first = began.get(recorded.stream_id)
    if first is None:
        return Whence()
    text = {**first.text, **recorded.fact.text}
    return Whence(text.get("device") or text.get("name"), text.get("address"))

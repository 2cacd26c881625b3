"""Answers: JSON that was encoded once, with the headers that every answer of a kind bears."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

JSON = b"application/json"
Header = tuple[bytes, bytes]


class Answer(Response):
    """A finished answer; sending it costs two messages and no further encoding."""

    def __init__(
        self, content: bytes, status: int = 200, headers: Sequence[Header] = (), *, media: bytes = JSON
    ) -> None:
        self.body = content
        self.status_code = status
        self.background = None
        self.raw_headers = [
            (b"content-type", media),
            (b"content-length", b"%d" % len(content)),
            *headers,
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body})


def encoded(payload: Any) -> bytes:
    """`payload` as JSON: ids, dates and instants in their standard forms, instants in UTC with `Z`."""
    return orjson.dumps(payload, option=orjson.OPT_UTC_Z)


def answer(payload: Any, status: int = 200, headers: Sequence[Header] = ()) -> Answer:
    """`payload` as a JSON answer."""
    return Answer(encoded(payload), status, headers)


def etag(version: int) -> Header:
    """The entity tag of a version: strong, because a version's representation does not change."""
    return (b"etag", b'"%d"' % version)


def location(path: str) -> Header:
    """Where what was just made is found. `path` is ASCII."""
    return (b"location", path.encode("ascii"))

"""One HTTP/1.1 keep-alive connection of the load client: bytes out, whole answers in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple


class Address(NamedTuple):
    host: str
    port: int


class LoadFailed(Exception):
    """An answer was not 2xx, or a connection broke: the run's figures would mean nothing."""


def request(
    method: str, path: str, address: Address, *, token: str = "", key: str = "", body: bytes = b""
) -> bytes:
    """One encoded request; `key` is its Idempotency-Key."""
    head = f"{method} {path} HTTP/1.1\r\nHost: {address.host}:{address.port}\r\n"
    if token:
        head += f"Authorization: Bearer {token}\r\n"
    if key:
        head += f"Idempotency-Key: {key}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def body(answer: bytes) -> bytes:
    """What follows the head of a whole answer."""
    return answer.partition(b"\r\n\r\n")[2]


class Connection(asyncio.Protocol):
    """Has at most one request under way; calls `answered(self, answer)` or `failed(why)`."""

    def __init__(self, answered: Callable[[Connection, bytes], None], failed: Callable[[str], None]) -> None:
        self._answered = answered
        self._failed = failed
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's is no subclass

    def send(self, message: bytes, since: float) -> None:
        """Sends; `since` is when the request was due, which its latency counts from."""
        assert self._transport is not None
        self.since = since
        self._transport.write(message)

    def data_received(self, data: bytes) -> None:
        answer = self._buffer + data if self._buffer else data
        head = answer.find(b"\r\n\r\n")
        if head < 0:
            self._buffer = answer
            return
        size = _content_length(answer, head)
        if size is None or answer[9:10] != b"2":
            self._failed(answer[:2000].decode(errors="replace"))
            return
        if len(answer) < head + 4 + size:
            self._buffer = answer
            return
        self._buffer = b""
        self._answered(self, answer)

    def connection_lost(self, error: Exception | None) -> None:
        self._failed(f"the service closed the connection: {error}")

    def close(self) -> None:
        self._failed = _ignore
        if self._transport is not None:
            self._transport.close()


def _ignore(_reason: str) -> None:
    pass


def _content_length(answer: bytes, head: int) -> int | None:
    """The body's length; None where the answer does not say."""
    start = answer.find(b"content-length: ", 0, head)
    if start < 0:
        start = answer.find(b"Content-Length: ", 0, head)
    if start < 0:
        return 0 if answer[9:12] == b"204" else None
    return int(answer[start + 16 : answer.find(b"\r", start)])

"""HTTP/1.1 connections that nobody can hold open, or fill up, without asking for something.

uvicorn bounds how long a connection may rest between two requests, and nothing else: a head may come a byte at a
time, for ever, and be of any size; so may what follows a body in chunks. Bodies are bounded by api.middleware, which
knows their limits; that they arrive at all is bounded here.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class TooMuch(Exception):
    """The client sent more requests at once than anybody would."""


class BoundedConnection(HttpToolsProtocol):
    """One connection. Times are in seconds, sizes in bytes."""

    head_seconds: ClassVar[float] = 20.0
    """For the request line and the header fields, from the first byte; or for that byte, on a new connection."""
    request_seconds: ClassVar[float] = 300.0
    """For the whole of a request, body included: 16 MiB at half a megabit a second."""
    head_bytes: ClassVar[int] = 64 * 1024
    pipelined: ClassVar[int] = 100
    """Requests that may wait behind the one that is being answered."""
    watch_seconds: ClassVar[float] = 2.0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._in_head = True
        self._completed = False
        self._received = 0
        self._deadline = inf
        self._watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._deadline = self.loop.time() + self.head_seconds
        self._watch = self.loop.call_later(self.watch_seconds, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._completed = False
        super().data_received(data)
        if self._in_head and not self._completed:
            self._received += len(data)
            if self._received > self.head_bytes:
                self._refuse(b"431 Request Header Fields Too Large")
            elif self._deadline == inf and (self.cycle is None or self.cycle.response_complete):
                # Empty lines before a request: uvicorn no longer counts the time, and no request has begun.
                self._deadline = self.loop.time() + self.head_seconds

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._deadline = self.loop.time() + self.head_seconds

    def on_header(self, name: bytes, value: bytes) -> None:
        # What comes after a body in chunks is read by nobody, and is not kept.
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= self.pipelined:
            raise TooMuch
        super().on_headers_complete()
        self._in_head = False
        self._deadline = self.loop.time() + self.request_seconds

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head = self._completed = True
        self._received = 0
        self._deadline = inf

    def _unsupported_upgrade_warning(self) -> None:
        # Whoever asks for a WebSocket is answered without one; a line in the log for each would be theirs to fill.
        pass

    def _look(self) -> None:
        """One timer a connection, not one a request: it looks now and then whether the time is over."""
        if self.loop.time() > self._deadline:
            self._refuse(b"408 Request Timeout")
        else:
            self._watch = self.loop.call_later(self.watch_seconds, self._look)

    def _refuse(self, status: bytes) -> None:
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(
                b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            )
        self.transport.close()

"""The outermost layer, in plain ASGI: request ids, security headers, body limit, timing, the last resort."""

from __future__ import annotations

import re
from collections.abc import Mapping
from time import perf_counter

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.metrics import Metrics
from api.services import Context, Services

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._~:/+=-]{1,128}")
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"cache-control", b"no-store"),
]
_log = structlog.get_logger("numina.http")


class Edge:
    """Wraps the whole application; one wrapper, because each costs a frame on every message."""

    def __init__(
        self, app: ASGIApp, services: Services, metrics: Metrics, body_limit: int, wide: Mapping[str, int]
    ) -> None:
        """`body_limit` is in bytes, inclusive; `wide` are the paths that accept another size."""
        self.app = app
        self._services = services
        self._metrics = metrics
        self._limit = body_limit
        self._wide = wide

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        given = headers.get(b"x-request-id")
        known = given is not None and _REQUEST_ID.fullmatch(given) is not None
        request_id = given.decode() if given is not None and known else str(self._services.new_id())
        context = Context(self._services, headers, request_id)
        scope["numina"] = context
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    *_SECURITY,
                    (b"x-request-id", request_id.encode()),
                    (b"numina-position", b"%d" % context.position),
                ]
            await send(message)

        try:
            await self._limited(scope, headers, receive, sending)
        except ClientDisconnect:
            status = status or 499
        except Exception as error:
            _log.error("request failed", request_id=request_id, path=scope["path"], exc_info=error)
            if status:
                raise
            await problems.unexpected(request_id)(scope, receive, sending)
        finally:
            self._metrics.observe(scope, status, perf_counter() - began)

    async def _limited(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: Send) -> None:
        length = headers.get(b"content-length")
        if length is not None:
            limit = self._wide.get(scope["path"], self._limit)
            if not length.isdigit() or len(length) > 15 or int(length) > limit:
                await problems.refused(_too_large(limit))(scope, receive, send)
                return
        elif b"transfer-encoding" in headers:
            receive = _counted(receive, self._wide.get(scope["path"], self._limit))
        await self.app(scope, receive, send)


def _counted(receive: Receive, limit: int) -> Receive:
    """A body without a declared length is counted as it arrives."""
    seen = 0

    async def counting() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise _too_large(limit)
        return message

    return counting


def _too_large(limit: int) -> problems.BodyTooLarge:
    return problems.BodyTooLarge(f"At most {limit} bytes at once.", limit=limit)

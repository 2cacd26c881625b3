"""The outermost layer, in plain ASGI: request ids, security headers, body limit, timing, the last resort."""

from __future__ import annotations

import re
from collections.abc import Mapping
from time import perf_counter

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.cors import CrossOrigin
from api.metrics import Metrics
from api.proxies import Proxies, household
from api.rates import RateLimited, fields
from api.responses import Answer
from api.services import Context, Services

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._~:/+=-]{1,128}")
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"cache-control", b"no-store"),
]
# For whatever is opened by itself in a browser and is no page of ours.
_NO_CONTENT = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_log = structlog.get_logger("numina.http")


class Edge:
    """Wraps the whole application; one wrapper, because each costs a frame on every message."""

    def __init__(
        self,
        app: ASGIApp,
        services: Services,
        metrics: Metrics,
        *,
        body_limit: int,
        wide: Mapping[str, int],
        proxies: Proxies,
        cross_origin: CrossOrigin,
    ) -> None:
        """`body_limit` is in bytes, inclusive; `wide` are the paths that accept another size."""
        self.app = app
        self._services = services
        self._metrics = metrics
        self._limit = body_limit
        self._wide = wide
        self._proxies = proxies
        self._cross_origin = cross_origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        given = headers.get(b"x-request-id")
        known = given is not None and _REQUEST_ID.fullmatch(given) is not None
        request_id = given.decode() if given is not None and known else str(self._services.new_id())
        context = Context(self._services, headers, request_id, self._proxies.client(scope))
        scope["numina"] = context
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = message["headers"]
                if not any(name == b"content-security-policy" for name, _ in own):
                    own = [*own, _NO_CONTENT]
                message["headers"] = [
                    *own,
                    *_SECURITY,
                    *fields(context.counted),
                    *self._cross_origin.fields(headers),
                    (b"x-request-id", request_id.encode()),
                    (b"numina-position", b"%d" % context.position),
                ]
            await send(message)

        try:
            await self._admitted(scope, context, receive, sending)
        except ClientDisconnect:
            status = status or 499
        except Exception as error:
            # The route, not the path: there may be a token in a path, or anything at all.
            route = getattr(scope.get("route"), "path", None)
            _log.error("request failed", request_id=request_id, route=route, exc_info=error)
            if status:
                raise
            await problems.unexpected(request_id)(scope, receive, sending)
        finally:
            self._metrics.observe(scope, status, perf_counter() - began)

    async def _admitted(self, scope: Scope, context: Context, receive: Receive, send: Send) -> None:
        """Lets the request on unless its address has asked for too much, or it is a browser's question."""
        try:
            await context.services.rates.count("address", household(context.address), context.counted)
        except RateLimited as refusal:
            # Whoever asks whether the service lives must not conclude from a limit that it does not.
            if not scope["path"].startswith("/health/"):
                await problems.refused(refusal)(scope, receive, send)
                return
        allowed = self._cross_origin.preflight(scope, context.headers)
        if allowed is not None:
            await Answer(b"", 204, allowed)(scope, receive, send)
            return
        await self._limited(scope, context.headers, receive, send)

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

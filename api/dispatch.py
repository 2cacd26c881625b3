"""The short way to the endpoints that are called most: an address without parameters is one look-up."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems
from api.describe import PlainRoute


class Dispatch:
    """Calls the endpoint of (method, path) at once; everything else goes the long way, through `rest`.

    FastAPI's own way to an endpoint asks every route in turn whether it matches, under five layers of
    middleware: 60 µs, where deciding and storing a posting costs less.
    """

    def __init__(self, rest: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._rest = rest
        self._exact = {
            (method, route.path): route
            for route in routes
            if isinstance(route, PlainRoute) and "{" not in route.path
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._exact.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if route is None:
            await self._rest(scope, receive, send)
            return
        scope["route"] = route
        try:
            response = await route.respond(Request(scope, receive))
        except problems.EXPECTED as error:
            response = problems.of(error)
        await response(scope, receive, send)

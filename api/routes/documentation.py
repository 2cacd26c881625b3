"""The documentation for people, at /docs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.describe import operation, router
from api.responses import Answer

# Nothing but the page itself and the style within it.
_POLICY = (
    b"content-security-policy",
    b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
)


def routes(document: Callable[[], Mapping[str, Any]]) -> APIRouter:
    """The page that shows what `document` tells; it is made when it is first asked for."""
    made = router("Operation", prefix="")

    @cache
    def rendered() -> bytes:
        # Few ever look at it: what renders it is imported by the first of them.
        from api.page import page

        return page(document()).encode()

    @made.get("/docs", include_in_schema=False, **operation("Read this page", public=True))
    async def docs(request: Request) -> Response:
        return Answer(rendered(), headers=[_POLICY], media=b"text/html; charset=utf-8")

    return made

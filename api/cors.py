"""Cross-origin requests: which pages of other sites may call the API from a browser (Fetch standard, CORS)."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.types import Scope

Fields = list[tuple[bytes, bytes]]

_EXPOSED = (
    b"etag, idempotency-replayed, link, location, numina-position, ratelimit, ratelimit-policy, retry-after, "
    b"www-authenticate, x-request-id"
)
_METHODS = b"GET, POST, PUT, PATCH, DELETE"
_HEADERS = (
    b"authorization, content-type, idempotency-key, if-match, if-none-match, numina-book, numina-consistency, "
    b"last-event-id, x-request-id"
)
_VARY = (b"vary", b"origin")


class CrossOrigin:
    """An allow-list of origins; `*` stands for all of them. With none, browsers keep every other site's pages out.

    Credentials are never allowed: who calls is told by a bearer token, which no browser attaches of its own accord.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = frozenset(origin.encode() for origin in allowed)

    def fields(self, headers: dict[bytes, bytes]) -> Fields:
        """What is added to the answer."""
        if not self._allowed:
            return []
        origin = self._admitted(headers)
        return [*origin, (b"access-control-expose-headers", _EXPOSED)] if origin else [_VARY]

    def preflight(self, scope: Scope, headers: dict[bytes, bytes]) -> Fields | None:
        """What the answer adds to that, to a browser that asks what it may send; None for any other request."""
        asks = b"origin" in headers and b"access-control-request-method" in headers
        if not self._allowed or scope["method"] != "OPTIONS" or not asks:
            return None
        if not self._admitted(headers):
            return []
        return [
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-allow-headers", _HEADERS),
            (b"access-control-max-age", b"7200"),
        ]

    def _admitted(self, headers: dict[bytes, bytes]) -> Fields:
        if b"*" in self._allowed:
            return [(b"access-control-allow-origin", b"*")]
        origin = headers.get(b"origin")
        if origin is None or origin not in self._allowed:
            return []
        return [(b"access-control-allow-origin", origin), _VARY]

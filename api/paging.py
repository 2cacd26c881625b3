"""Pages: a limit, a cursor that is opaque and cannot be made up, and a Link to the next one."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from pydantic import Field
from starlette.requests import Request

from api.fields import Query
from api.responses import Header
from api.services import services
from ledger.refusals import Refusal

Item = TypeVar("Item")

MAX_LIMIT = 500
_MAC = 12


class InvalidCursor(Refusal):
    """A cursor must be sent back exactly as it was given, to the same operation."""

    code = "invalid_cursor"


class Page(Query):
    """How much, and from where on."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="How many items at most.")] = 50
    cursor: Annotated[
        str | None, Field(max_length=2_000, description="`next_cursor` of the page before; opaque.")
    ] = None


class ListPage(Query):
    """How much of a list that is short by nature, and from where on."""

    limit: Annotated[int, Field(ge=1, le=5_000, description="How many items at most.")] = 1_000
    cursor: Annotated[
        str | None, Field(max_length=2_000, description="`next_cursor` of the page before; opaque.")
    ] = None


def cut(
    request: Request, query: ListPage, items: Sequence[Item], key: Callable[[Item], UUID]
) -> tuple[Sequence[Item], str | None]:
    """The page of `items` that is asked for, and the cursor of the next one. Raises InvalidCursor, also when
    the last item shown is not in the list any more."""
    shown = position(request, query.cursor)
    start = 0
    if shown is not None:
        places = [number for number, item in enumerate(items) if str(key(item)) == shown[0]]
        if not places:
            raise InvalidCursor("The list has changed meanwhile. Begin without a cursor.", field="cursor")
        start = places[0] + 1
    page = items[start : start + query.limit]
    more = start + query.limit < len(items)
    return page, cursor(request, [str(key(page[-1]))]) if more else None


def cursor(request: Request, values: Sequence[Any]) -> str:
    """The cursor that stands for the sort key `values` (JSON-ready) of the last item shown."""
    raw = msgspec.json.encode(values)
    mac = services(request).vault.mac(b"cursor", _address(request) + raw)[:_MAC]
    return urlsafe_b64encode(mac + raw).rstrip(b"=").decode()


def position(request: Request, given: str | None) -> list[Any] | None:
    """The sort key in a cursor of this operation; None without one. Raises InvalidCursor."""
    if given is None:
        return None
    try:
        raw = urlsafe_b64decode(given.encode("ascii") + b"=" * (-len(given) % 4))
    except (Error, ValueError):
        raise _tampered() from None
    mac, values = raw[:_MAC], raw[_MAC:]
    if services(request).vault.mac(b"cursor", _address(request) + values)[:_MAC] != mac:
        raise _tampered()
    found: list[Any] = msgspec.json.decode(values)
    return found


def link(request: Request, next_cursor: str | None) -> list[Header]:
    """The Link header (RFC 8288) of the next page, if there is one."""
    if next_cursor is None:
        return []
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    target = f"{request.scope['path']}?{urlencode([*kept, ('cursor', next_cursor)])}"
    return [(b"link", f'<{target}>; rel="next"'.encode("ascii", "ignore"))]


def _address(request: Request) -> bytes:
    return bytes(request.scope["path"].encode()) + b"\n"


def _tampered() -> InvalidCursor:
    return InvalidCursor("This cursor was not given by this operation. Begin without one.", field="cursor")

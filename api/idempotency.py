"""The Idempotency-Key header: the same key and request have one effect and one answer, however often sent."""

from __future__ import annotations

import datetime as dt
import re
from hashlib import sha256
from uuid import UUID

from starlette.requests import Request
from typing_extensions import TypedDict

from api.principal import Principal
from api.problems import InvalidRequest
from api.services import context
from ledger.ids import derived_id
from ledger.refusals import Refusal

_KEY = re.compile(rb"[\x21-\x7e]{1,255}")


class InvalidIdempotencyKey(Refusal):
    """An idempotency key is 1 to 255 visible ASCII characters."""

    code = "invalid_idempotency_key"
    status = 400


class Frame(TypedDict):
    """What every command bears beside its own fields: `SomeCommand(**await frame(request, who), ...)`."""

    command_id: UUID
    book_id: UUID
    actor_id: UUID
    now: dt.datetime
    request: bytes | None
    dry_run: bool


async def frame(request: Request, who: Principal) -> Frame:
    """The frame of the one command that a request makes. Raises InvalidIdempotencyKey."""
    known = context(request).services
    key = idempotency_key(request)
    digest = None
    if key is None:
        command_id = known.new_id()
    else:
        command_id = derived_id("idempotency", who.user_id.bytes, who.book_id.bytes, key)
        digest = await request_digest(request)
    return Frame(
        command_id=command_id,
        book_id=who.book_id,
        actor_id=who.user_id,
        now=known.clock(),
        request=digest,
        dry_run=is_dry_run(request),
    )


def idempotency_key(request: Request) -> bytes | None:
    """The key, None if there is none. Raises InvalidIdempotencyKey."""
    key = context(request).headers.get(b"idempotency-key")
    if key is not None and _KEY.fullmatch(key) is None:
        raise InvalidIdempotencyKey(
            "Use 1 to 255 visible ASCII characters, such as a UUID.", field="Idempotency-Key"
        )
    return key


async def request_digest(request: Request) -> bytes:
    """32 bytes that tell this request from any other: its method, address, query and body."""
    scope = request.scope
    parts = (scope["method"].encode(), scope["path"].encode(), scope["query_string"])
    return sha256(b"\n".join((*parts, await request.body()))).digest()


def is_dry_run(request: Request) -> bool:
    """Whether `?dry_run=true` asks for the decision without its effect. A command takes nothing else in its
    query: a slip in it must not carry out what was only to be tried. Raises InvalidRequest."""
    query: bytes = request.scope["query_string"]
    if not query:
        return False
    given = request.query_params.multi_items()
    for name, value in given:
        if name != "dry_run" or value not in ("true", "false") or len(given) > 1:
            raise InvalidRequest("A command takes `dry_run=true` or `dry_run=false` once.", field="dry_run")
    return given == [("dry_run", "true")]

"""API keys: what programs may do in one's name, and ending that."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.carrying_out import carried_out, carry_out, made
from api.describe import operation, router
from api.fields import Body, Id, Instant, Name
from api.idempotency import Frame, frame
from api.principal import principal
from api.reading import fresh, path_id, read_body
from api.responses import Answer, answer, location
from api.services import services
from gateways.api_keys import digest
from ledger.entities import fold
from ledger.keys.commands import MakeKey, RenameKey, RevokeKey, UnknownKey
from ledger.keys.key import ApiKey
from ledger.keys.scopes import SCOPES, Scope
from projections.keys import KeyView, keys_of

routes = router("Identity")

_EXAMPLE: dict[str, Any] = {
    "id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c52",
    "name": "Spreadsheet",
    "scopes": ["accounts:read", "transactions:read"],
    "book_id": None,
    "made_at": "2026-03-01T12:00:00Z",
    "expires_at": "2027-03-01T12:00:00Z",
    "used_at": "2026-03-02T07:30:00Z",
    "used_from": "198.51.100.0/24",
    "misused_at": None,
}
_SHOWN = "numina_k_AZqdPnoQfFWPbg1qOx8sTQZ0cC5nT2w4mYVb8xkq7hJ1dR3uLs9aEoIpGfHtNvKyzWm6XcQbUj2SgA7D"


class NewKey(Body):
    """What a program may do in your name: all that its scopes name and you may do yourself, in every book of yours or
    in `book_id` alone."""

    name: Name
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(SCOPES))]
    book_id: Id | None = None
    expires_at: Instant | None = None


class KeyChange(Body):
    """What to call it from now on."""

    name: Name


class KeyAnswer(TypedDict):
    """An API key of yours. `used_at` is when it was first used on the last day (UTC) of its use, `used_from` the
    network that it came from; `misused_at` is when somebody last showed it after it had expired."""

    id: UUID
    name: str
    scopes: list[str]
    book_id: UUID | None
    made_at: dt.datetime
    expires_at: dt.datetime | None
    used_at: dt.datetime | None
    used_from: str | None
    misused_at: dt.datetime | None


class MadeKey(KeyAnswer):
    """An API key of yours with the `key` itself, to be sent as `Authorization: Bearer ...`. It is shown this once:
    null in a dry run, and when the request is sent again."""

    key: str | None


class KeyList(TypedDict):
    """Your API keys that were not revoked, the oldest first."""

    items: list[KeyAnswer]


@routes.post(
    "/users/me/api-keys",
    **operation(
        "Make an API key",
        body=NewKey,
        example={
            "name": "Spreadsheet",
            "scopes": ["accounts:read", "transactions:read"],
            "expires_at": "2027-03-01T12:00:00Z",
        },
        status=201,
        answer=MadeKey,
        answer_example=_EXAMPLE | {"used_at": None, "used_from": None, "key": _SHOWN},
        refusals=(403, 404, 409, 422),
    ),
)
async def make(request: Request) -> Response:
    """Give each program a key of its own with no more scopes than it needs. No key can make or change keys, sessions,
    passkeys, members or roles."""
    body = await read_body(request, NewKey)
    who, known = principal(request), services(request)
    async with fresh(request) as connection:
        held = await keys_of(connection, who.user_id)
    framed = await _frame(request)
    key_id = known.new_id()
    key = known.api_keys.make(key_id)
    command = MakeKey(
        **framed,
        key_id=key_id,
        title=body.name,
        scopes=tuple(body.scopes),
        digest=digest(key),
        only_book=body.book_id,
        expires_at=body.expires_at,
        held=sum(view.expires_at is None or view.expires_at > framed["now"] for view in held),
    )
    outcome = await carry_out(request, command)
    entity = fold(outcome.facts[:1])
    shown = None if outcome.replayed or command.dry_run else key
    return made(
        command,
        outcome,
        MadeKey(**_made(entity), key=shown),
        [location(f"/v1/users/me/api-keys/{entity.key_id}")],
    )


@routes.get(
    "/users/me/api-keys",
    **operation("List your API keys", answer=KeyList, answer_example={"items": [_EXAMPLE]}),
)
async def list_keys(request: Request) -> Response:
    async with fresh(request) as connection:
        views = await keys_of(connection, principal(request).user_id)
    return answer(KeyList(items=[_shown(view) for view in views]))


@routes.get(
    "/users/me/api-keys/{key_id}",
    **operation("Read an API key", answer=KeyAnswer, answer_example=_EXAMPLE, refusals=(404,)),
)
async def read(request: Request) -> Response:
    return answer(await _view(request, path_id(request, "key_id", UnknownKey)))


@routes.patch(
    "/users/me/api-keys/{key_id}",
    **operation(
        "Rename an API key",
        body=KeyChange,
        example={"name": "Old spreadsheet"},
        answer=KeyAnswer,
        answer_example=_EXAMPLE | {"name": "Old spreadsheet"},
        refusals=(404, 422),
    ),
)
async def rename(request: Request) -> Response:
    """What it may do stays: make another key for that."""
    key_id = path_id(request, "key_id", UnknownKey)
    body = await read_body(request, KeyChange)
    outcome = await carry_out(request, RenameKey(**await _frame(request), key_id=key_id, title=body.name))
    shown = await _view(request, key_id)
    # A dry run has left no trace.
    shown["name"] = body.name
    return carried_out(outcome, shown)


@routes.delete("/users/me/api-keys/{key_id}", **operation("Revoke an API key", status=204, refusals=(404,)))
async def revoke(request: Request) -> Response:
    """It is refused everywhere within seconds, for ever."""
    key_id = path_id(request, "key_id", UnknownKey)
    await carry_out(request, RevokeKey(**await _frame(request), key_id=key_id, reason="revoked"))
    return Answer(b"", 204)


async def _frame(request: Request) -> Frame:
    who = principal(request)
    return await frame(request, who._replace(book_id=who.user_id))


async def _view(request: Request, key_id: UUID) -> KeyAnswer:
    async with fresh(request) as connection:
        views = await keys_of(connection, principal(request).user_id)
    for view in views:
        if view.key_id == key_id:
            return _shown(view)
    raise UnknownKey("There is no such API key of yours.", key_id=str(key_id))


def _made(key: ApiKey) -> KeyAnswer:
    return KeyAnswer(
        id=key.key_id,
        name=key.text.get("name", ""),
        scopes=[scope for scope in SCOPES if scope in key.scopes],
        book_id=key.only_book,
        made_at=key.made_at,
        expires_at=key.expires_at,
        used_at=None,
        used_from=None,
        misused_at=None,
    )


def _shown(view: KeyView) -> KeyAnswer:
    return KeyAnswer(
        id=view.key_id,
        name=view.name,
        scopes=view.scopes,
        book_id=view.only_book,
        made_at=view.made_at,
        expires_at=view.expires_at,
        used_at=view.used_at,
        used_from=view.used_from or None,
        misused_at=view.misused_at,
    )

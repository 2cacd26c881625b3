"""The items of a bulk request: read in one pass if all are well, else each for itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

import msgspec
from pydantic import ValidationError
from starlette.requests import Request

from api.problems import InvalidRequest, invalid
from api.reading import read_body
from api.transaction_bodies import MAX_ITEMS, BulkBody, TransactionBody
from ledger.refusals import Refusal

Item = TransactionBody | Refusal

_ITEM = re.compile(r"items\.[0-9]+(\..*)?", re.DOTALL)


class _Split(msgspec.Struct, forbid_unknown_fields=True):
    """The body with its items as they were sent."""

    items: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=MAX_ITEMS)]
    atomic: bool = False


_split = msgspec.json.Decoder(_Split)


async def read_items(request: Request) -> tuple[Sequence[Item], bool]:
    """The items, where one that is wrong in itself is its refusal; and whether they are all or nothing. Raises
    InvalidRequest for what is wrong with the request as a whole, and what `read_body` raises."""
    try:
        body = await read_body(request, BulkBody)
    except InvalidRequest as refusal:
        whole = [error for error in refusal.facts["errors"] if not _ITEM.fullmatch(error["field"])]
        if whole:
            raise _as_a_whole(whole[0]["field"], whole[0]["message"]) from None
    else:
        return body.items, body.atomic
    try:
        split = _split.decode(await request.body())
    except msgspec.DecodeError as error:
        # What the first reading did not come to, because it ended at the first wrong item.
        raise _as_a_whole("items", f"{error}.") from None
    return [_item(raw) for raw in split.items], split.atomic


def _as_a_whole(field: str, message: str) -> InvalidRequest:
    told = f"{field}: {message}" if field else message
    return InvalidRequest(told, field=field or None, errors=[{"field": field, "message": message}])


def _item(raw: msgspec.Raw) -> Item:
    try:
        return TransactionBody.model_validate_json(bytes(raw))
    except ValidationError as error:
        return invalid(error)

"""The idempotency of many commands in one request: each has a key of its own, made from the request's."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from starlette.requests import Request

from api.idempotency import Frame, frame, idempotency_key
from api.principal import Principal
from api.services import services
from ledger import arrays
from ledger.ids import derived_ids
from ledger.refusals import KeyReused

_OTHER = "SELECT 1 FROM registers.commands WHERE command_id = ANY(%s) AND request <> %s LIMIT 1"


async def frames(request: Request, who: Principal, count: int) -> tuple[Frame, Sequence[UUID]]:
    """What `count` commands have in common, and the id of each. Raises InvalidIdempotencyKey."""
    common = await frame(request, who)
    key = idempotency_key(request)
    if key is None:
        new_id = services(request).new_id
        return common, [new_id() for _ in range(count)]
    return common, derived_ids("idempotency", who.user_id.bytes, who.book_id.bytes, key, count=count)


async def never_another(request: Request, common: Frame, ids: Sequence[UUID]) -> None:
    """A key that came with another request is refused as a whole, before anything of this one is stored. Raises
    KeyReused."""
    if common["request"] is None:
        return
    async with services(request).pool.connection() as connection:
        arrays.register(connection)
        other = await connection.execute(_OTHER, (arrays.uuids(ids), common["request"]), binary=True)
        if await other.fetchone() is not None:
            raise KeyReused(
                "This idempotency key came with another request before. Use a new key for a new request.",
                field="Idempotency-Key",
            )

"""What people who have to do with each other see of each other: their names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from starlette.requests import Request

from api.actors import ERASED, name_of
from api.services import services


async def names_of(request: Request, user_ids: Collection[UUID]) -> Mapping[UUID, str]:
    """The names of some people by their ids. Raises TryAgain."""
    people = await services(request).standing.of(*user_ids)
    return {user_id: name_of(user) or ERASED for user_id, user in zip(user_ids, people, strict=True)}

"""What people who have to do with each other see of each other: their names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from starlette.requests import Request

from api.services import services
from ledger.identity.user import User

ERASED = "[erased]"


async def names_of(request: Request, user_ids: Collection[UUID]) -> Mapping[UUID, str]:
    """The names of some people by their ids. Raises TryAgain."""
    people = await services(request).standing.of(*user_ids)
    return {user_id: _name(user) for user_id, user in zip(user_ids, people, strict=True)}


def _name(user: object) -> str:
    if not isinstance(user, User) or not user.present:
        return ERASED
    return user.text.get("name", "")

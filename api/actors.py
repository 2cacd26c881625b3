"""Who did something, as others are told of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from typing_extensions import TypedDict

from ledger.identity.user import User

ERASED = "[erased]"


class Actor(TypedDict):
    """Who did it. The name is `[erased]` once they are forgotten, and null when Numina did it itself."""

    id: UUID
    name: str | None


def name_of(person: Any) -> str | None:
    """What somebody is called, by the entity of their stream; None where there is nobody."""
    if not isinstance(person, User):
        return None
    return person.text.get("name") or ERASED

"""What becomes true of a person's authority. Stream: the user's id; text sealed under the person's own key.

`by` is who did it; None for whoever sat at the operator's command line.
"""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from ledger.record import Fact, fact


@fact
class UserRoleGranted(Fact, frozen=True):
    """They have the role `role` from now on. text: reason."""

    topic: ClassVar[str] = "user.role_granted"
    sealed_for: ClassVar[str] = "person"

    role: str
    by: UUID | None = None


@fact
class UserRoleRevoked(Fact, frozen=True):
    """They have the role `role` no more. text: reason."""

    topic: ClassVar[str] = "user.role_revoked"
    sealed_for: ClassVar[str] = "person"

    role: str
    by: UUID | None = None


@fact
class UserSuspended(Fact, frozen=True):
    """Until they are reinstated nobody gets in as them, neither by a session nor by an API key. text: reason."""

    topic: ClassVar[str] = "user.suspended"
    sealed_for: ClassVar[str] = "person"

    by: UUID | None = None


@fact
class UserReinstated(Fact, frozen=True):
    """They are suspended no more. text: reason."""

    topic: ClassVar[str] = "user.reinstated"
    sealed_for: ClassVar[str] = "person"

    by: UUID | None = None

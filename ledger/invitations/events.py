"""What becomes true of an invitation. Stream: the invitation's id; its words are sealed under a key of its own, so
that the address of somebody who may never have heard of Numina can be forgotten without the book."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from ledger.books.roles import LesserRole
from ledger.record import Fact, fact


@fact
class InvitationSent(Fact, frozen=True):
    """Whoever has the address may join the book with the `role`, until `expires_at` (aware UTC). `place` is which of
    the book's places for open invitations it takes, and `letter` which of the letters that `by` may have sent on that
    day (UTC), as "2026-03-01/7". text: email (as typed), message."""

    topic: ClassVar[str] = "invitation.sent"
    begins: ClassVar[bool] = True
    sealed_for: ClassVar[str] = "person"

    role: LesserRole
    by: UUID
    place: int
    expires_at: datetime
    letter: str = ""


@fact
class InvitationAccepted(Fact, frozen=True):
    """The person has joined the book."""

    topic: ClassVar[str] = "invitation.accepted"
    sealed_for: ClassVar[str] = "person"

    user_id: UUID


@fact
class InvitationDeclined(Fact, frozen=True):
    """The person does not want to join."""

    topic: ClassVar[str] = "invitation.declined"
    sealed_for: ClassVar[str] = "person"

    user_id: UUID


@fact
class InvitationWithdrawn(Fact, frozen=True):
    """It holds no more: the owner thought better of it, or a later one to the same address, or to somebody else after
    this one had expired, took its place."""

    topic: ClassVar[str] = "invitation.withdrawn"
    sealed_for: ClassVar[str] = "person"

    replaced_by: UUID | None = None

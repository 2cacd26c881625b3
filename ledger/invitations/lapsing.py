"""Withdrawing what nobody can accept any more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

from ledger.command import Command, Draft, State
from ledger.invitations.events import InvitationWithdrawn
from ledger.invitations.invitation import Invitation


class LapseInvitation(Command, frozen=True, kw_only=True):
    """Withdraws an invitation to the book `book_id` that has expired: the address in it is kept no longer than it is
    of use."""

    name: ClassVar[str] = "invitation.lapse"

    invitation_id: UUID

    def streams(self) -> Iterable[UUID]:
        return (self.invitation_id,)

    def decide(self, state: State) -> list[Draft]:
        """Nothing for one that still holds, or is over already."""
        found = state.entity(Invitation, self.invitation_id)
        if found is None or found.status != "open" or found.good(self.now):
            return []
        return [Draft(self.invitation_id, InvitationWithdrawn())]

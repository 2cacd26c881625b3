"""The person whom a decision is about."""

from __future__ import annotations

from uuid import UUID

from ledger.command import State
from ledger.identity.user import User
from ledger.refusals import Unknown


def present(state: State, user_id: UUID) -> User:
    """The person, unless there is none or they were forgotten. Raises Unknown."""
    user = state.entity(User, user_id)
    if user is None or user.privacy.erased:
        raise Unknown("There is no such person.")
    return user

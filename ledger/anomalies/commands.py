"""Noting that somebody is being guessed at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from ledger.anomalies.events import UserSignInsFailed
from ledger.command import Command, Draft, State
from ledger.identity.user import User


class NoteFailedSignIns(Command, frozen=True, kw_only=True):
    """Records that the `count`-th attempt since `since` to sign in as `user_id` has failed. `actor_id` is theirs as
    well: who tried is not known. text: address."""

    name: ClassVar[str] = "user.note_failed_sign_ins"

    user_id: UUID
    count: int
    since: datetime
    text: Mapping[str, str] = {}

    def streams(self) -> Iterable[UUID]:
        return (self.user_id,)

    def decide(self, state: State) -> list[Draft]:
        """Nothing when the person is gone."""
        user = state.entity(User, self.user_id)
        if user is None or not user.present:
            return []
        failed = UserSignInsFailed(count=self.count, since=self.since, text=self.text)
        return [Draft(self.user_id, failed)]

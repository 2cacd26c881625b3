"""Noting that somebody is being guessed at, or signs in where they never did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from ledger.anomalies.events import UserDeviceNew, UserSignInsFailed
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


class NoteNewDevice(Command, frozen=True, kw_only=True):
    """Records that `actor_id` signed in, as `session_id`, by a device or from a network that was not seen before.
    text: device, address."""

    name: ClassVar[str] = "user.note_new_device"

    session_id: UUID
    device_seen: bool
    network_seen: bool
    text: Mapping[str, str] = {}

    def streams(self) -> Iterable[UUID]:
        return (self.actor_id,)

    def decide(self, state: State) -> list[Draft]:
        """Nothing when the person is gone, or knows both."""
        user = state.entity(User, self.actor_id)
        if user is None or not user.present or (self.device_seen and self.network_seen):
            return []
        new = UserDeviceNew(
            session_id=self.session_id,
            device_seen=self.device_seen,
            network_seen=self.network_seen,
            text=self.text,
        )
        return [Draft(self.actor_id, new)]

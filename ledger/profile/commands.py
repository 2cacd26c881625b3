"""Changing one's picture; the rest of a profile is amended with the person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

from ledger.command import Command, Draft, State
from ledger.identity.present import present
from ledger.profile.events import UserAvatarChanged, UserAvatarRemoved
from ledger.refusals import Unknown


class NoAvatar(Unknown):
    """There is no picture."""

    code = "no_avatar"


class ChangeAvatar(Command, frozen=True, kw_only=True):
    """The person `actor_id` shows the picture that is kept at `digest` (SHA-256 of its sealed bytes)."""

    name: ClassVar[str] = "user.change_avatar"

    digest: bytes
    media: str
    size: int

    def streams(self) -> Iterable[UUID]:
        return (self.actor_id,)

    def decide(self, state: State) -> list[Draft]:
        """Raises Unknown."""
        present(state, self.actor_id)
        changed = UserAvatarChanged(digest=self.digest, media=self.media, size=self.size)
        return [Draft(self.actor_id, changed)]


class RemoveAvatar(Command, frozen=True, kw_only=True):
    """The person `actor_id` shows no picture any more."""

    name: ClassVar[str] = "user.remove_avatar"

    def streams(self) -> Iterable[UUID]:
        return (self.actor_id,)

    def decide(self, state: State) -> list[Draft]:
        """Raises Unknown, NoAvatar."""
        if present(state, self.actor_id).profile.avatar is None:
            raise NoAvatar("You have no picture.")
        return [Draft(self.actor_id, UserAvatarRemoved())]

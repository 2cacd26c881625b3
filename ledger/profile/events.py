"""What becomes true of a person's profile. Stream: the user's id; text sealed under the person's own key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ledger.record import Fact, fact


@fact
class UserCountryChanged(Fact, frozen=True):
    """text: country (ISO 3166-1 alpha-2), or nothing when none is named any more."""

    topic: ClassVar[str] = "user.country_changed"
    sealed_for: ClassVar[str] = "person"


@fact
class UserNotificationsChanged(Fact, frozen=True):
    """For each kind of news the channels that it goes out by; a kind that is not named goes out by its defaults."""

    topic: ClassVar[str] = "user.notifications_changed"
    sealed_for: ClassVar[str] = "person"

    channels: Mapping[str, tuple[str, ...]]


@fact
class UserAvatarChanged(Fact, frozen=True):
    """The picture itself is kept sealed in the vault; `digest` is the SHA-256 of the sealed bytes, `media` its
    type, `size` its plain bytes."""

    topic: ClassVar[str] = "user.avatar_changed"
    sealed_for: ClassVar[str] = "person"

    digest: bytes
    media: str
    size: int


@fact
class UserAvatarRemoved(Fact, frozen=True):
    """There is no picture any more."""

    topic: ClassVar[str] = "user.avatar_removed"
    sealed_for: ClassVar[str] = "person"

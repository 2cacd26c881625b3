"""A person's profile as their facts make it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ledger.profile.events import (
    UserAvatarChanged,
    UserAvatarRemoved,
    UserCountryChanged,
    UserNotificationsChanged,
)
from ledger.record import Fact

FACTS = (UserAvatarChanged, UserAvatarRemoved, UserCountryChanged, UserNotificationsChanged)


class Avatar(msgspec.Struct, frozen=True):
    """Where the picture is kept: by the SHA-256 of its sealed bytes. `size` counts its plain ones."""

    digest: bytes
    media: str
    size: int


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """`country` is empty where none is named; `notifications` holds the kinds that were chosen."""

    country: str = ""
    avatar: Avatar | None = None
    notifications: Mapping[str, tuple[str, ...]] = {}


def evolve(profile: Profile, fact: Fact) -> Profile:
    """The profile after one of FACTS."""
    match fact:
        case UserCountryChanged(text=text):
            return msgspec.structs.replace(profile, country=text.get("country", ""))
        case UserNotificationsChanged(channels=channels):
            return msgspec.structs.replace(profile, notifications={**profile.notifications, **channels})
        case UserAvatarChanged(digest=digest, media=media, size=size):
            return msgspec.structs.replace(profile, avatar=Avatar(digest, media, size))
        case _:
            return msgspec.structs.replace(profile, avatar=None)

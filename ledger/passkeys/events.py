"""What becomes true of somebody's passkeys. Stream: the user's id; text sealed under the person's own key.

Whatever used a challenge holds its SHA-256 and when it expires, so that nothing else can use it again.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from ledger.record import Fact, fact


@fact
class UserPasskeyAdded(Fact, frozen=True):
    """A key pair on a device of theirs may prove who they are. text: name.

    `credential_id` and `public_key` (COSE, RFC 9052) are what the device made, `aaguid` the model that it says it is,
    `transports` how it can be reached. `synced` ones may be copied to further devices by whoever keeps them.
    """

    topic: ClassVar[str] = "user.passkey_added"
    sealed_for: ClassVar[str] = "person"

    passkey_id: UUID
    credential_id: bytes
    public_key: bytes
    sign_count: int
    aaguid: UUID
    synced: bool
    challenge: bytes
    expires_at: datetime
    added_at: datetime
    transports: tuple[str, ...] = ()


@fact
class UserPasskeyRenamed(Fact, frozen=True):
    """It is called something else. text: name."""

    topic: ClassVar[str] = "user.passkey_renamed"
    sealed_for: ClassVar[str] = "person"

    passkey_id: UUID


@fact
class UserPasskeyUsed(Fact, frozen=True):
    """It proved who they are. `sign_count` is how often it has signed, by its own count; 0 if it does not count.
    `verified` says that the device made sure of the person, not only that somebody touched it."""

    topic: ClassVar[str] = "user.passkey_used"
    sealed_for: ClassVar[str] = "person"

    passkey_id: UUID
    sign_count: int
    challenge: bytes
    expires_at: datetime
    used_at: datetime
    verified: bool = False


@fact
class UserPasskeySuspected(Fact, frozen=True):
    """It signed as it should, but its count had not risen beyond `known`: there may be a copy of it. Nobody was let
    in."""

    topic: ClassVar[str] = "user.passkey_suspected"
    sealed_for: ClassVar[str] = "person"

    passkey_id: UUID
    sign_count: int
    known: int
    challenge: bytes
    expires_at: datetime
    suspected_at: datetime


@fact
class UserPasskeyRemoved(Fact, frozen=True):
    """It proves nothing any more."""

    topic: ClassVar[str] = "user.passkey_removed"
    sealed_for: ClassVar[str] = "person"

    passkey_id: UUID

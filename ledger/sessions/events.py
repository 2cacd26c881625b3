"""What becomes true of a session. Stream: the session's id; book: the id of its person, whose key seals the text."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from ledger.record import Fact, fact


@fact
class SessionOpened(Fact, frozen=True):
    """Somebody signed in at `opened_at`. `methods` say how, in the words of RFC 8176; `digest` is the SHA-256 of the
    refresh token, which is good until `expires_at`; `epoch` counts how often this person has signed out everywhere
    before. text: device (what the client calls itself), address (of the network that it came from)."""

    topic: ClassVar[str] = "session.opened"
    begins: ClassVar[bool] = True

    user_id: UUID
    methods: tuple[str, ...]
    digest: bytes
    opened_at: datetime
    expires_at: datetime
    epoch: int = 0


@fact
class SessionRefreshed(Fact, frozen=True):
    """The refresh token was used and another one took its place."""

    topic: ClassVar[str] = "session.refreshed"

    digest: bytes
    refreshed_at: datetime
    expires_at: datetime


@fact
class SessionSteppedUp(Fact, frozen=True):
    """Who is signed in has proved anew who they are, by `methods` (RFC 8176)."""

    topic: ClassVar[str] = "session.stepped_up"

    methods: tuple[str, ...]
    proved_at: datetime


@fact
class SessionEnded(Fact, frozen=True):
    """Nobody is signed in by it any more. `reason`: signed_out, revoked (from another session), or reused (a refresh
    token came again that had been exchanged before, so that it is in two hands)."""

    topic: ClassVar[str] = "session.ended"

    reason: str

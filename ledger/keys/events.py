"""What becomes true of an API key. Stream: its own id; its book is the id of its person, so theirs seals the text."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from ledger.record import Fact, fact


@fact
class KeyMade(Fact, frozen=True):
    """A program may act for `user_id` within `scopes`, until `expires_at` (None: until it is revoked) and, if there
    is an `only_book`, in that book alone. `digest` is the SHA-256 of the key as it was shown. text: name."""

    topic: ClassVar[str] = "key.made"
    begins: ClassVar[bool] = True

    user_id: UUID
    scopes: tuple[str, ...]
    digest: bytes
    made_at: datetime
    only_book: UUID | None = None
    expires_at: datetime | None = None


@fact
class KeyRenamed(Fact, frozen=True):
    """text: name."""

    topic: ClassVar[str] = "key.renamed"


@fact
class KeyUsed(Fact, frozen=True):
    """The key was used for the first time on this day (UTC) from this network. text: address (of the network)."""

    topic: ClassVar[str] = "key.used"

    used_at: datetime


@fact
class KeyMisused(Fact, frozen=True):
    """Somebody showed the key when it was good no more; `reason` is revoked, expired, or void (see UserReclaimed).
    Recorded at most once an hour. text: address (of the network)."""

    topic: ClassVar[str] = "key.misused"

    misused_at: datetime
    reason: str


@fact
class KeyRevoked(Fact, frozen=True):
    """Nobody can act by this key any more. `reason`: revoked (by its person)."""

    topic: ClassVar[str] = "key.revoked"

    reason: str

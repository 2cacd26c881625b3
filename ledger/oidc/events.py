"""What becomes true of the accounts elsewhere that somebody signs in by. Stream: the user's id; text sealed under the
person's own key.

Whatever used the state of a sign-in holds its SHA-256 and when it expires, so that nothing else can use it again.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from ledger.record import Fact, fact


@fact
class UserIdentityLinked(Fact, frozen=True):
    """Who proves to be `subject` to `issuer` is this person. text: subject (the issuer's own name for the account),
    email (as the issuer told it).

    `provider` is what the issuer was called in the settings; `digest` is a code of the subject under the
    installation's key, which says nothing without it.
    """

    topic: ClassVar[str] = "user.identity_linked"
    sealed_for: ClassVar[str] = "person"

    identity_id: UUID
    provider: str
    issuer: str
    digest: bytes
    state: bytes
    expires_at: datetime
    linked_at: datetime


@fact
class UserIdentityUsed(Fact, frozen=True):
    """They proved to the issuer who they are, and so to us."""

    topic: ClassVar[str] = "user.identity_used"
    sealed_for: ClassVar[str] = "person"

    identity_id: UUID
    state: bytes
    expires_at: datetime
    used_at: datetime


@fact
class UserIdentityUnlinked(Fact, frozen=True):
    """That account elsewhere says nothing about this person any more."""

    topic: ClassVar[str] = "user.identity_unlinked"
    sealed_for: ClassVar[str] = "person"

    identity_id: UUID

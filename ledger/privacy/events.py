"""What becomes true of a person's consents and of their erasure. Stream: the user's id, or the book's."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from ledger.record import Fact, fact


@fact
class UserConsentGiven(Fact, frozen=True):
    """The person agreed to the text of this `kind` in this `version`, at the time that this was recorded."""

    topic: ClassVar[str] = "user.consent_given"
    sealed_for: ClassVar[str] = "person"

    kind: str
    version: str


@fact
class UserConsentWithdrawn(Fact, frozen=True):
    """What was agreed to holds no more."""

    topic: ClassVar[str] = "user.consent_withdrawn"
    sealed_for: ClassVar[str] = "person"

    kind: str
    version: str


@fact
class UserErasureAsked(Fact, frozen=True):
    """The person wants to be forgotten, and will be at `due_at` (aware UTC) unless they think better of it."""

    topic: ClassVar[str] = "user.erasure_asked"
    sealed_for: ClassVar[str] = "person"

    due_at: datetime


@fact
class UserErasureCancelled(Fact, frozen=True):
    """They thought better of it."""

    topic: ClassVar[str] = "user.erasure_cancelled"
    sealed_for: ClassVar[str] = "person"


@fact
class UserErased(Fact, frozen=True):
    """The person is forgotten: from here on nothing that was written under their key counts, and the key is
    destroyed. `books` were theirs alone and are forgotten with them."""

    topic: ClassVar[str] = "user.erased"
    sealed_for: ClassVar[str] = "person"

    books: tuple[UUID, ...] = ()


@fact
class BookErased(Fact, frozen=True):
    """The words of this book are forgotten with its only member; amounts, dates and proofs stay."""

    topic: ClassVar[str] = "book.erased"

"""What becomes true of a person who signs in. Stream: the user's id; text sealed under the person's own key."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from ledger.record import Fact, fact


@fact
class UserRegistered(Fact, frozen=True):
    """`address_form` says under which form the address is held (see ledger.mailbox.addresses). text: email (as
    typed), password (the argon2id string, never the password), name."""

    topic: ClassVar[str] = "user.registered"
    begins: ClassVar[bool] = True
    sealed_for: ClassVar[str] = "person"

    home_book_id: UUID
    currency: str
    time_zone: str
    locale: str = "en"
    address_form: int = 0


@fact
class UserRenamed(Fact, frozen=True):
    """text: name."""

    topic: ClassVar[str] = "user.renamed"
    sealed_for: ClassVar[str] = "person"


@fact
class UserPreferencesChanged(Fact, frozen=True):
    """The defaults for what this person opens next; existing books keep theirs."""

    topic: ClassVar[str] = "user.preferences_changed"
    sealed_for: ClassVar[str] = "person"

    currency: str
    time_zone: str
    locale: str


@fact
class UserPasswordChanged(Fact, frozen=True):
    """text: password (the argon2id string)."""

    topic: ClassVar[str] = "user.password_changed"
    sealed_for: ClassVar[str] = "person"


@fact
class UserPasswordRehashed(Fact, frozen=True):
    """The password is the same; its hash was made anew at another cost. text: password (the argon2id string)."""

    topic: ClassVar[str] = "user.password_rehashed"
    sealed_for: ClassVar[str] = "person"


@fact
class UserSessionsEnded(Fact, frozen=True):
    """They are signed out everywhere, but for the session `kept`, if any, and until they sign in again."""

    topic: ClassVar[str] = "user.sessions_ended"
    sealed_for: ClassVar[str] = "person"

    kept: UUID | None = None

"""What becomes true of somebody's address. Stream: the user's id; text sealed under the person's own key."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ledger.record import Fact, fact


@fact
class UserVerificationAsked(Fact, frozen=True):
    """They asked for another letter by which to prove that their address is theirs."""

    topic: ClassVar[str] = "user.verification_asked"
    sealed_for: ClassVar[str] = "person"

    asked_at: datetime


@fact
class UserEmailVerified(Fact, frozen=True):
    """The address that they have is theirs: they answered a letter to it, or whoever they sign in with says so."""

    topic: ClassVar[str] = "user.email_verified"
    sealed_for: ClassVar[str] = "person"


@fact
class UserEmailChangeAsked(Fact, frozen=True):
    """They want another address, and are asked by a letter to it whether it is theirs. text: wanted (as typed)."""

    topic: ClassVar[str] = "user.email_change_asked"
    sealed_for: ClassVar[str] = "person"

    asked_at: datetime


@fact
class UserEmailChanged(Fact, frozen=True):
    """They have another address, which is verified; `address_form` as UserRegistered has it. text: email (as typed),
    previous (the address before)."""

    topic: ClassVar[str] = "user.email_changed"
    sealed_for: ClassVar[str] = "person"

    address_form: int = 0


@fact
class UserResetAsked(Fact, frozen=True):
    """Somebody who is not signed in asked to choose a new password for this person, which a letter to them allows."""

    topic: ClassVar[str] = "user.reset_asked"
    sealed_for: ClassVar[str] = "person"

    asked_at: datetime


@fact
class UserReclaimed(Fact, frozen=True):
    """Who has the address took over an account that had never shown to be theirs: somebody else may have opened it in
    their name. What was set up to get in by until `reclaimed_at` (passkeys, accounts elsewhere, API keys) is void."""

    topic: ClassVar[str] = "user.reclaimed"
    sealed_for: ClassVar[str] = "person"

    reclaimed_at: datetime

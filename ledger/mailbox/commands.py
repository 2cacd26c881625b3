"""Proving that an address is one's own, changing it, and choosing a new password by it.

`book_id` is the person's home book; a letter is known by when it was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from ledger.command import Claim, Command, Draft, State
from ledger.identity.events import UserPasswordChanged, UserSessionsEnded
from ledger.identity.user import User
from ledger.mailbox.addresses import NORMAL, normal
from ledger.mailbox.claims import email_claims
from ledger.mailbox.events import (
    UserEmailChangeAsked,
    UserEmailChanged,
    UserEmailVerified,
    UserReclaimed,
    UserResetAsked,
    UserVerificationAsked,
)
from ledger.mailbox.refusals import EmailTaken, LinkSpent, TooManyLetters
from ledger.record import Fact

_ENOUGH = "You were sent several letters within the last hour. Look for them among what was taken for junk."
_SPENT = "The link was used, is too old, or a later one took its place. Ask for another."


class _OfPerson(Command, frozen=True, kw_only=True):
    """A command about the address of `actor_id`."""

    def streams(self) -> Iterable[UUID]:
        return (self.actor_id,)

    def present(self, state: State) -> User:
        """Raises LinkSpent for somebody who is not here any more."""
        user = state.entity(User, self.actor_id)
        if user is None or not user.present:
            raise LinkSpent(_SPENT)
        return user

    def drafts(self, *facts: Fact) -> list[Draft]:
        return [Draft(self.actor_id, fact) for fact in facts]


class AskVerification(_OfPerson, frozen=True, kw_only=True):
    """Asks for another letter to the address of `actor_id`; nothing happens if it is verified."""

    name: ClassVar[str] = "user.ask_verification"

    def decide(self, state: State) -> list[Draft]:
        """Raises TooManyLetters, LinkSpent."""
        mailbox = self.present(state).mailbox
        if mailbox.verified:
            return []
        if not mailbox.has_room("verify", self.now):
            raise TooManyLetters(_ENOUGH)
        return self.drafts(UserVerificationAsked(asked_at=self.now))


class VerifyEmail(_OfPerson, frozen=True, kw_only=True):
    """Says that `email`, the address of `actor_id`, is theirs: they have shown what was sent to it."""

    name: ClassVar[str] = "user.verify_email"

    email: str

    def decide(self, state: State) -> list[Draft]:
        """Nothing if that is known. Raises LinkSpent when they have another address by now."""
        user = self.present(state)
        if user.text.get("email") != self.email:
            raise LinkSpent(_SPENT)
        return [] if user.mailbox.verified else self.drafts(UserEmailVerified())


class AskEmailChange(_OfPerson, frozen=True, kw_only=True):
    """Asks for a letter to `email`, which `actor_id` wants for their address. Whether somebody has it is told to
    nobody but who reads that letter."""

    name: ClassVar[str] = "user.ask_email_change"

    email: str

    def decide(self, state: State) -> list[Draft]:
        """Raises UnacceptableAddress, TooManyLetters, LinkSpent."""
        mailbox = self.present(state).mailbox
        normal(self.email)
        if not mailbox.has_room("change", self.now):
            raise TooManyLetters(_ENOUGH)
        return self.drafts(UserEmailChangeAsked(asked_at=self.now, text={"wanted": self.email}))


class ConfirmEmailChange(_OfPerson, frozen=True, kw_only=True):
    """Gives `actor_id` the address that they asked for at `asked_at`, in place of theirs."""

    name: ClassVar[str] = "user.confirm_email_change"

    asked_at: datetime
    email: str

    def claims(self, state: State) -> Iterable[Claim]:
        return email_claims(self.email)

    def decide(self, state: State) -> list[Draft]:
        """Raises LinkSpent, EmailTaken."""
        user = self.present(state)
        if user.mailbox.wanted != self.email or not user.mailbox.awaits("change", self.asked_at, self.now):
            raise LinkSpent(_SPENT)
        if any(state.holder(*claim) not in (None, self.actor_id) for claim in email_claims(self.email)):
            raise EmailTaken("Somebody is registered with this address.", field="email")
        text = {"email": self.email, "previous": user.text.get("email", "")}
        return self.drafts(UserEmailChanged(address_form=NORMAL, text=text))


class AskReset(_OfPerson, frozen=True, kw_only=True):
    """Asks for a letter by which `actor_id`, who is not signed in, may choose a new password."""

    name: ClassVar[str] = "user.ask_reset"

    def decide(self, state: State) -> list[Draft]:
        """Nothing for who is not here any more, or was sent several already: whoever asks is told nothing."""
        user = state.entity(User, self.actor_id)
        if user is None or not user.present or not user.mailbox.has_room("reset", self.now):
            return []
        return self.drafts(UserResetAsked(asked_at=self.now))


class ResetPassword(_OfPerson, frozen=True, kw_only=True):
    """Gives `actor_id` the password that `password` (an argon2id string) was made from, by the letter that was asked
    for at `asked_at`; signs them out everywhere. Who has read the letter has the address."""

    name: ClassVar[str] = "user.reset_password"

    asked_at: datetime
    password: str

    def decide(self, state: State) -> list[Draft]:
        """Raises LinkSpent."""
        mailbox = self.present(state).mailbox
        if not mailbox.awaits("reset", self.asked_at, self.now):
            raise LinkSpent(_SPENT)
        # Whoever opened it without the address knew a password, and may have set up more than that.
        verified = () if mailbox.verified else (UserEmailVerified(), UserReclaimed(reclaimed_at=self.now))
        return self.drafts(
            UserPasswordChanged(text={"password": self.password}), UserSessionsEnded(), *verified
        )

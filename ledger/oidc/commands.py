"""Signing in, registering and linking by an account elsewhere, and unlinking it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from ledger.books.opening import HOME_BOOK, opening
from ledger.books.zones import check_zone
from ledger.command import Claim, Command, Draft, State
from ledger.identity.events import UserRegistered
from ledger.identity.user import User
from ledger.mailbox.addresses import NORMAL, normal
from ledger.mailbox.claims import email_claim, email_claims
from ledger.mailbox.events import UserEmailVerified
from ledger.money import exponent_of
from ledger.oidc.events import UserIdentityLinked, UserIdentityUnlinked, UserIdentityUsed
from ledger.oidc.identities import identity_claim, state_claim
from ledger.oidc.refusals import (
    AccountExists,
    IdentityTaken,
    LastWayIn,
    StateUsed,
    TooManyIdentities,
    UnknownIdentity,
)

MOST_IDENTITIES = 20


class Proved(Command, frozen=True, kw_only=True):
    """An issuer has told that whoever signs in is the one with the `digest`; see UserIdentityLinked. `state` is the
    SHA-256 of what the sign-in was begun with, which is good for one, until `expires_at`."""

    issuer: str
    digest: bytes
    state: bytes
    expires_at: datetime

    def streams(self) -> Iterable[UUID]:
        return (self.actor_id,)

    def claims(self, state: State) -> Iterable[Claim]:
        return Claim(*identity_claim(self.issuer, self.digest)), Claim(*state_claim(self.state))

    def fresh(self, state: State) -> None:
        """Raises StateUsed."""
        if self.expires_at <= self.now or state.holder(*state_claim(self.state)) is not None:
            raise StateUsed("Begin again: each beginning is good for one sign-in, and for some minutes.")

    def free(self, state: State) -> None:
        """Raises IdentityTaken."""
        if state.holder(*identity_claim(self.issuer, self.digest)) is not None:
            raise IdentityTaken("It is linked to somebody here already. Sign in with it instead.")


class Linking(Proved, frozen=True, kw_only=True):
    """Ties the account elsewhere to a person, as the fresh `identity_id`. `email` is as the issuer told it."""

    identity_id: UUID
    provider: str
    subject: str
    email: str

    def linked(self) -> Draft:
        fact = UserIdentityLinked(
            identity_id=self.identity_id,
            provider=self.provider,
            issuer=self.issuer,
            digest=self.digest,
            state=self.state,
            expires_at=self.expires_at,
            linked_at=self.now,
            text={"subject": self.subject, "email": self.email},
        )
        return Draft(self.actor_id, fact)


class RegisterByIdentity(Linking, frozen=True, kw_only=True):
    """A person, `actor_id` being their fresh id, with a home book of the fresh id `book_id` and no password. The
    issuer vouches for the address."""

    name: ClassVar[str] = "user.register_by_identity"

    display_name: str
    currency: str
    time_zone: str
    locale: str = "en"

    def claims(self, state: State) -> Iterable[Claim]:
        return *super().claims(state), *email_claims(self.email)

    def decide(self, state: State) -> list[Draft]:
        """Raises StateUsed, IdentityTaken, AccountExists, UnacceptableAddress, UnknownCurrency, UnknownTimeZone."""
        normal(self.email)
        exponent_of(self.currency, field="currency")
        check_zone(self.time_zone)
        self.fresh(state)
        self.free(state)
        if any(state.holder(*claim) is not None for claim in email_claims(self.email)):
            raise AccountExists(
                "Sign in to that account as you did before, then link this one to it: "
                f"POST /v1/auth/oidc/{self.provider}/link/start."
            )
        registered = UserRegistered(
            home_book_id=self.book_id,
            currency=self.currency,
            time_zone=self.time_zone,
            locale=self.locale,
            address_form=NORMAL,
            text={"email": self.email, "name": self.display_name},
        )
        book = opening(self.book_id, self.actor_id, HOME_BOOK, self.currency, self.time_zone)
        verified = Draft(self.actor_id, UserEmailVerified())
        return [Draft(self.actor_id, registered), self.linked(), verified, *book]


class LinkIdentity(Linking, frozen=True, kw_only=True):
    """Ties the account elsewhere to the person `actor_id`, who is signed in; `book_id` is their home book. If the
    issuer has `vouched` for the address that they have here, it is verified."""

    name: ClassVar[str] = "user.link_identity"

    vouched: bool = False

    def decide(self, state: State) -> list[Draft]:
        """Raises StateUsed, IdentityTaken, TooManyIdentities, UnknownIdentity."""
        user = _present(state, self.actor_id)
        self.fresh(state)
        self.free(state)
        if len(user.identities.linked) >= MOST_IDENTITIES:
            raise TooManyIdentities(
                f"Unlink one first: {MOST_IDENTITIES} are the most.", most=MOST_IDENTITIES
            )
        same = email_claim(self.email) == email_claim(user.text.get("email", ""))
        if self.vouched and same and not user.verified:
            return [self.linked(), Draft(self.actor_id, UserEmailVerified())]
        return [self.linked()]


class UseIdentity(Proved, frozen=True, kw_only=True):
    """Takes the issuer's word that the person `actor_id` has proved who they are; `book_id` is their home book."""

    name: ClassVar[str] = "user.use_identity"

    def decide(self, state: State) -> list[Draft]:
        """Raises StateUsed, UnknownIdentity."""
        self.fresh(state)
        identity = _present(state, self.actor_id).identities.of(self.issuer, self.digest)
        if identity is None:
            raise UnknownIdentity("This account is not linked to you any more.")
        used = UserIdentityUsed(
            identity_id=identity.identity_id, state=self.state, expires_at=self.expires_at, used_at=self.now
        )
        return [Draft(self.actor_id, used)]


class UnlinkIdentity(Command, frozen=True, kw_only=True):
    """Unties an account elsewhere from the person `actor_id`; `book_id` is their home book."""

    name: ClassVar[str] = "user.unlink_identity"

    identity_id: UUID

    def streams(self) -> Iterable[UUID]:
        return (self.actor_id,)

    def decide(self, state: State) -> list[Draft]:
        """Raises UnknownIdentity, LastWayIn."""
        user = _present(state, self.actor_id)
        if user.identities.by_id(self.identity_id) is None:
            raise UnknownIdentity("No such account is linked to you.", identity_id=str(self.identity_id))
        if user.ways_in == 1:
            raise LastWayIn("Set a password or add a passkey first.")
        return [Draft(self.actor_id, UserIdentityUnlinked(identity_id=self.identity_id))]


def _present(state: State, user_id: UUID) -> User:
    user = state.entity(User, user_id)
    if user is None or not user.present:
        raise UnknownIdentity("This person is no longer known here.")
    return user

"""Registering with a book of one's own, and changing one's name, preferences and password."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar
from uuid import UUID

from ledger.books.opening import HOME_BOOK, opening
from ledger.books.zones import check_zone
from ledger.command import Claim, Command, Draft, State
from ledger.identity.events import (
    UserPasswordChanged,
    UserPasswordRehashed,
    UserPreferencesChanged,
    UserRegistered,
    UserRenamed,
    UserSessionsEnded,
)
from ledger.identity.user import User
from ledger.mailbox.addresses import NORMAL, normal
from ledger.mailbox.claims import email_claims
from ledger.mailbox.refusals import EmailTaken
from ledger.money import exponent_of
from ledger.profile.countries import check_country
from ledger.profile.events import UserCountryChanged, UserNotificationsChanged
from ledger.profile.notifications import checked
from ledger.record import Fact
from ledger.refusals import Stale, Unknown


class UnknownUser(Unknown):
    """There is no such user."""

    code = "unknown_user"


class RegisterUser(Command, frozen=True, kw_only=True):
    """A person, `actor_id` being their fresh id, with a home book of the fresh id `book_id`.

    `password` is the argon2id string, never the password.
    """

    name: ClassVar[str] = "user.register"

    email: str
    password: str
    display_name: str
    currency: str
    time_zone: str
    locale: str = "en"

    def claims(self, state: State) -> Iterable[Claim]:
        return email_claims(self.email)

    def decide(self, state: State) -> list[Draft]:
        """Raises EmailTaken, UnacceptableAddress, UnknownCurrency, UnknownTimeZone."""
        normal(self.email)
        exponent_of(self.currency, field="currency")
        check_zone(self.time_zone)
        if any(state.holder(*claim) is not None for claim in email_claims(self.email)):
            raise EmailTaken("This address is registered already. Sign in instead.", field="email")
        registered = UserRegistered(
            home_book_id=self.book_id,
            currency=self.currency,
            time_zone=self.time_zone,
            locale=self.locale,
            address_form=NORMAL,
            text={"email": self.email, "password": self.password, "name": self.display_name},
        )
        book = opening(self.book_id, self.actor_id, HOME_BOOK, self.currency, self.time_zone)
        return [Draft(self.actor_id, registered), *book]


class AmendUser(Command, frozen=True, kw_only=True):
    """Changes what is not None of the person `actor_id`. `password` is an argon2id string, and a new one signs them
    out everywhere but in the session `session_id`; an empty `country` takes it away; `notifications` holds the
    channels of the kinds that are to change; `expected_version` is what the change was based on, if that is known."""

    name: ClassVar[str] = "user.amend"

    display_name: str | None = None
    currency: str | None = None
    time_zone: str | None = None
    locale: str | None = None
    country: str | None = None
    notifications: Mapping[str, tuple[str, ...]] | None = None
    password: str | None = None
    session_id: UUID | None = None
    expected_version: int | None = None

    def streams(self) -> Iterable[UUID]:
        return (self.actor_id,)

    def decide(self, state: State) -> list[Draft]:
        """Raises UnknownUser, Stale, UnknownCurrency, UnknownTimeZone, UnknownCountry, UnknownNotification,
        SecurityMailStays."""
        user = _present(state, self.actor_id)
        version = state.version(self.actor_id)
        if self.expected_version is not None and self.expected_version != version:
            raise Stale(f"You are at version {version}, not {self.expected_version}.", version=version)
        return [Draft(self.actor_id, fact) for fact in self._changes(user)]

    def _changes(self, user: User) -> list[Fact]:
        facts: list[Fact] = []
        if self.display_name is not None and self.display_name != user.text.get("name"):
            facts.append(UserRenamed(text={"name": self.display_name}))
        preferences = UserPreferencesChanged(
            currency=self.currency or user.currency,
            time_zone=self.time_zone or user.time_zone,
            locale=self.locale or user.locale,
        )
        if (preferences.currency, preferences.time_zone, preferences.locale) != (
            user.currency,
            user.time_zone,
            user.locale,
        ):
            exponent_of(preferences.currency, field="currency")
            check_zone(preferences.time_zone)
            facts.append(preferences)
        facts += self._profile(user)
        if self.password is not None:
            facts.append(UserPasswordChanged(text={"password": self.password}))
            facts.append(UserSessionsEnded(kept=self.session_id))
        return facts

    def _profile(self, user: User) -> Iterable[Fact]:
        country, profile = self.country, user.profile
        if country is not None and country != profile.country:
            if country:
                check_country(country)
            yield UserCountryChanged(text={"country": country} if country else {})
        if self.notifications is not None:
            wanted = checked(self.notifications)
            changed = {kind: c for kind, c in wanted.items() if profile.notifications.get(kind) != c}
            if changed:
                yield UserNotificationsChanged(channels=changed)


class RehashPassword(Command, frozen=True, kw_only=True):
    """Takes over a hash of the same password that was made at another cost. `old` and `new` are argon2id strings."""

    name: ClassVar[str] = "user.rehash"

    old: str
    new: str

    def streams(self) -> Iterable[UUID]:
        return (self.actor_id,)

    def decide(self, state: State) -> list[Draft]:
        """Nothing when the password was changed meanwhile. Raises UnknownUser."""
        if _present(state, self.actor_id).text.get("password") != self.old:
            return []
        return [Draft(self.actor_id, UserPasswordRehashed(text={"password": self.new}))]


def _present(state: State, user_id: UUID) -> User:
    user = state.entity(User, user_id)
    if user is None or user.privacy.erased:
        raise UnknownUser("There is no such user.")
    return user

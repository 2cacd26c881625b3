"""A person who signs in, as their facts make them."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import msgspec

from ledger.identity.events import (
    UserPasswordChanged,
    UserPasswordRehashed,
    UserPreferencesChanged,
    UserRegistered,
    UserRenamed,
)
from ledger.ids import NIL
from ledger.record import Fact
from ledger.refusals import Refusal


class User(msgspec.Struct, frozen=True, kw_only=True):
    """`text` holds email, name and password (the argon2id string); empty once erased."""

    user_id: UUID
    home_book_id: UUID
    currency: str
    time_zone: str
    locale: str
    text: Mapping[str, str] = {}

    def claims(self) -> tuple[tuple[UUID, str, str], ...]:
        """The address is theirs alone, in whatever case it is typed."""
        email = self.text.get("email")
        return ((NIL, "email", email.casefold()),) if email else ()


class UserUnreadable(Refusal):
    """A user's facts do not follow from each other."""

    code = "user_unreadable"
    status = 409


def evolve(user: User | None, fact: Fact, stream_id: UUID, book_id: UUID) -> User:
    """The user after `fact`."""
    if isinstance(fact, UserRegistered):
        return User(
            user_id=stream_id,
            home_book_id=fact.home_book_id,
            currency=fact.currency,
            time_zone=fact.time_zone,
            locale=fact.locale,
            text=fact.text,
        )
    if user is None:
        raise UserUnreadable(f"user {stream_id} does not begin with a registration")
    match fact:
        case UserRenamed() | UserPasswordChanged() | UserPasswordRehashed():
            return msgspec.structs.replace(user, text={**user.text, **fact.text})
        case UserPreferencesChanged():
            return msgspec.structs.replace(
                user, currency=fact.currency, time_zone=fact.time_zone, locale=fact.locale
            )
        case _:
            raise UserUnreadable(f"{fact.topic} is not a fact of users")

"""A person who signs in, as their facts make them."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import msgspec

from ledger.anomalies import events as anomalies
from ledger.authority import authority
from ledger.authority.authority import Authority, AuthorityFact
from ledger.factors import factors
from ledger.factors.factors import FactorFact, Factors
from ledger.identity.events import (
    UserPasswordChanged,
    UserPasswordRehashed,
    UserPreferencesChanged,
    UserRegistered,
    UserRenamed,
    UserSessionsEnded,
)
from ledger.mailbox import mailbox
from ledger.mailbox.events import UserReclaimed
from ledger.mailbox.mailbox import Mailbox, MailboxFact
from ledger.oidc import identities
from ledger.oidc.identities import Identities, IdentityFact
from ledger.passkeys import passkeys
from ledger.passkeys.passkeys import PasskeyFact, Passkeys
from ledger.privacy import privacy
from ledger.privacy.privacy import Privacy
from ledger.profile import profile
from ledger.profile.profile import Profile
from ledger.record import Fact
from ledger.refusals import Refusal


class User(msgspec.Struct, frozen=True, kw_only=True):
    """`text` holds email, name and password (the argon2id string); empty once erased. `epoch` counts how often they
    were signed out everywhere, the last time but for the session `kept`."""

    user_id: UUID
    home_book_id: UUID
    currency: str
    time_zone: str
    locale: str
    epoch: int = 0
    kept: UUID | None = None
    passkeys: Passkeys = Passkeys()
    identities: Identities = Identities()
    factors: Factors = Factors()
    text: Mapping[str, str] = {}
    mailbox: Mailbox = Mailbox()
    profile: Profile = Profile()
    privacy: Privacy = Privacy()
    authority: Authority = Authority()

    @property
    def present(self) -> bool:
        """Whether they are still somebody who may sign in."""
        return bool(self.text)

    @property
    def verified(self) -> bool:
        """Whether they have shown that their address is theirs."""
        return self.mailbox.verified

    @property
    def ways_in(self) -> int:
        """By how many ways they can sign in: a password, passkeys, accounts elsewhere."""
        return ("password" in self.text) + len(self.passkeys.keys) + len(self.identities.linked)

    @property
    def has_second_factor(self) -> bool:
        """Whether their password alone does not prove who they are. Recovery codes stand in for the others."""
        return self.factors.totp is not None or bool(self.passkeys.keys)

    def keeps(self, session_id: UUID, epoch: int) -> bool:
        """Whether a session that was opened in `epoch` was not among those that they were signed out of."""
        return epoch == self.epoch or session_id == self.kept

    def claims(self) -> tuple[tuple[UUID, str, str], ...]:
        """The address is theirs alone, however it is typed; so are their passkeys and accounts elsewhere."""
        email = self.text.get("email")
        address = (self.mailbox.held(email),) if email else ()
        return (*address, *self.passkeys.claims(), *self.identities.claims())


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
            mailbox=Mailbox(address_form=fact.address_form),
            text=fact.text,
        )
    if user is None:
        raise UserUnreadable(f"user {stream_id} does not begin with a registration")
    match fact:
        case UserRenamed() | UserPasswordRehashed():
            return msgspec.structs.replace(user, text={**user.text, **fact.text})
        case UserPasswordChanged():
            text = {**user.text, **fact.text}
            return msgspec.structs.replace(user, text=text, mailbox=mailbox.answered(user.mailbox))
        case UserPreferencesChanged():
            return msgspec.structs.replace(
                user, currency=fact.currency, time_zone=fact.time_zone, locale=fact.locale
            )
        case UserSessionsEnded(kept=kept):
            return msgspec.structs.replace(user, epoch=user.epoch + 1, kept=kept)
        case _ if isinstance(fact, MailboxFact):
            email = {name: word for name, word in fact.text.items() if name == "email"}
            text = {**user.text, **email}
            user = msgspec.structs.replace(user, text=text, mailbox=mailbox.evolve(user.mailbox, fact))
            return reclaimed(user) if isinstance(fact, UserReclaimed) else user
        case _ if isinstance(fact, IdentityFact):
            return msgspec.structs.replace(user, identities=identities.evolve(user.identities, fact))
        case _ if isinstance(fact, AuthorityFact):
            return msgspec.structs.replace(user, authority=authority.evolve(user.authority, fact))
        case _ if isinstance(fact, anomalies.FACTS):
            return user
        case _ if isinstance(fact, PasskeyFact):
            return msgspec.structs.replace(user, passkeys=passkeys.evolve(user.passkeys, fact))
        case _ if isinstance(fact, FactorFact):
            return msgspec.structs.replace(user, factors=factors.evolve(user.factors, fact))
        case _ if isinstance(fact, profile.FACTS):
            return msgspec.structs.replace(user, profile=profile.evolve(user.profile, fact))
        case _ if isinstance(fact, privacy.FACTS):
            user = msgspec.structs.replace(user, privacy=privacy.evolve(user.privacy, fact))
            return forgotten(user) if user.privacy.erased else user
        case _:
            raise UserUnreadable(f"{fact.topic} is not a fact of users")


def reclaimed(user: User) -> User:
    """The user whom nobody can be any more by what was set up before."""
    return msgspec.structs.replace(user, passkeys=Passkeys(), factors=Factors(), identities=Identities())


def forgotten(user: User) -> User:
    """The user of whom nothing is left but where they were: as every later reading of the record finds them."""
    return User(
        user_id=user.user_id,
        home_book_id=user.home_book_id,
        currency=user.currency,
        time_zone=user.time_zone,
        locale=user.locale,
        epoch=user.epoch + 1,
        privacy=user.privacy,
    )

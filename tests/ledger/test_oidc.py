"""Accounts elsewhere as facts: one person's each, each state used once among everybody, and the last way in."""

import datetime as dt
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from ledger.identity.commands import RegisterUser
from ledger.identity.user import User
from ledger.ids import NIL, derived_id
from ledger.mailbox.commands import AskReset, ResetPassword
from ledger.oidc.commands import (
    MOST_IDENTITIES,
    LinkIdentity,
    RegisterByIdentity,
    UnlinkIdentity,
    UseIdentity,
)
from ledger.oidc.identities import SKEW, identity_claim
from ledger.oidc.refusals import (
    AccountExists,
    IdentityTaken,
    LastWayIn,
    StateUsed,
    TooManyIdentities,
    UnknownIdentity,
)
from ledger.passkeys.commands import AddPasskey, RemovePasskey
from tests.support.scenario import Scenario

ISSUER = "https://issuer.example"
TEN_MINUTES = dt.timedelta(minutes=10)


class Owner:
    """Somebody who came with an account elsewhere, or with a password."""

    def __init__(self, book: Scenario, name: str, *, password: bool = False) -> None:
        self.book, self.name = book, name
        self.user_id, self.home = derived_id("owner", name), derived_id("home of", name)
        home = {"display_name": name, "currency": "EUR", "time_zone": "UTC"}
        if password:
            self.do(RegisterUser, email=f"{name}@example.com", password="$argon2id$", **home)
        else:
            self.do(RegisterByIdentity, **self.linking(name), **home)

    @property
    def user(self) -> User:
        user = self.book.ledger.state.entity(User, self.user_id)
        assert isinstance(user, User)
        return user

    def proof(self, subject: str, state: str | None = None) -> dict[str, Any]:
        return {
            "issuer": ISSUER,
            "digest": subject.encode(),
            "state": sha256((state or str(self.book.fresh())).encode()).digest(),
            "expires_at": self.book.now + TEN_MINUTES,
        }

    def linking(self, subject: str, state: str | None = None) -> dict[str, Any]:
        told = {"provider": "here", "subject": subject, "email": f"{subject}@example.com"}
        return self.proof(subject, state) | told | {"identity_id": self.book.fresh()}

    def link(self, subject: str, **more: Any) -> UUID:
        fields = self.linking(subject, **more)
        self.do(LinkIdentity, **fields)
        found: UUID = fields["identity_id"]
        return found

    def add_passkey(self) -> UUID:
        passkey_id = self.book.fresh()
        self.do(
            AddPasskey,
            proved=True,
            passkey_id=passkey_id,
            title="Phone",
            credential_id=b"one",
            public_key=b"key",
            sign_count=0,
            aaguid=NIL,
            synced=False,
            challenge=bytes(32),
            expires_at=self.book.now + TEN_MINUTES,
        )
        return passkey_id

    def do(self, kind: type[Any], **fields: Any) -> Any:
        return self.book.do(kind, actor_id=self.user_id, book_id=self.home, **fields)

    def refused(self, refusal: type[Any], kind: type[Any], **fields: Any) -> None:
        self.book.refuses(refusal, kind, actor_id=self.user_id, book_id=self.home, **fields)


@pytest.fixture
def book() -> Scenario:
    return Scenario()


def test_somebody_registers_signs_in_links_another_and_unlinks(book: Scenario) -> None:
    ada = Owner(book, "ada")
    assert ada.user.text == {"email": "ada@example.com", "name": "ada"}
    assert ada.user.ways_in == 1
    ada.do(UseIdentity, **ada.proof("ada"))
    (identity,) = ada.user.identities.linked
    assert (identity.used_at, identity.email) == (book.now, "ada@example.com")
    other = ada.link("work")
    assert ada.user.ways_in == 2
    ada.do(UnlinkIdentity, identity_id=identity.identity_id)
    assert [each.identity_id for each in ada.user.identities.linked] == [other]
    assert identity_claim(ISSUER, b"ada") not in ada.user.claims()
    ada.refused(UnknownIdentity, UseIdentity, **ada.proof("ada"))


def test_an_account_elsewhere_is_one_persons(book: Scenario) -> None:
    ada, bob = Owner(book, "ada"), Owner(book, "bob", password=True)
    for owner in (ada, bob):
        owner.refused(IdentityTaken, LinkIdentity, **owner.linking("ada"))
    # The same subject of another issuer is another account.
    bob.do(LinkIdentity, **bob.linking("ada") | {"issuer": "https://other.example"})


def test_an_address_that_somebody_has_registers_nobody(book: Scenario) -> None:
    ada = Owner(book, "ada", password=True)
    home = {"display_name": "x", "currency": "EUR", "time_zone": "UTC", "actor_id": book.fresh()}
    new = ada.linking("x") | {"email": "ADA@example.com"} | home | {"book_id": book.fresh()}
    book.refuses(AccountExists, RegisterByIdentity, **new)
    assert ada.user.identities.linked == ()


def test_a_state_is_used_once_among_everybody(book: Scenario) -> None:
    ada, bob = Owner(book, "ada"), Owner(book, "bob")
    ada.do(UseIdentity, **ada.proof("ada", "one"))
    ada.refused(StateUsed, UseIdentity, **ada.proof("ada", "one"))
    bob.refused(StateUsed, UseIdentity, **bob.proof("bob", "one"))
    bob.refused(StateUsed, LinkIdentity, **bob.linking("work", "one"))
    book.now += TEN_MINUTES
    ada.refused(StateUsed, UseIdentity, **ada.proof("ada", "two") | {"expires_at": book.now})


def test_used_states_are_forgotten_once_they_have_expired(book: Scenario) -> None:
    ada = Owner(book, "ada")
    for minutes in (0, 5, 7):
        book.now += dt.timedelta(minutes=minutes)
        ada.do(UseIdentity, **ada.proof("ada"))
    assert len(ada.user.identities.spent) == 2
    book.now += TEN_MINUTES + SKEW
    ada.do(UseIdentity, **ada.proof("ada"))
    assert len(ada.user.identities.spent) == 1


def test_the_last_way_in_stays(book: Scenario) -> None:
    ada, bob = Owner(book, "ada"), Owner(book, "bob", password=True)
    (identity,) = ada.user.identities.linked
    ada.refused(LastWayIn, UnlinkIdentity, identity_id=identity.identity_id)
    bob.do(UnlinkIdentity, identity_id=bob.link("work"))
    passkey_id = ada.add_passkey()
    ada.do(UnlinkIdentity, identity_id=identity.identity_id)
    ada.refused(LastWayIn, RemovePasskey, passkey_id=passkey_id, proved=True)


def test_what_is_somebody_elses_is_unknown(book: Scenario) -> None:
    ada, bob = Owner(book, "ada"), Owner(book, "bob")
    (identity,) = ada.user.identities.linked
    bob.refused(UnknownIdentity, UnlinkIdentity, identity_id=identity.identity_id)
    bob.refused(UnknownIdentity, UseIdentity, **bob.proof("ada"))
    bob.user_id = derived_id("nobody")
    bob.refused(UnknownIdentity, LinkIdentity, **bob.linking("work"))


def test_nobody_links_without_end(book: Scenario) -> None:
    ada = Owner(book, "ada")
    for number in range(MOST_IDENTITIES - 1):
        ada.link(str(number))
    ada.refused(TooManyIdentities, LinkIdentity, **ada.linking("one more"))


def test_who_takes_an_address_back_is_rid_of_whoever_used_it(book: Scenario) -> None:
    mallory = Owner(book, "mallory", password=True)
    mallory.link("evil")
    mallory.add_passkey()
    mallory.do(AskReset)
    mallory.do(ResetPassword, asked_at=book.now, password="$argon2id$mine")
    assert mallory.user.ways_in == 1
    assert mallory.user.mailbox.reclaimed_at == book.now
    mallory.refused(UnknownIdentity, UseIdentity, **mallory.proof("evil"))
    # Once the address is theirs, a forgotten password costs nothing else.
    mallory.link("mine")
    mallory.do(AskReset)
    mallory.do(ResetPassword, asked_at=book.now, password="$argon2id$new")
    assert mallory.user.ways_in == 2

"""Passkeys as facts: claimed once, each challenge answered once, counts that must rise, and the last factor."""

import datetime as dt
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from ledger.factors.refusals import FactorProofNeeded
from ledger.identity.commands import RegisterUser
from ledger.identity.user import User
from ledger.ids import NIL, derived_id
from ledger.passkeys.commands import (
    MOST_PASSKEYS,
    AddPasskey,
    RemovePasskey,
    RenamePasskey,
    UsePasskey,
)
from ledger.passkeys.events import UserPasskeySuspected, UserPasskeyUsed
from ledger.passkeys.passkeys import SKEW, credential_claim
from ledger.passkeys.refusals import (
    ChallengeOver,
    CredentialTaken,
    TooManyPasskeys,
    UnknownPasskey,
)
from ledger.undo.commands import UndoCommand
from ledger.undo.refusals import NotUndoable
from tests.support.scenario import Scenario

FIVE_MINUTES = dt.timedelta(minutes=5)


class Owner:
    """Somebody with a home book and passkeys."""

    def __init__(self, book: Scenario, name: str) -> None:
        self.book, self.name = book, name
        self.user_id, self.home = derived_id("owner", name), derived_id("home of", name)
        self._do(
            RegisterUser,
            email=f"{name}@example.com",
            password="$argon2id$",
            display_name=name,
            currency="EUR",
            time_zone="UTC",
        )

    @property
    def user(self) -> User:
        user = self.book.ledger.state.entity(User, self.user_id)
        assert isinstance(user, User)
        return user

    def add(self, credential: bytes, **more: Any) -> UUID:
        passkey_id = self.book.fresh()
        self._do(AddPasskey, **self._new(passkey_id, credential) | more)
        return passkey_id

    def cannot_add(self, refusal: type[Any], credential: bytes, **more: Any) -> None:
        self._refused(refusal, AddPasskey, **self._new(self.book.fresh(), credential) | more)

    def use(self, passkey_id: UUID, count: int, challenge: str, **more: Any) -> Any:
        outcome = self._do(
            UsePasskey, **self._answer(challenge), passkey_id=passkey_id, sign_count=count, **more
        )
        return outcome.facts[-1].fact

    def cannot_use(self, refusal: type[Any], passkey_id: UUID, challenge: str, **more: Any) -> None:
        self._refused(
            refusal, UsePasskey, **self._answer(challenge) | more, passkey_id=passkey_id, sign_count=0
        )

    def rename(self, passkey_id: UUID, title: str) -> Any:
        return self._do(RenamePasskey, passkey_id=passkey_id, title=title)

    def remove(self, passkey_id: UUID, proved: bool = True) -> Any:
        return self._do(RemovePasskey, passkey_id=passkey_id, proved=proved)

    def cannot_remove(self, refusal: type[Any], passkey_id: UUID, proved: bool) -> None:
        self._refused(refusal, RemovePasskey, passkey_id=passkey_id, proved=proved)

    def _do(self, kind: type[Any], **fields: Any) -> Any:
        return self.book.do(kind, actor_id=self.user_id, book_id=self.home, **fields)

    def _refused(self, refusal: type[Any], kind: type[Any], **fields: Any) -> None:
        self.book.refuses(refusal, kind, actor_id=self.user_id, book_id=self.home, **fields)

    def _answer(self, challenge: str) -> dict[str, Any]:
        return {"challenge": sha256(challenge.encode()).digest(), "expires_at": self.book.now + FIVE_MINUTES}

    def _new(self, passkey_id: UUID, credential: bytes) -> dict[str, Any]:
        return self._answer(f"add {passkey_id}") | {
            "proved": True,
            "passkey_id": passkey_id,
            "title": "Phone",
            "credential_id": credential,
            "public_key": b"key",
            "sign_count": 0,
            "aaguid": NIL,
            "synced": False,
            "transports": ("usb",),
        }


@pytest.fixture
def ada() -> Owner:
    return Owner(Scenario(), "ada")


def test_a_passkey_is_added_used_renamed_and_removed(ada: Owner) -> None:
    key = ada.add(b"one")
    assert isinstance(ada.use(key, 1, "a", verified=True), UserPasskeyUsed)
    ada.rename(key, "Old phone")
    assert not ada.rename(key, "Old phone").facts
    (shown,) = ada.user.passkeys.keys
    assert (shown.name, shown.sign_count, shown.used_at) == ("Old phone", 1, ada.book.now)
    assert credential_claim(b"one") in ada.user.claims()
    ada.remove(key)
    assert ada.user.passkeys.keys == ()
    assert credential_claim(b"one") not in ada.user.claims()


def test_a_session_from_before_the_first_passkey_cannot_add_another(ada: Owner) -> None:
    ada.add(b"one", proved=False)
    ada.cannot_add(FactorProofNeeded, b"two", proved=False)
    ada.add(b"two", proved=True)


def test_a_credential_is_one_persons_until_it_is_removed(ada: Owner) -> None:
    bob = Owner(ada.book, "bob")
    key = ada.add(b"one")
    for owner in (ada, bob):
        owner.cannot_add(CredentialTaken, b"one")
    ada.remove(key)
    assert bob.add(b"one")


def test_a_challenge_is_answered_once_whatever_for(ada: Owner) -> None:
    key, other = ada.add(b"one"), ada.add(b"two")
    ada.use(key, 1, "a")
    ada.cannot_use(ChallengeOver, key, "a")
    ada.cannot_use(ChallengeOver, other, "a")
    ada.cannot_add(ChallengeOver, b"three", challenge=sha256(b"a").digest())
    ada.cannot_use(ChallengeOver, key, f"add {key}")
    assert isinstance(ada.use(other, 1, "b"), UserPasskeyUsed)


def test_a_used_challenge_is_remembered_until_it_has_expired(ada: Owner) -> None:
    key, begin = ada.add(b"one"), ada.book.now
    ada.use(key, 1, "a")
    ada.book.now = begin + FIVE_MINUTES
    ada.cannot_use(ChallengeOver, key, "a", expires_at=begin + FIVE_MINUTES)
    # The clock of another process that is a little late lets it through no more than that.
    ada.use(key, 2, "b")
    ada.book.now = begin + FIVE_MINUTES - dt.timedelta(seconds=50)
    ada.cannot_use(ChallengeOver, key, "a", expires_at=begin + FIVE_MINUTES)
    ada.book.now = begin + 2 * FIVE_MINUTES + 2 * SKEW
    ada.use(key, 3, "c")
    assert len(ada.user.passkeys.spent) == 1


def test_a_count_that_does_not_rise_is_kept_as_a_suspicion_and_proves_nothing(ada: Owner) -> None:
    key = ada.add(b"one")
    ada.use(key, 7, "a")
    for count, challenge in ((7, "b"), (6, "c"), (0, "d")):
        suspected = ada.use(key, count, challenge)
        assert isinstance(suspected, UserPasskeySuspected)
        assert (suspected.sign_count, suspected.known) == (count, 7)
        # Its challenge is used up too.
        ada.cannot_use(ChallengeOver, key, challenge)
    (shown,) = ada.user.passkeys.keys
    assert (shown.sign_count, shown.suspected_at) == (7, ada.book.now)
    assert isinstance(ada.use(key, 8, "e"), UserPasskeyUsed)


def test_a_device_that_does_not_count_is_believed(ada: Owner) -> None:
    key = ada.add(b"one")
    for challenge in "abc":
        assert isinstance(ada.use(key, 0, challenge), UserPasskeyUsed)


def test_what_is_removed_or_somebody_elses_is_unknown(ada: Owner) -> None:
    bob = Owner(ada.book, "bob")
    key = bob.add(b"one")
    ada.cannot_use(UnknownPasskey, key, "a")
    ada.cannot_remove(UnknownPasskey, key, True)
    bob.remove(key)
    bob.cannot_use(UnknownPasskey, key, "b")
    nobody = Owner(ada.book, "nobody")
    nobody.user_id = derived_id("nobody at all")
    nobody.cannot_add(UnknownPasskey, b"two")


def test_the_last_one_is_removed_only_with_a_proof(ada: Owner) -> None:
    one, two = ada.add(b"one"), ada.add(b"two")
    for key in (one, two):
        ada.cannot_remove(FactorProofNeeded, key, proved=False)
        ada.remove(key, proved=True)


def test_nobody_has_passkeys_without_end(ada: Owner) -> None:
    for number in range(MOST_PASSKEYS):
        ada.add(bytes([number]))
    ada.cannot_add(TooManyPasskeys, b"one more")


def test_what_becomes_of_a_passkey_cannot_be_undone(ada: Owner) -> None:
    ada.add(b"one")
    _, outcome = ada.book.begun[-1]
    ada.book.refuses(
        NotUndoable,
        UndoCommand,
        book_id=ada.home,
        actor_id=ada.user_id,
        undone_id=outcome.command_id,
        first=outcome.first,
        last=outcome.last,
    )

"""Addresses are verified, changed and used to choose a new password: each letter counts once, and not for long."""

import datetime as dt
from uuid import UUID, uuid4

import pytest

from ledger.identity.commands import AmendUser, RegisterUser, RehashPassword
from ledger.identity.user import User
from ledger.mailbox.addresses import UnacceptableAddress
from ledger.mailbox.claims import email_claim, typed_claim
from ledger.mailbox.commands import (
    AskEmailChange,
    AskReset,
    AskVerification,
    ConfirmEmailChange,
    ResetPassword,
    VerifyEmail,
)
from ledger.mailbox.refusals import EmailTaken, LinkSpent, TooManyLetters
from tests.support.scenario import NOON, Scenario

MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)


class Someone:
    """A person with an address, and what they do about it."""

    def __init__(self, book: Scenario, email: str) -> None:
        self.book, self.id = book, book.fresh()
        self._do(
            RegisterUser,
            book_id=book.fresh(),
            email=email,
            password="$argon2id$first",
            display_name="Ada",
            currency="EUR",
            time_zone="UTC",
        )

    @property
    def user(self) -> User:
        found = self.book.ledger.state.entity(User, self.id)
        assert isinstance(found, User)
        return found

    def verify(self, email: str) -> list[str]:
        return self._do(VerifyEmail, email=email)

    def ask_verification(self) -> list[str]:
        return self._do(AskVerification)

    def ask_change(self, email: str) -> dt.datetime:
        self._do(AskEmailChange, email=email)
        return self.book.now

    def confirm(self, email: str, asked_at: dt.datetime) -> list[str]:
        return self._do(ConfirmEmailChange, email=email, asked_at=asked_at)

    def ask_reset(self) -> list[str]:
        return self._do(AskReset)

    def reset(self, asked_at: dt.datetime, password: str = "$argon2id$new") -> list[str]:
        return self._do(ResetPassword, asked_at=asked_at, password=password)

    def amend(self, password: str) -> None:
        self._do(AmendUser, password=password)

    def _do(self, kind: type, **fields: object) -> list[str]:
        return self.book.topics(self.book.do(kind, actor_id=self.id, **fields))


@pytest.fixture
def book() -> Scenario:
    return Scenario()


@pytest.fixture
def ada(book: Scenario) -> Someone:
    return Someone(book, "ada@example.org")


def holder(book: Scenario, email: str) -> UUID | None:
    return book.ledger.state.holder(*email_claim(email))


def test_an_address_is_verified_once(ada: Someone) -> None:
    assert not ada.user.verified
    assert ada.verify("ada@example.org") == ["user.email_verified"]
    assert ada.user.verified
    assert ada.verify("ada@example.org") == []
    assert ada.ask_verification() == []


def test_a_letter_to_another_address_verifies_nothing(ada: Someone) -> None:
    with pytest.raises(LinkSpent):
        ada.verify("other@example.org")
    assert not ada.user.verified


def test_letters_are_bounded_by_the_hour(ada: Someone) -> None:
    for _ in range(3):
        assert ada.ask_verification() == ["user.verification_asked"]
    with pytest.raises(TooManyLetters):
        ada.ask_verification()
    for _ in range(3):
        ada.ask_change("new@example.org")
    with pytest.raises(TooManyLetters):
        ada.ask_change("newer@example.org")
    ada.book.now += HOUR
    ada.ask_verification()
    ada.ask_change("newer@example.org")


def test_another_address_takes_the_place_of_the_present_one(ada: Someone) -> None:
    asked_at = ada.ask_change("New@example.org")
    assert ada.user.text["email"] == "ada@example.org"
    assert ada.confirm("New@example.org", asked_at) == ["user.email_changed"]
    assert ada.user.text["email"] == "New@example.org"
    assert "previous" not in ada.user.text
    assert ada.user.verified
    assert holder(ada.book, "new@EXAMPLE.org") == ada.id
    assert holder(ada.book, "ada@example.org") is None
    Someone(ada.book, "ada@example.org")


def test_a_change_is_confirmed_once_within_a_day_and_the_last_one_only(ada: Someone) -> None:
    first = ada.ask_change("one@example.org")
    ada.book.now += MINUTE
    second = ada.ask_change("two@example.org")
    for email, asked_at in (
        ("one@example.org", first),
        ("two@example.org", first),
        ("x@example.org", second),
    ):
        with pytest.raises(LinkSpent):
            ada.confirm(email, asked_at)
    ada.book.now += 24 * HOUR + MINUTE
    with pytest.raises(LinkSpent):
        ada.confirm("two@example.org", second)
    ada.book.now -= MINUTE
    ada.confirm("two@example.org", second)
    with pytest.raises(LinkSpent):
        ada.confirm("two@example.org", second)


def test_whether_an_address_is_taken_is_told_to_who_has_it(ada: Someone) -> None:
    bob = Someone(ada.book, "bob@example.org")
    asked_at = bob.ask_change("ADA@example.org")
    with pytest.raises(EmailTaken):
        bob.confirm("ADA@example.org", asked_at)
    assert holder(ada.book, "ada@example.org") == ada.id


def test_one_may_write_ones_own_address_another_way(ada: Someone) -> None:
    ada.confirm("Ada@Example.org", ada.ask_change("Ada@Example.org"))
    assert ada.user.text["email"] == "Ada@Example.org"
    assert holder(ada.book, "ada@example.org") == ada.id


def test_an_address_that_looks_like_another_is_not_taken(book: Scenario, ada: Someone) -> None:
    Someone(book, "zoë@example.org")
    with pytest.raises(EmailTaken):
        Someone(book, "zoe\u0308@example.org")
    for email in ("аdа@example.org", "ada\u200b@example.org"):
        with pytest.raises(UnacceptableAddress):
            Someone(book, email)
        with pytest.raises(UnacceptableAddress):
            ada.ask_change(email)


def test_who_registered_before_there_was_a_form_keeps_their_address(book: Scenario) -> None:
    old = User(
        user_id=uuid4(),
        home_book_id=uuid4(),
        currency="EUR",
        time_zone="UTC",
        locale="en",
        text={"email": "Zoe\u0308@example.org"},
    )
    assert old.claims() == (typed_claim("zoe\u0308@example.org"),)


def test_a_new_password_is_chosen_by_letter_once(ada: Someone) -> None:
    assert ada.ask_reset() == ["user.reset_asked"]
    asked_at = ada.book.now
    epoch = ada.user.epoch
    changed = ["user.password_changed", "user.sessions_ended"]
    assert ada.reset(asked_at) == [*changed, "user.email_verified", "user.reclaimed"]
    assert ada.user.text["password"] == "$argon2id$new"
    assert (ada.user.epoch, ada.user.kept) == (epoch + 1, None)
    assert ada.user.verified
    with pytest.raises(LinkSpent):
        ada.reset(asked_at)


def test_a_reset_is_good_for_half_an_hour(ada: Someone) -> None:
    ada.ask_reset()
    ada.book.now += 30 * MINUTE + dt.timedelta(microseconds=1)
    with pytest.raises(LinkSpent):
        ada.reset(NOON)
    ada.book.now = NOON + 30 * MINUTE
    ada.reset(NOON)


def test_a_reset_that_was_never_asked_for_is_nothing(ada: Someone) -> None:
    with pytest.raises(LinkSpent):
        ada.reset(ada.book.now)
    ada.ask_reset()
    with pytest.raises(LinkSpent):
        ada.reset(ada.book.now + dt.timedelta(microseconds=1))


def test_every_letter_is_good_until_the_password_or_the_address_changes(ada: Someone) -> None:
    for change in (
        lambda: ada.amend("$argon2id$x"),
        lambda: ada.confirm("n@x.org", ada.ask_change("n@x.org")),
    ):
        ada.ask_reset()
        first = ada.book.now
        ada.book.now += MINUTE
        ada.ask_reset()
        change()
        for asked_at in (first, ada.book.now):
            with pytest.raises(LinkSpent):
                ada.reset(asked_at)


@pytest.mark.parametrize("verified", [True, False])
def test_a_new_password_voids_the_wish_of_whoever_knew_the_old_one(ada: Someone, verified: bool) -> None:
    if verified:
        ada.verify("ada@example.org")
    wished = ada.ask_change("mallory@example.org")
    ada.book.now += MINUTE
    ada.ask_reset()
    ada.reset(ada.book.now)
    with pytest.raises(LinkSpent):
        ada.confirm("mallory@example.org", wished)


def test_a_hash_of_another_cost_leaves_a_reset_good(ada: Someone) -> None:
    ada.ask_reset()
    ada._do(RehashPassword, old="$argon2id$first", new="$argon2id$dearer")
    ada.reset(ada.book.now)


def test_a_stranger_who_keeps_asking_keeps_nobody_from_a_reset(ada: Someone) -> None:
    begun = ada.book.now
    asked: list[dt.datetime] = []
    for minute in range(0, 90, 5):
        ada.book.now = begun + minute * MINUTE
        if ada.ask_reset():
            asked.append(ada.book.now)
        good = [at for at in asked if ada.user.mailbox.awaits("reset", at, ada.book.now)]
        assert 1 <= len(good) <= 3
    assert len(asked) <= 3 * 4
    ada.reset(asked[-1])


def test_nobody_unknown_has_a_mailbox(book: Scenario) -> None:
    unknown = {"actor_id": uuid4()}
    assert book.do(AskReset, **unknown).facts == []
    for kind, fields in (
        (AskVerification, {}),
        (VerifyEmail, {"email": "x@example.org"}),
        (AskEmailChange, {"email": "x@example.org"}),
        (ConfirmEmailChange, {"email": "x@example.org", "asked_at": book.now}),
        (ResetPassword, {"password": "$", "asked_at": book.now}),
    ):
        book.refuses(LinkSpent, kind, **unknown, **fields)

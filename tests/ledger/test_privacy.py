"""Consents and erasure as decisions, and the profile of somebody who is there, or no more."""

import datetime as dt

import pytest

from ledger.identity.commands import AmendUser, RegisterUser, UnknownUser
from ledger.identity.user import User
from ledger.ids import derived_id
from ledger.invitations.commands import DeclineInvitation
from ledger.privacy.commands import (
    AskErasure,
    BookShared,
    CancelErasure,
    Consent,
    DepartBook,
    EraseBook,
    EraseUser,
    NoErasureAsked,
    NotDue,
    UnknownConsent,
)
from ledger.profile.commands import ChangeAvatar, NoAvatar, RemoveAvatar
from ledger.profile.countries import CODES, UnknownCountry
from ledger.profile.notifications import SecurityMailStays, UnknownNotification, channels, checked, every
from ledger.profile.pictures import NotAPicture, picture
from ledger.refusals import Unknown
from tests.support.people import People
from tests.support.pictures import jpeg, png, webp
from tests.support.scenario import Scenario


@pytest.fixture
def zoe() -> Scenario:
    """Somebody with a home book."""
    book = Scenario(name="zoe")
    home = derived_id("zoe", "home")
    who = {"email": "zoe@example.org", "password": "$argon2id$", "display_name": "Zoë"}
    book.do(RegisterUser, **who, currency="EUR", time_zone="UTC", book_id=home)
    book.book_id = home
    return book


def user(book: Scenario) -> User:
    found = book.ledger.state.entity(User, book.actor_id)
    assert isinstance(found, User)
    return found


def test_what_was_agreed_to_holds_until_it_is_withdrawn(zoe: Scenario) -> None:
    zoe.do(Consent, kind="terms", version="1", given=True)
    zoe.do(Consent, kind="analytics", version="1", given=True)
    assert zoe.do(Consent, kind="terms", version="1", given=True).facts == []
    assert zoe.do(Consent, kind="marketing", version="1", given=False).facts == []
    zoe.do(Consent, kind="analytics", version="2", given=False)
    assert user(zoe).privacy.consents == {"terms": "1"}
    zoe.refuses(UnknownConsent, Consent, kind="everything", version="1", given=True)


def test_asking_twice_moves_nothing(zoe: Scenario) -> None:
    due = zoe.now + dt.timedelta(days=14)
    zoe.refuses(NoErasureAsked, CancelErasure)
    asked = zoe.do(AskErasure, due_at=due)
    assert zoe.topics(asked) == ["user.erasure_asked", "user.sessions_ended"]
    assert zoe.do(AskErasure, due_at=due + dt.timedelta(days=9)).facts == []
    assert user(zoe).privacy.erasure_due == due


def test_nobody_is_erased_before_their_time(zoe: Scenario) -> None:
    zoe.refuses(NotDue, EraseBook, user_id=zoe.actor_id)
    zoe.do(AskErasure, due_at=zoe.now + dt.timedelta(days=14))
    zoe.now += dt.timedelta(days=14, microseconds=-1)
    zoe.refuses(NotDue, EraseUser, user_id=zoe.actor_id, books=())
    zoe.refuses(NotDue, EraseBook, user_id=zoe.actor_id)
    zoe.now += dt.timedelta(microseconds=1)
    zoe.do(EraseBook, user_id=zoe.actor_id)
    assert zoe.do(EraseBook, user_id=zoe.actor_id).facts == [], "once is enough"
    zoe.do(EraseUser, user_id=zoe.actor_id, books=(zoe.book_id,))
    assert zoe.do(EraseUser, user_id=zoe.actor_id, books=()).facts == [], "once is enough"


def test_of_somebody_who_was_erased_nothing_is_left_and_nothing_more_can_be_said(zoe: Scenario) -> None:
    zoe.do(AmendUser, country="PT", notifications={"bills": ("sms",)})
    zoe.do(AskErasure, due_at=zoe.now)
    zoe.do(EraseUser, user_id=zoe.actor_id, books=())
    gone = user(zoe)
    assert not gone.present
    assert gone.privacy.erased
    assert gone.claims() == ()
    assert (gone.text, gone.profile.country, gone.profile.notifications) == ({}, "", {})
    zoe.refuses(UnknownUser, AmendUser, display_name="again")
    for command, fields in (
        (Consent, {"kind": "terms", "version": "1", "given": True}),
        (AskErasure, {"due_at": zoe.now}),
        (CancelErasure, {}),
        (ChangeAvatar, {"digest": bytes(32), "media": "image/png", "size": 1}),
        (RemoveAvatar, {}),
    ):
        zoe.refuses(Unknown, command, **fields)


def test_a_picture_comes_and_goes(zoe: Scenario) -> None:
    zoe.refuses(NoAvatar, RemoveAvatar)
    zoe.do(ChangeAvatar, digest=bytes(32), media="image/png", size=1)
    assert user(zoe).profile.avatar is not None
    zoe.do(RemoveAvatar)
    assert user(zoe).profile.avatar is None


def test_there_are_as_many_countries_as_iso_has_assigned() -> None:
    assert len(CODES) == 249


def test_countries_and_channels_are_of_their_catalogues(zoe: Scenario) -> None:
    zoe.refuses(UnknownCountry, AmendUser, country="XX")
    zoe.refuses(UnknownNotification, AmendUser, notifications={"gossip": ("mail",)})
    zoe.refuses(UnknownNotification, AmendUser, notifications={"bills": ("pigeon",)})
    zoe.refuses(SecurityMailStays, AmendUser, notifications={"security": ("push",)})
    assert checked({"bills": ("sms", "mail", "sms")}) == {"bills": ("mail", "sms")}
    assert channels({}, "reports") == ("mail",)
    assert every({"reports": ()})["reports"] == ()


@pytest.mark.parametrize("raw", [png(None), jpeg(None), webp(None)])
def test_a_picture_that_is_cut_anywhere_is_none(raw: bytes) -> None:
    assert picture(raw).content == raw
    for end in range(len(raw)):
        with pytest.raises(NotAPicture):
            picture(raw[:end])


@pytest.mark.parametrize("made", [png, jpeg, webp])
def test_a_picture_with_any_byte_changed_does_no_harm(made: type) -> None:
    raw = made(b"said beside it")
    for place in range(len(raw)):
        for change in (0x01, 0x80, 0xFF):
            broken = raw[:place] + bytes([raw[place] ^ change]) + raw[place + 1 :]
            try:
                kept = picture(broken)
            except NotAPicture:
                continue
            assert len(kept.content) <= len(raw)


def test_with_a_book_go_the_invitations_to_it() -> None:
    people = People("bob", "eve")
    open_one, over = people.invite("bob"), people.invite("eve")
    people.do("eve", DeclineInvitation, invitation_id=over)
    people.do("ada", AskErasure, due_at=people.book.now)
    erased = people.do("ada", EraseBook, user_id=people.id("ada"))
    assert people.book.topics(erased) == ["invitation.withdrawn", "book.erased"]
    assert people.invitation(open_one).status == "withdrawn"
    assert people.invitation(over).status == "declined"


def test_a_shared_book_passes_to_who_came_first_and_keeps_its_words() -> None:
    people = People("viewer", "bob", "eve")
    people.join("viewer", "viewer")
    people.join("bob")
    people.join("eve")
    people.do("ada", AskErasure, due_at=people.book.now)
    people.refuses(BookShared, "ada", EraseBook, user_id=people.id("ada"))
    gone = people.do("ada", DepartBook, user_id=people.id("ada"))
    assert people.book.topics(gone) == ["book.owner_changed", "book.member_left"]
    assert people.role("bob") == "owner", "the first to come of those who may write"
    assert people.role("ada") is None
    assert people.do("ada", DepartBook, user_id=people.id("ada")).facts == []
    assert not people.now.erased

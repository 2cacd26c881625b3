"""Who belongs to a book: coming by invitation, going, roles, and the one owner."""

import datetime as dt
from uuid import UUID, uuid4

import pytest

from ledger.books.book import BookUnreadable, evolve
from ledger.books.commands import AmendBook
from ledger.books.departing import departure
from ledger.books.events import BookMemberLeft, BookOwnerChanged
from ledger.books.membership import ChangeOwner, ChangeRole, LeaveBook, RemoveMember
from ledger.books.refusals import (
    AlreadyMember,
    LastOwner,
    RoleNeeded,
    TooManyMembers,
    UnknownBook,
    UnknownMember,
)
from ledger.ids import derived_id
from ledger.invitations import commands
from ledger.invitations.commands import (
    MOST_A_DAY,
    MOST_OPEN,
    AcceptInvitation,
    DeclineInvitation,
    Invite,
    WithdrawInvitation,
)
from ledger.invitations.invitation import InvitationUnreadable
from ledger.invitations.invitation import evolve as evolve_invitation
from ledger.invitations.refusals import (
    ErasureAhead,
    InvitationOver,
    InviterUnverified,
    TooManyInvitations,
    TooManyToday,
    UnknownInvitation,
)
from ledger.mailbox.addresses import UnacceptableAddress
from ledger.mailbox.commands import AskEmailChange, ConfirmEmailChange
from ledger.privacy.commands import AskErasure, BookAlone, BookShared, DepartBook, EraseBook
from ledger.refusals import Unknown
from tests.support.people import People

WEEK = dt.timedelta(days=7)


def test_who_opened_a_book_owns_it() -> None:
    people = People()
    assert people.now.members == {people.id("ada"): "owner"}


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_somebody_joins_with_the_role_of_the_invitation(role: str) -> None:
    people = People("bob")
    invitation_id = people.invite("bob", role)
    assert people.role("bob") is None
    people.do("bob", AcceptInvitation, invitation_id=invitation_id)
    assert people.role("bob") == role
    assert people.invitation(invitation_id).status == "accepted"
    assert people.invitation(invitation_id).text == {}


def test_accepting_twice_is_accepting_once() -> None:
    people = People("bob")
    invitation_id = people.join("bob")
    assert people.do("bob", AcceptInvitation, invitation_id=invitation_id).facts == []


def test_who_gave_the_book_away_lets_nobody_in_any_more() -> None:
    people = People("bob", "carol")
    people.join("bob")
    invitation_id = people.invite("carol", "editor")
    people.do("ada", ChangeOwner, user_id=people.id("bob"))
    people.refuses(InvitationOver, "carol", AcceptInvitation, invitation_id=invitation_id)
    assert people.role("carol") is None


@pytest.mark.parametrize("gone", ["left", "removed"])
def test_an_invitation_lets_in_once(gone: str) -> None:
    people = People("bob")
    invitation_id = people.join("bob")
    if gone == "left":
        people.do("bob", LeaveBook)
    else:
        people.do("ada", RemoveMember, user_id=people.id("bob"))
    people.refuses(InvitationOver, "bob", AcceptInvitation, invitation_id=invitation_id)
    assert people.role("bob") is None
    people.join("bob", "viewer")
    assert people.role("bob") == "viewer"


def test_an_invitation_for_another_address_does_not_exist() -> None:
    people = People("bob", "mallory")
    invitation_id = people.invite("bob")
    for kind in (AcceptInvitation, DeclineInvitation, WithdrawInvitation):
        people.refuses(UnknownInvitation, "mallory", kind, invitation_id=invitation_id)
    elsewhere = people.now.book_id
    people.refuses(UnknownInvitation, "bob", AcceptInvitation, invitation_id=elsewhere)
    other = people.id("nobody")
    people.refuses(UnknownInvitation, "bob", AcceptInvitation, invitation_id=invitation_id, book_id=other)


def test_the_address_must_be_verified() -> None:
    people = People()
    people.arrive("bob", verified=False)
    invitation_id = people.invite("bob")
    people.refuses(UnknownInvitation, "bob", AcceptInvitation, invitation_id=invitation_id)


def test_whoever_has_the_address_by_now_is_invited() -> None:
    people = People("bob", "carol")
    invitation_id = people.invite("newcarol")
    home = {"book_id": people.book_id, "email": "newcarol@example.org"}
    people.do("carol", AskEmailChange, **home)
    people.do("carol", ConfirmEmailChange, **home, asked_at=people.book.now)
    people.do("carol", AcceptInvitation, invitation_id=invitation_id)
    assert people.role("carol") == "editor"


def test_an_address_is_the_same_however_it_is_written() -> None:
    people = People("bob")
    first = people.invite("bob")
    second = people.book.fresh()

    people.do("ada", Invite, invitation_id=second, email="BOB@Example.ORG", role="viewer")
    assert people.invitation(first).status == "withdrawn"
    people.refuses(InvitationOver, "bob", DeclineInvitation, invitation_id=second, now=people.book.now + WEEK)
    people.do("bob", AcceptInvitation, invitation_id=second)
    assert people.role("bob") == "viewer"
    people.refuses(UnknownInvitation, "bob", AcceptInvitation, invitation_id=first)


def test_an_invitation_holds_for_seven_days() -> None:
    people = People("bob")
    invitation_id = people.invite("bob")
    late, just = people.book.now + WEEK, people.book.now + WEEK - dt.timedelta(microseconds=1)
    refused = people.refuses(InvitationOver, "bob", AcceptInvitation, invitation_id=invitation_id, now=late)
    assert refused.facts == {"status": "expired"}
    people.do("bob", AcceptInvitation, invitation_id=invitation_id, now=just)
    assert people.role("bob") == "editor"


def test_declining_and_withdrawing_end_it() -> None:
    people = People("bob", "carol")
    declined, withdrawn = people.invite("bob"), people.invite("carol")
    people.do("bob", DeclineInvitation, invitation_id=declined)
    assert people.do("bob", DeclineInvitation, invitation_id=declined).facts == []
    people.refuses(InvitationOver, "bob", AcceptInvitation, invitation_id=declined)
    people.refuses(InvitationOver, "ada", WithdrawInvitation, invitation_id=declined)
    people.do("ada", WithdrawInvitation, invitation_id=withdrawn)
    assert people.do("ada", WithdrawInvitation, invitation_id=withdrawn).facts == []
    people.refuses(UnknownInvitation, "carol", AcceptInvitation, invitation_id=withdrawn)


def test_only_the_owner_manages() -> None:
    people = People("bob", "carol", "mallory")
    people.join("bob", "editor")
    people.join("carol", "viewer")
    invitation_id = people.invite("dave")
    asked = {
        Invite: {"invitation_id": uuid4(), "email": "eve@example.org", "role": "viewer"},
        ChangeRole: {"user_id": people.id("carol"), "role": "editor"},
        RemoveMember: {"user_id": people.id("carol")},
        ChangeOwner: {"user_id": people.id("bob")},
        WithdrawInvitation: {"invitation_id": invitation_id},
        AmendBook: {"title": "Mine"},
    }
    for kind, fields in asked.items():
        for name in ("bob", "carol"):
            people.refuses(RoleNeeded, name, kind, **fields)
        unknown = UnknownInvitation if kind is WithdrawInvitation else UnknownBook
        people.refuses(unknown, "mallory", kind, **fields)
    people.refuses(UnknownBook, "mallory", LeaveBook)


def test_roles_change() -> None:
    people = People("bob")
    people.join("bob", "viewer")
    people.do("ada", ChangeRole, user_id=people.id("bob"), role="editor")
    assert people.role("bob") == "editor"
    assert people.do("ada", ChangeRole, user_id=people.id("bob"), role="editor").facts == []
    people.refuses(UnknownMember, "ada", ChangeRole, user_id=uuid4(), role="editor")
    people.refuses(UnknownMember, "ada", RemoveMember, user_id=uuid4())
    people.refuses(UnknownMember, "ada", ChangeOwner, user_id=uuid4())


def test_the_owner_stays_until_the_book_is_somebody_elses() -> None:
    people = People("bob")
    people.join("bob")
    ada = people.id("ada")
    people.refuses(LastOwner, "ada", LeaveBook)
    people.refuses(LastOwner, "ada", RemoveMember, user_id=ada)
    people.refuses(LastOwner, "ada", ChangeRole, user_id=ada, role="viewer")
    assert people.do("ada", ChangeOwner, user_id=ada).facts == []
    people.do("ada", ChangeOwner, user_id=people.id("bob"))
    assert (people.role("ada"), people.role("bob"), people.now.owner_id) == (
        "editor",
        "owner",
        people.id("bob"),
    )
    people.refuses(RoleNeeded, "ada", ChangeOwner, user_id=ada)
    people.do("ada", LeaveBook)
    people.refuses(UnknownBook, "ada", AmendBook, title="Mine")
    assert people.now.members == {people.id("bob"): "owner"}


def test_letters_go_out_in_the_name_of_verified_people_only() -> None:
    people = People()
    people.arrive("zoe", verified=False)
    people.refuses(
        InviterUnverified,
        "zoe",
        Invite,
        book_id=home("zoe"),
        invitation_id=uuid4(),
        email="bob@example.org",
        role="viewer",
    )


def home(name: str) -> UUID:
    return derived_id("home", name)


def test_who_belongs_to_the_book_is_not_invited() -> None:
    people = People("bob")
    people.join("bob")
    for email in ("ada@example.org", "Bob@Example.org"):
        people.refuses(AlreadyMember, "ada", Invite, invitation_id=uuid4(), email=email, role="viewer")
    people.refuses(
        UnacceptableAddress, "ada", Invite, invitation_id=uuid4(), email="no address", role="viewer"
    )


def test_who_was_invited_by_another_address_of_theirs_joins_once() -> None:
    people = People("bob")
    second = people.invite("bobby")
    people.join("bob")
    other = {"book_id": people.book_id, "email": "bobby@example.org"}
    people.do("bob", AskEmailChange, **other)
    people.do("bob", ConfirmEmailChange, **other, asked_at=people.book.now)
    people.refuses(AlreadyMember, "bob", AcceptInvitation, invitation_id=second)
    people.do("bob", DeclineInvitation, invitation_id=second)


def test_open_invitations_are_bounded() -> None:
    people = People()
    open_ones = [people.invite(f"guest{n}") for n in range(MOST_OPEN)]
    people.refuses(
        TooManyInvitations, "ada", Invite, invitation_id=uuid4(), email="one@more.org", role="viewer"
    )
    # The same address again takes the place of its own.
    people.invite("guest3")
    people.do("ada", WithdrawInvitation, invitation_id=open_ones[5])
    people.invite("another")
    people.book.now += WEEK
    people.invite("late")
    assert people.invitation(open_ones[0]).status == "withdrawn"
    assert people.invitation(open_ones[1]).status == "open"


def test_letters_are_bounded_by_the_day() -> None:
    people = People("bob")
    for _ in range(MOST_A_DAY):
        people.do("ada", WithdrawInvitation, invitation_id=people.invite("guest"))
    another = {"email": "one@more.org", "role": "viewer"}
    refused = people.refuses(TooManyToday, "ada", Invite, invitation_id=uuid4(), **another)
    assert refused.facts == {"most": MOST_A_DAY}
    # What others send is theirs, and tomorrow is another day.
    people.do("bob", Invite, book_id=home("bob"), invitation_id=uuid4(), **another)
    people.book.now += dt.timedelta(days=1)
    people.invite("guest")


def test_members_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "MOST_MEMBERS", 2)
    people = People("bob", "carol")
    late = people.invite("carol")
    people.join("bob")
    people.refuses(TooManyMembers, "ada", Invite, invitation_id=uuid4(), email="d@e.org", role="viewer")
    people.refuses(TooManyMembers, "carol", AcceptInvitation, invitation_id=late)


def test_who_is_to_be_forgotten_joins_nothing() -> None:
    people = People("bob")
    invitation_id = people.invite("bob")
    people.do("bob", AskErasure, due_at=people.book.now)
    people.refuses(ErasureAhead, "bob", AcceptInvitation, invitation_id=invitation_id)


def test_who_is_forgotten_leaves_what_is_shared() -> None:
    people = People("bob", "carol", "dan")
    people.join("bob", "viewer")
    people.join("carol", "editor")
    people.join("dan", "editor")
    words_of_hers = people.invite("guest")
    ada = people.id("ada")
    people.do("ada", AskErasure, due_at=people.book.now)
    people.refuses(BookShared, "ada", EraseBook, user_id=ada)
    people.do("ada", DepartBook, user_id=ada)
    assert people.do("ada", DepartBook, user_id=ada).facts == []
    assert people.invitation(words_of_hers).status == "withdrawn"
    # The editor who came first goes before the viewer who came before.
    assert people.now.owner_id == people.id("carol")
    assert people.role("ada") is None
    people.refuses(Unknown, "ada", EraseBook, user_id=ada)


def test_a_book_without_others_is_forgotten_and_not_left() -> None:
    people = People("bob")
    ada = people.id("ada")
    invitation_id = people.invite("bob")
    people.do("ada", AskErasure, due_at=people.book.now)
    people.refuses(BookAlone, "ada", DepartBook, user_id=ada)
    people.do("ada", EraseBook, user_id=ada)
    assert people.now.members == {}
    people.refuses(UnknownInvitation, "bob", AcceptInvitation, invitation_id=invitation_id)


def test_a_member_who_goes_leaves_the_owner() -> None:
    people = People("bob")
    people.join("bob")
    book = people.now
    assert departure(book, people.id("bob")) == [BookMemberLeft(user_id=people.id("bob"))]
    assert departure(book, people.id("ada"))[0] == BookOwnerChanged(
        owner_id=people.id("bob"), previous_id=people.id("ada")
    )


def test_somebody_belongs_to_several_books() -> None:
    people = People("bob")
    people.join("bob", "viewer")
    people.book_id = home("bob")
    assert people.role("bob") == "owner"
    people.do("bob", Invite, invitation_id=(there := uuid4()), email="ada@example.org", role="editor")
    people.do("ada", AcceptInvitation, invitation_id=there)
    assert (people.role("ada"), people.role("bob")) == ("editor", "owner")


def test_what_does_not_follow_is_not_read() -> None:
    people = People("bob")
    fact = people.do("ada", Invite, invitation_id=uuid4(), email="x@y.org", role="viewer").facts[0]
    with pytest.raises(BookUnreadable):
        evolve(people.now, fact.fact, people.book_id, people.book_id)
    with pytest.raises(InvitationUnreadable):
        evolve_invitation(None, BookMemberLeft(user_id=uuid4()), uuid4(), uuid4())
    invitation = people.invitation(fact.stream_id)
    with pytest.raises(InvitationUnreadable):
        evolve_invitation(invitation, BookMemberLeft(user_id=uuid4()), uuid4(), uuid4())

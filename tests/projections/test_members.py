"""Who belongs to which book and who is invited, as read models tell it: live, rebuilt, and once keys are gone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from uuid import UUID

import psycopg
import pytest

from ledger.books.membership import ChangeOwner, ChangeRole, LeaveBook, RemoveMember
from ledger.invitations.commands import DeclineInvitation, WithdrawInvitation
from ledger.writer import Writer
from projections.books import books_of, members_of
from projections.invitations import InvitationView, invitations_of, invitations_to
from projections.projector import Projector
from projections.rebuild import rebuild
from projections.verify import verify
from tests.support.keys import MemoryKeys
from tests.support.people import People
from tests.support.projected import ask


class Told:
    """A household told through the real writer, and projected when it is looked at."""

    def __init__(self, url: str, window: int) -> None:
        self.url, self.keys, self.window = url, MemoryKeys(), window
        self.writer = Writer(url, self.keys)
        self.writer.start()
        self.people = People("bob", "carol", "dan", handle=self.writer.handle_sync)

    def project(self) -> None:
        Projector(self.url, self.keys, most_facts=self.window).catch_up()

    def members(self) -> dict[UUID, str]:
        found = ask(self.url, lambda c: members_of(c, self.people.book_id))
        return {member.user_id: member.role for member in found}

    def invited(self) -> list[InvitationView]:
        return list(ask(self.url, lambda c: invitations_of(c, self.people.book_id)))

    def check(self) -> None:
        """What a rebuild makes, and what the record says of every register, is what is there."""
        assert rebuild(self.url, self.keys, comparing=True).differences == ()
        assert verify(self.url, self.keys).mismatches == ()


@pytest.fixture(params=[1, 7, 5_000])
def told(
    fresh_database: Callable[[], AbstractContextManager[str]], request: pytest.FixtureRequest
) -> Iterator[Told]:
    with fresh_database() as url:
        household = Told(url, request.param)
        yield household
        household.writer.stop()


def test_members_come_change_and_go(told: Told) -> None:
    people = told.people
    for name, role in (("bob", "viewer"), ("carol", "editor"), ("dan", "editor")):
        people.join(name, role)
    people.do("ada", ChangeRole, user_id=people.id("bob"), role="editor")
    people.do("ada", RemoveMember, user_id=people.id("dan"))
    people.do("ada", ChangeOwner, user_id=people.id("carol"))
    people.do("ada", LeaveBook)
    told.project()
    assert told.members() == {people.id("bob"): "editor", people.id("carol"): "owner"}
    roles = {b.book_id: b.role for b in ask(told.url, lambda c: books_of(c, people.id("carol")))}
    assert roles[people.book_id] == "owner"
    assert len(roles) == 2
    assert [b.book_id for b in ask(told.url, lambda c: books_of(c, people.id("ada")))] == []
    told.check()


def test_who_comes_again_has_come_anew(told: Told) -> None:
    people = told.people
    people.join("bob", "viewer")
    people.do("bob", LeaveBook)
    told.project()
    people.book.now += dt.timedelta(days=1)
    people.join("bob", "editor")
    told.project()
    found = ask(told.url, lambda c: members_of(c, people.book_id))
    assert [(m.user_id, m.role) for m in found] == [(people.id("ada"), "owner"), (people.id("bob"), "editor")]
    assert found[0].joined_at <= found[1].joined_at
    told.check()


def test_the_words_of_an_invitation_last_as_long_as_it(told: Told) -> None:
    people = told.people
    declined, withdrawn = people.invite("bob"), people.invite("dan")
    kept = people.invite("carol", "viewer")
    told.project()
    assert {view.email for view in told.invited()} == {f"{n}@example.org" for n in ("bob", "carol", "dan")}
    people.do("bob", DeclineInvitation, invitation_id=declined)
    people.do("ada", WithdrawInvitation, invitation_id=withdrawn)
    told.project()
    assert [(view.invitation_id, view.email, view.role) for view in told.invited()] == [
        (kept, "carol@example.org", "viewer")
    ]
    with psycopg.connect(told.url) as connection:
        rows = connection.execute("SELECT status, email, address, message FROM views.invitations").fetchall()
    assert sorted(row for row in rows if row[0] != "open") == [
        ("declined", "", "", ""),
        ("withdrawn", "", "", ""),
    ]
    told.check()
    for over in (declined, withdrawn):
        told.keys.forget(over)
    told.check()


def test_an_invitation_is_offered_to_who_can_accept_it(told: Told) -> None:
    people = told.people
    people.invite("carol")
    people.join("bob")
    told.project()
    now = people.book.now

    def offered(email: str, name: str, at: dt.datetime = now) -> int:
        return len(ask(told.url, lambda c: invitations_to(c, email, people.id(name), at)))

    assert offered("CAROL@Example.org", "carol") == 1
    assert offered("carol@example.org", "carol", now + dt.timedelta(days=7)) == 0
    # To who belongs to the book already it is not offered.
    assert offered("carol@example.org", "bob") == 0
    assert offered("dan@example.org", "dan") == 0

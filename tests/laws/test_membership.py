"""A book has exactly one owner whatever its members do, and nobody has a role that they were not given."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ledger.books.membership import ChangeOwner, ChangeRole, LeaveBook, RemoveMember
from ledger.invitations.commands import (
    GOOD_FOR,
    MOST_A_DAY,
    AcceptInvitation,
    DeclineInvitation,
    Invite,
    WithdrawInvitation,
)
from ledger.refusals import Refusal
from tests.support.people import People

NAMES = ("ada", "bob", "carol", "dan")
somebody = st.sampled_from(NAMES)
lesser = st.sampled_from(["viewer", "editor"])


class Household(RuleBasedStateMachine):
    """Four people do to Ada's book what they like; beside it a model of a few lines says what must come of it."""

    def __init__(self) -> None:
        super().__init__()
        self.people = People(*NAMES[1:])
        self.roles = {"ada": "owner"}
        # Open invitations by the name of who is invited: id, role, and when they end.
        self.open: dict[str, tuple[UUID, str, dt.datetime]] = {}
        self.past: list[UUID] = []
        self.sent: Counter[tuple[str, dt.date]] = Counter()

    def does(self, expected: bool, actor: str, kind: Any, **fields: Any) -> None:
        """Tries it, and holds what came of it against what was `expected`."""
        try:
            self.people.do(actor, kind, **fields)
            done = True
        except Refusal:
            done = False
        assert done == expected, (actor, kind.name, fields)

    @rule(actor=somebody, guest=somebody, role=lesser)
    def invite(self, actor: str, guest: str, role: str) -> None:
        today = actor, self.people.book.now.date()
        may = self.roles.get(actor) == "owner" and guest not in self.roles and self.sent[today] < MOST_A_DAY
        invitation_id = self.people.book.fresh()
        email = f"{guest.upper()}@Example.org"
        self.does(may, actor, Invite, invitation_id=invitation_id, email=email, role=role)
        if may:
            self.sent[today] += 1
            if guest in self.open:
                self.past.append(self.open[guest][0])
            self.open[guest] = invitation_id, role, self.people.book.now + GOOD_FOR

    @rule(actor=somebody, guest=somebody)
    def accept(self, actor: str, guest: str) -> None:
        if guest not in self.open:
            return
        invitation_id, role, until = self.open[guest]
        may = actor == guest and self.people.book.now < until
        self.does(may, actor, AcceptInvitation, invitation_id=invitation_id)
        if may:
            del self.open[guest]
            self.past.append(invitation_id)
            self.roles[guest] = role

    @rule(actor=somebody, guest=somebody)
    def decline(self, actor: str, guest: str) -> None:
        if guest not in self.open:
            return
        invitation_id, _, until = self.open[guest]
        may = actor == guest and self.people.book.now < until
        self.does(may, actor, DeclineInvitation, invitation_id=invitation_id)
        if may:
            del self.open[guest]
            self.past.append(invitation_id)

    @rule(actor=somebody, guest=somebody)
    def withdraw(self, actor: str, guest: str) -> None:
        if guest not in self.open:
            return
        may = self.roles.get(actor) == "owner"
        self.does(may, actor, WithdrawInvitation, invitation_id=self.open[guest][0])
        if may:
            self.past.append(self.open.pop(guest)[0])

    @rule(actor=somebody, which=st.integers(0, 30))
    def accept_what_is_over(self, actor: str, which: int) -> None:
        """It gives nobody a role, whether or not it is answered with a refusal."""
        if self.past:
            try:
                self.people.do(actor, AcceptInvitation, invitation_id=self.past[which % len(self.past)])
            except Refusal:
                return

    @rule(actor=somebody, member=somebody, role=lesser)
    def change_role(self, actor: str, member: str, role: str) -> None:
        may = self.roles.get(actor) == "owner" and self.roles.get(member) in ("viewer", "editor")
        self.does(may, actor, ChangeRole, user_id=self.people.id(member), role=role)
        if may:
            self.roles[member] = role

    @rule(actor=somebody, member=somebody)
    def remove(self, actor: str, member: str) -> None:
        may = self.roles.get(actor) == "owner" and self.roles.get(member) in ("viewer", "editor")
        self.does(may, actor, RemoveMember, user_id=self.people.id(member))
        if may:
            del self.roles[member]

    @rule(actor=somebody)
    def leave(self, actor: str) -> None:
        may = self.roles.get(actor) in ("viewer", "editor")
        self.does(may, actor, LeaveBook)
        if may:
            del self.roles[actor]

    @rule(actor=somebody, member=somebody)
    def give_away(self, actor: str, member: str) -> None:
        may = self.roles.get(actor) == "owner" and member in self.roles
        self.does(may, actor, ChangeOwner, user_id=self.people.id(member))
        if may:
            self.roles |= {actor: "editor", member: "owner"}

    @rule(days=st.integers(1, 8))
    def wait(self, days: int) -> None:
        self.people.book.now += dt.timedelta(days=days)

    @invariant()
    def roles_are_those_that_were_given(self) -> None:
        book = self.people.now
        assert book.members == {self.people.id(name): role for name, role in self.roles.items()}
        assert [user_id for user_id, role in book.members.items() if role == "owner"] == [book.owner_id]


TestHousehold = Household.TestCase
TestHousehold.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

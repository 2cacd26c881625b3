"""People who share a book, in memory: they go by their names, as do their addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from ledger.books.book import Book
from ledger.command import Command, Outcome
from ledger.identity.commands import RegisterUser
from ledger.ids import derived_id
from ledger.invitations.commands import AcceptInvitation, Invite
from ledger.invitations.invitation import Invitation
from ledger.mailbox.commands import VerifyEmail
from tests.support.scenario import Scenario


class People:
    """Ada's book, and others whom she may invite to it."""

    def __init__(self, *names: str, handle: Callable[[Command], Outcome] | None = None) -> None:
        """`handle` carries out commands: in memory by default, where what came of them can be looked at."""
        self.book = Scenario(handle, name="unused")
        for name in ("ada", *names):
            self.arrive(name)
        self.book_id = derived_id("home", "ada")

    def arrive(self, name: str, *, verified: bool = True) -> UUID:
        """Registers somebody; their id."""
        who = {"actor_id": self.id(name), "book_id": derived_id("home", name)}
        fields = {"password": "$argon2id$x", "display_name": name, "currency": "EUR", "time_zone": "UTC"}
        self.book.do(RegisterUser, **who, email=f"{name}@example.org", **fields)
        if verified:
            self.book.do(VerifyEmail, **who, email=f"{name}@example.org")
        return self.id(name)

    def id(self, name: str) -> UUID:
        return derived_id("person", name)

    def do(self, name: str, kind: type[Command], /, **fields: Any) -> Outcome:
        """Somebody's command about Ada's book."""
        return self.book.do(kind, **{"book_id": self.book_id, "actor_id": self.id(name)} | fields)

    def refuses(self, refusal: Any, name: str, kind: type[Command], /, **fields: Any) -> Any:
        who = {"book_id": self.book_id, "actor_id": self.id(name)}
        return self.book.refuses(refusal, kind, **who | fields)

    def invite(self, name: str, role: Any = "editor", *, by: str = "ada") -> UUID:
        """Somebody is invited; the id of the invitation."""
        invitation_id = self.book.fresh()
        self.do(by, Invite, invitation_id=invitation_id, email=f"{name}@example.org", role=role)
        return invitation_id

    def join(self, name: str, role: Any = "editor") -> UUID:
        invitation_id = self.invite(name, role)
        self.do(name, AcceptInvitation, invitation_id=invitation_id)
        return invitation_id

    @property
    def now(self) -> Book:
        found = self.book.ledger.state.entity(Book, self.book_id)
        assert isinstance(found, Book)
        return found

    def role(self, name: str) -> str | None:
        return self.now.role_of(self.id(name))

    def invitation(self, invitation_id: UUID) -> Invitation:
        found = self.book.ledger.state.entity(Invitation, invitation_id)
        assert isinstance(found, Invitation)
        return found

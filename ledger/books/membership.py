"""Changing who belongs to a book, and as what. A book has exactly one owner at any time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

from ledger.books.belonging import book_of, member
from ledger.books.events import BookMemberLeft, BookMemberRemoved, BookMemberRoleChanged, BookOwnerChanged
from ledger.books.refusals import LastOwner
from ledger.books.roles import LesserRole
from ledger.command import Command, Draft, State
from ledger.record import Fact

_HAND_OVER = "Give the book to another member first."


class _OfBook(Command, frozen=True, kw_only=True):
    """A command about the members of `book_id`."""

    def streams(self) -> Iterable[UUID]:
        return (self.book_id,)

    def drafts(self, *facts: Fact) -> list[Draft]:
        return [Draft(self.book_id, fact) for fact in facts]


class ChangeRole(_OfBook, frozen=True, kw_only=True):
    """Makes the member `user_id` a viewer or editor."""

    name: ClassVar[str] = "book.change_role"

    user_id: UUID
    role: LesserRole

    def decide(self, state: State) -> list[Draft]:
        """Nothing if that is what they are. Raises UnknownBook, RoleNeeded, UnknownMember, LastOwner."""
        book = book_of(state, self.book_id, self.actor_id, "owner")
        role = member(book, self.user_id)
        if role == self.role:
            return []
        if role == "owner":
            raise LastOwner(f"The book would have no owner. {_HAND_OVER}")
        return self.drafts(BookMemberRoleChanged(user_id=self.user_id, role=self.role))


class RemoveMember(_OfBook, frozen=True, kw_only=True):
    """Sends the member `user_id` away. What they entered stays."""

    name: ClassVar[str] = "book.remove_member"

    user_id: UUID

    def decide(self, state: State) -> list[Draft]:
        """Raises UnknownBook, RoleNeeded, UnknownMember, LastOwner."""
        book = book_of(state, self.book_id, self.actor_id, "owner")
        if member(book, self.user_id) == "owner":
            raise LastOwner(f"The owner cannot be removed. {_HAND_OVER}")
        return self.drafts(BookMemberRemoved(user_id=self.user_id, by=self.actor_id))


class LeaveBook(_OfBook, frozen=True, kw_only=True):
    """The member `actor_id` goes. What they entered stays."""

    name: ClassVar[str] = "book.leave"

    def decide(self, state: State) -> list[Draft]:
        """Raises UnknownBook, LastOwner."""
        book = book_of(state, self.book_id, self.actor_id)
        if book.role_of(self.actor_id) == "owner":
            raise LastOwner(f"You are the owner of this book. {_HAND_OVER}")
        return self.drafts(BookMemberLeft(user_id=self.actor_id))


class ChangeOwner(_OfBook, frozen=True, kw_only=True):
    """Gives the book to the member `user_id`; who gives it away is an editor from then on."""

    name: ClassVar[str] = "book.change_owner"

    user_id: UUID

    def decide(self, state: State) -> list[Draft]:
        """Nothing if it is theirs. Raises UnknownBook, RoleNeeded, UnknownMember."""
        book = book_of(state, self.book_id, self.actor_id, "owner")
        if member(book, self.user_id) == "owner":
            return []
        return self.drafts(BookOwnerChanged(owner_id=self.user_id, previous_id=book.owner_id))

"""Letting an auditor read the words of a book, and ending that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

from ledger.books.book import Book
from ledger.books.events import BookAuditorGranted, BookAuditorWithdrawn
from ledger.command import Command, Draft, State
from ledger.identity.user import User
from ledger.refusals import Unknown


class UnknownAuditor(Unknown):
    """There is no such auditor."""

    code = "unknown_auditor"


class GrantAuditor(Command, frozen=True, kw_only=True):
    """The owner `actor_id` of the book `book_id` lets the auditor `auditor_id` read its words."""

    name: ClassVar[str] = "book.grant_auditor"

    auditor_id: UUID

    def streams(self) -> Iterable[UUID]:
        return (self.book_id, self.auditor_id)

    def decide(self, state: State) -> list[Draft]:
        """Nothing when it is so already. Raises Unknown, and UnknownAuditor alike for whoever is no auditor and who
        does not exist."""
        book = owned(state, self.book_id, self.actor_id)
        auditor = state.entity(User, self.auditor_id)
        if auditor is None or not auditor.authority.any_of(("auditor",)):
            raise UnknownAuditor("There is no such auditor.", auditor_id=str(self.auditor_id))
        if self.auditor_id in book.auditors:
            return []
        return [Draft(self.book_id, BookAuditorGranted(auditor_id=self.auditor_id))]


class WithdrawAuditor(Command, frozen=True, kw_only=True):
    """The owner `actor_id` of the book `book_id` ends that."""

    name: ClassVar[str] = "book.withdraw_auditor"

    auditor_id: UUID

    def streams(self) -> Iterable[UUID]:
        return (self.book_id,)

    def decide(self, state: State) -> list[Draft]:
        """Raises Unknown, UnknownAuditor."""
        if self.auditor_id not in owned(state, self.book_id, self.actor_id).auditors:
            raise UnknownAuditor("No such auditor reads this book.", auditor_id=str(self.auditor_id))
        return [Draft(self.book_id, BookAuditorWithdrawn(auditor_id=self.auditor_id))]


def owned(state: State, book_id: UUID, user_id: UUID) -> Book:
    """The book, if the person owns it. Raises Unknown."""
    book = state.entity(Book, book_id)
    if book is None or book.role_of(user_id) != "owner":
        raise Unknown("There is no such book of yours.", book_id=str(book_id))
    return book

"""The book that a decision is about, and what whoever acts is in it."""

from __future__ import annotations

from uuid import UUID

from ledger.books.book import Book
from ledger.books.refusals import RoleNeeded, UnknownBook, UnknownMember
from ledger.books.roles import Role, reaches
from ledger.command import State

MOST_MEMBERS = 50


def book_of(state: State, book_id: UUID, actor_id: UUID, least: Role = "viewer") -> Book:
    """The book, in which `actor_id` has at least the role `least` at this moment: what let the request in may be a
    few seconds old. Raises UnknownBook for who does not belong to it, RoleNeeded."""
    book = state.entity(Book, book_id)
    role = book.role_of(actor_id) if book is not None else None
    if book is None or role is None:
        raise UnknownBook("There is no such book among yours.", book_id=str(book_id))
    if not reaches(role, least):
        raise RoleNeeded(
            f"You are a {role} of this book. This takes a role of {least} or more.",
            role=role,
            needed_role=least,
        )
    return book


def member(book: Book, user_id: UUID) -> Role:
    """What they are in the book. Raises UnknownMember."""
    role = book.role_of(user_id)
    if role is None:
        raise UnknownMember("There is no such member of this book.", user_id=str(user_id))
    return role

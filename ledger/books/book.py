"""A book as its facts make it."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import msgspec

from ledger.books.events import (
    BookAuditorGranted,
    BookAuditorWithdrawn,
    BookCurrencyChanged,
    BookMemberJoined,
    BookMemberLeft,
    BookMemberRemoved,
    BookMemberRoleChanged,
    BookOpened,
    BookOwnerChanged,
    BookPrivacyBegun,
    BookRenamed,
    BookZoneChanged,
)
from ledger.books.roles import Role
from ledger.privacy.events import BookErased
from ledger.record import Fact
from ledger.refusals import Refusal


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """Whose money, its default currency, and the zone that says what day it is. `members` are what each
    person is in it, in the order in which they came, among them the owner (nobody once it is erased); `private` are
    those who have, or had, accounts that the others may not know of; `auditors` those who may read its words."""

    book_id: UUID
    owner_id: UUID
    currency: str
    time_zone: str
    text: Mapping[str, str] = {}
    erased: bool = False
    members: Mapping[UUID, Role] = {}
    private: frozenset[UUID] = frozenset()
    auditors: frozenset[UUID] = frozenset()

    def role_of(self, user_id: UUID) -> Role | None:
        """What the person is in this book; None for who does not belong to it."""
        return self.members.get(user_id)

    def heirs(self) -> list[UUID]:
        """The members beside the owner: who has the higher role first, of equals who came first."""
        others = (user_id for user_id in self.members if user_id != self.owner_id)
        return sorted(others, key=lambda user_id: self.members[user_id] != "editor")


class BookUnreadable(Refusal):
    """A book's facts do not follow from each other."""

    code = "book_unreadable"
    status = 409


def evolve(book: Book | None, fact: Fact, stream_id: UUID, book_id: UUID) -> Book:
    """The book after `fact`."""
    if isinstance(fact, BookOpened):
        return Book(
            book_id=stream_id,
            owner_id=fact.owner_id,
            members={fact.owner_id: "owner"},
            currency=fact.currency,
            time_zone=fact.time_zone,
            text=fact.text,
        )
    if book is None:
        raise BookUnreadable(f"book {stream_id} does not begin with its opening")
    match fact:
        case BookRenamed():
            return msgspec.structs.replace(book, text=fact.text)
        case BookPrivacyBegun(person_id=person_id):
            return msgspec.structs.replace(book, private=book.private | {person_id})
        case BookZoneChanged(time_zone=time_zone):
            return msgspec.structs.replace(book, time_zone=time_zone)
        case BookCurrencyChanged(currency=currency):
            return msgspec.structs.replace(book, currency=currency)
        case BookAuditorGranted(auditor_id=auditor_id):
            return msgspec.structs.replace(book, auditors=book.auditors | {auditor_id})
        case BookAuditorWithdrawn(auditor_id=auditor_id):
            return msgspec.structs.replace(book, auditors=book.auditors - {auditor_id})
        case BookErased():
            return msgspec.structs.replace(book, text={}, erased=True, members={})
        case BookMemberJoined(user_id=user_id, role=role) | BookMemberRoleChanged(user_id=user_id, role=role):
            return _with(book, {user_id: role})
        case BookMemberLeft(user_id=user_id) | BookMemberRemoved(user_id=user_id):
            left = {each: role for each, role in book.members.items() if each != user_id}
            return msgspec.structs.replace(book, members=left)
        case BookOwnerChanged(owner_id=owner_id, previous_id=previous_id):
            given = _with(book, {previous_id: "editor", owner_id: "owner"})
            return msgspec.structs.replace(given, owner_id=owner_id)
        case _:
            raise BookUnreadable(f"{fact.topic} is not a fact of books")


def _with(book: Book, roles: Mapping[UUID, Role]) -> Book:
    return msgspec.structs.replace(book, members={**book.members, **roles})

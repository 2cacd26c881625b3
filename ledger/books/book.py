"""A book as its facts make it."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import msgspec

from ledger.books.events import (
    BookCurrencyChanged,
    BookOpened,
    BookPrivacyBegun,
    BookRenamed,
    BookZoneChanged,
)
from ledger.books.roles import Role
from ledger.privacy.events import BookErased
from ledger.record import Fact
from ledger.refusals import Refusal


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """Whose money, its default currency, and the zone that says what day it is. `private` are those who have, or
    had, accounts that the others may not know of."""

    book_id: UUID
    owner_id: UUID
    currency: str
    time_zone: str
    text: Mapping[str, str] = {}
    erased: bool = False
    private: frozenset[UUID] = frozenset()

    def role_of(self, user_id: UUID) -> Role | None:
        """What the person is in this book; None for who does not belong to it."""
        return "owner" if user_id == self.owner_id else None


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
        case BookErased():
            return msgspec.structs.replace(book, text={}, erased=True)
        case _:
            raise BookUnreadable(f"{fact.topic} is not a fact of books")

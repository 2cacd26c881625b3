"""Opening a book beside one's own, and changing what it is called and how it is kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

from ledger.books.belonging import book_of
from ledger.books.book import Book
from ledger.books.events import BookCurrencyChanged, BookRenamed, BookZoneChanged
from ledger.books.opening import opening
from ledger.books.zones import check_zone
from ledger.command import Command, Draft, State
from ledger.money import exponent_of
from ledger.record import Fact
from ledger.refusals import Stale


class OpenBook(Command, frozen=True, kw_only=True):
    """A further book of `actor_id`, with its system accounts; `book_id` is its fresh id."""

    name: ClassVar[str] = "book.open"

    title: str
    currency: str
    time_zone: str

    def decide(self, state: State) -> list[Draft]:
        """Raises UnknownCurrency, UnknownTimeZone."""
        exponent_of(self.currency, field="currency")
        check_zone(self.time_zone)
        return opening(self.book_id, self.actor_id, self.title, self.currency, self.time_zone)


class AmendBook(Command, frozen=True, kw_only=True):
    """Changes what is not None. `expected_version` is what the change was based on, if that is known."""

    name: ClassVar[str] = "book.amend"

    title: str | None = None
    currency: str | None = None
    time_zone: str | None = None
    expected_version: int | None = None

    def streams(self) -> Iterable[UUID]:
        return (self.book_id,)

    def decide(self, state: State) -> list[Draft]:
        """Raises UnknownBook, RoleNeeded, Stale, UnknownCurrency, UnknownTimeZone."""
        book = book_of(state, self.book_id, self.actor_id, "owner")
        version = state.version(self.book_id)
        if self.expected_version is not None and self.expected_version != version:
            raise Stale(f"The book is at version {version}, not {self.expected_version}.", version=version)
        return [Draft(self.book_id, fact) for fact in self._changes(book)]

    def _changes(self, book: Book) -> list[Fact]:
        facts: list[Fact] = []
        if self.title is not None and self.title != book.text.get("name"):
            facts.append(BookRenamed(text={"name": self.title}))
        if self.currency is not None and self.currency != book.currency:
            exponent_of(self.currency, field="currency")
            facts.append(BookCurrencyChanged(currency=self.currency))
        if self.time_zone is not None and self.time_zone != book.time_zone:
            check_zone(self.time_zone)
            facts.append(BookZoneChanged(time_zone=self.time_zone))
        return facts

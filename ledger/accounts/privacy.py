"""Whether an account is private to a person: what must hold, and what becomes true."""

from __future__ import annotations

from uuid import UUID

from ledger.accounts.account import Account
from ledger.accounts.events import AccountMadePrivate, AccountMadeShared, Kind
from ledger.accounts.refusals import NotYourAccount
from ledger.books.book import Book
from ledger.books.events import BookPrivacyBegun
from ledger.command import Draft, State
from ledger.record import Fact
from ledger.refusals import InvalidValue


def check_private(kind: Kind) -> None:
    """Raises InvalidValue for a category or an equity account: what is private is what somebody owns or owes."""
    if kind not in ("asset", "liability"):
        raise InvalidValue("Only assets and liabilities can be private.", field="private")


def begun(state: State, book_id: UUID, person_id: UUID) -> list[Draft]:
    """What is recorded of the book when a person has something private in it for the first time."""
    book = state.entity(Book, book_id)
    if book is None or person_id in book.private:
        return []
    return [Draft(book_id, BookPrivacyBegun(person_id=person_id))]


def turned(state: State, account: Account, private: bool | None, person_id: UUID) -> list[Fact]:
    """What makes the account private to the person, or shared again (None leaves it). Raises InvalidValue, and
    NotYourAccount for somebody who did not open it: nobody can hide what others brought in."""
    if private is None or private == (account.private_to is not None):
        return []
    check_private(account.kind)
    history = state.history(account.account_id)
    if not history or history[0].actor_id != person_id:
        raise NotYourAccount("Only who opened an account decides whether it is private.", field="private")
    return [AccountMadePrivate(private_to=person_id) if private else AccountMadeShared()]

"""What a new book begins with: itself, and the two equity accounts that Numina keeps in it."""

from __future__ import annotations

from uuid import UUID

from ledger.accounts.account import conversion_account, opening_account
from ledger.accounts.events import AccountOpened
from ledger.books.events import BookOpened
from ledger.command import Draft

HOME_BOOK = "Home"
"""What everybody's first book is called, until they call it something else."""


def opening(book_id: UUID, owner_id: UUID, name: str, currency: str, time_zone: str) -> list[Draft]:
    """The facts that open a book. Cross-currency transactions go through its conversion account, so that each
    currency still sums to zero; opening balances come from its opening account."""
    book = BookOpened(owner_id=owner_id, currency=currency, time_zone=time_zone, text={"name": name})
    return [
        Draft(book_id, book),
        Draft(conversion_account(book_id), _kept("conversion", "Currency conversion", currency)),
        Draft(opening_account(book_id), _kept("opening", "Opening balances", currency)),
    ]


def _kept(role: str, name: str, currency: str) -> AccountOpened:
    return AccountOpened(
        kind="equity",
        type=role,
        currency=currency,
        any_currency=True,
        role=role,
        # What was swapped and what was there before is not wealth of its own.
        net_worth=False,
        text={"name": name},
    )

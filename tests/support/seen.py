"""What somebody may see of a book, worked out the slow and obvious way: sift the facts, then add every leg."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from ledger.accounts.account import Account, private_side
from ledger.money import ZERO
from ledger.record import Recorded
from ledger.transactions.transaction import Transaction
from tests.support.naive import Naive

Key = tuple[UUID, str]
OWN = ("asset", "liability")


class Leg(NamedTuple):
    """A leg as it is shown; hidden ones stand on the book's private side."""

    transaction_id: UUID
    state: str
    date: dt.date
    account_id: UUID
    currency: str
    amount: Decimal


class Seen:
    """A book for `viewer`, as it was known at a position; who may see what is as it stands in the end."""

    def __init__(
        self, facts: Iterable[Recorded], book_id: UUID, viewer: UUID, known_at: int | None = None
    ) -> None:
        mine = [f for f in facts if f.book_id == book_id]
        self.side = private_side(book_id)
        self.now = Naive(mine)
        self.accounts: dict[UUID, Account] = self.now.accounts(book_id)
        self.hidden = {a for a, each in self.accounts.items() if each.private_to not in (None, viewer)}
        self.told = Naive(mine, known_at).transactions(book_id)
        self.today = {t.transaction.transaction_id: t.transaction for t in self.now.transactions(book_id)}

    def visible(self, account_id: UUID) -> bool:
        return account_id in self.accounts and account_id not in self.hidden

    def shows(self, transaction: Transaction) -> bool:
        legs = [p.account_id for p in transaction.terms.postings]
        own = [a for a in legs if a not in self.hidden and self.accounts[a].kind in OWN]
        return bool(own) or not any(a in self.hidden for a in legs)

    def transactions(self, *states: str) -> list[Transaction]:
        return [
            t.transaction for t in self.told if t.transaction.state in states and self.shows(t.transaction)
        ]

    def legs(self, *states: str) -> Iterator[Leg]:
        for each in self.transactions(*states):
            for p in each.terms.postings:
                shown = self.side if p.account_id in self.hidden else p.account_id
                terms = each.terms
                yield Leg(each.transaction_id, terms.state, terms.date, shown, p.currency, p.amount)

    def sums(self, first: dt.date = dt.date.min, last: dt.date = dt.date.max) -> dict[Key, Decimal]:
        """What was posted from one date to another, by account and currency."""
        found: dict[Key, Decimal] = {}
        for leg in self.legs("posted"):
            if first <= leg.date <= last:
                key = (leg.account_id, leg.currency)
                found[key] = found.get(key, ZERO) + leg.amount
        return found

    def balance(self, account_id: UUID, last: dt.date = dt.date.max) -> dict[str, tuple[Decimal, ...]]:
        """Posted, pending and available by currency, zeros left out."""
        found: dict[str, list[Decimal]] = {}
        for leg in self.legs("posted", "pending"):
            if leg.account_id != account_id or leg.date > last:
                continue
            sums = found.setdefault(leg.currency, [ZERO, ZERO, ZERO])
            if leg.state == "posted":
                sums[0] += leg.amount
                sums[2] += leg.amount
            else:
                sums[1] += leg.amount
                sums[2] += min(leg.amount, ZERO)
        return {currency: tuple(sums) for currency, sums in found.items() if any(sums)}

"""What a history of facts amounts to, worked out the slow and obvious way: fold every stream, add every leg."""

import datetime as dt
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from ledger.accounts.account import Account
from ledger.command import Balance
from ledger.entities import evolve
from ledger.money import EXACT, ZERO
from ledger.postings import Posting
from ledger.record import Recorded
from ledger.transactions.transaction import Transaction


class Told(NamedTuple):
    """A transaction with when it was first and last heard of."""

    transaction: Transaction
    created: int
    updated: int


class Naive:
    """The facts up to and with position `known_at`."""

    def __init__(self, facts: Iterable[Recorded], known_at: int | None = None) -> None:
        self._entities: dict[UUID, Any] = {}
        self._created: dict[UUID, int] = {}
        self._updated: dict[UUID, int] = {}
        for r in facts:
            if known_at is None or r.position <= known_at:
                entity = evolve(self._entities.get(r.stream_id), r.fact, r.stream_id, r.book_id)
                self._entities[r.stream_id] = entity
                self._created.setdefault(r.stream_id, r.position)
                self._updated[r.stream_id] = r.position

    def accounts(self, book_id: UUID) -> dict[UUID, Account]:
        return {i: e for i, e in self._entities.items() if isinstance(e, Account) and e.book_id == book_id}

    def transactions(self, book_id: UUID) -> list[Told]:
        """The latest date first, then the latest created."""
        found = [
            Told(e, self._created[i], self._updated[i])
            for i, e in self._entities.items()
            if isinstance(e, Transaction) and e.book_id == book_id
        ]
        return sorted(found, key=lambda told: (told.transaction.terms.date, told.created), reverse=True)

    def legs(
        self, book_id: UUID, first: dt.date = dt.date.min, last: dt.date = dt.date.max, state: str = "posted"
    ) -> Iterator[tuple[dt.date, Posting]]:
        """Every leg in force that is dated from `first` to `last`."""
        for told in self.transactions(book_id):
            terms = told.transaction.terms
            if terms.state == state and first <= terms.date <= last:
                for posting in terms.postings:
                    yield terms.date, posting

    def sums(self, book_id: UUID, first: dt.date, last: dt.date) -> dict[tuple[UUID, str], Decimal]:
        """The net of each account and currency that has posted legs."""
        found: dict[tuple[UUID, str], Decimal] = {}
        for _, p in self.legs(book_id, first, last):
            found[p.account_id, p.currency] = EXACT.add(found.get((p.account_id, p.currency), ZERO), p.amount)
        return found

    def balance(self, book_id: UUID, account_id: UUID, last: dt.date) -> dict[str, Balance]:
        """By currency, with zero left out."""
        found: dict[str, list[Decimal]] = {}
        for state in ("posted", "pending"):
            for _, p in self.legs(book_id, last=last, state=state):
                if p.account_id == account_id:
                    sums = found.setdefault(p.currency, [ZERO, ZERO, ZERO])
                    if state == "posted":
                        sums[0] += p.amount
                    else:
                        sums[1] += p.amount
                        sums[2] += min(p.amount, ZERO)
        return {currency: Balance(*sums) for currency, sums in found.items() if any(sums)}

"""What is posted: payments among a thousand accounts, or a household's, as commands or as HTTP bodies."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from ledger.ids import new_id
from ledger.postings import Posting
from ledger.transactions.commands import PostTransaction


class Chart(NamedTuple):
    """How many accounts a book has: assets, and categories of expense and of income."""

    assets: int
    expenses: int
    incomes: int


THOUSAND = Chart(500, 500, 0)
"""As many accounts as the peers' transfers are made among."""
HOUSEHOLD = Chart(20, 70, 10)
"""A book that somebody keeps and reads."""
PAYEES = [f"Payee {number}" for number in range(200)]
TODAY = date(2026, 11, 20)
TEN_YEARS_AGO = date(2016, 1, 1)
TEN_YEARS = 3653
"""Days from 2016-01-01 to 2025-12-31, both inclusive."""


@dataclass(frozen=True)
class Book:
    """A book to post into; `token` where it is reached over HTTP."""

    book_id: UUID
    user_id: UUID
    assets: tuple[UUID, ...]
    expenses: tuple[UUID, ...]
    incomes: tuple[UUID, ...] = ()
    token: str = ""


class Payment(NamedTuple):
    """`amount` cents go from one account to another."""

    date: date
    payee: str
    source: UUID
    target: UUID
    cents: int

    def body(self) -> bytes:
        """What POST /v1/transactions takes: the full form, with postings."""
        amount = f"{self.cents // 100}.{self.cents % 100:02}"
        return (
            f'{{"date":"{self.date}","payee":"{self.payee}","notes":"weekly shopping","postings":['
            f'{{"account_id":"{self.target}","amount":"{amount}","currency":"USD"}},'
            f'{{"account_id":"{self.source}","amount":"-{amount}","currency":"USD"}}]}}'
        ).encode()

    def command(self, book: Book) -> PostTransaction:
        """What the route makes of the body of a request with an idempotency key."""
        amount = Decimal(self.cents).scaleb(-2)
        command_id = new_id()
        return PostTransaction(
            command_id=command_id,
            book_id=book.book_id,
            actor_id=book.user_id,
            now=datetime.now(UTC),
            request=sha256(command_id.bytes).digest(),
            transaction_id=new_id(),
            date=self.date,
            postings=(Posting(self.target, amount, "USD"), Posting(self.source, -amount, "USD")),
            text={"payee": self.payee, "notes": "weekly shopping"},
        )


def recent(book: Book, count: int, seed: int) -> Iterator[Payment]:
    """Payments of the last four weeks: four in five for some expense, the others between two accounts; where
    there are categories of income, one in ten is income."""
    chance = random.Random(seed)
    for _ in range(count):
        source, target = _ends(book, chance)
        day = TODAY - timedelta(days=chance.randrange(28))
        yield Payment(day, chance.choice(PAYEES), source, target, chance.randrange(100, 20_000))


def hot(book: Book, count: int, seed: int) -> Iterator[Payment]:
    """The same, with one account paying for all of it."""
    for payment in recent(book, count, seed):
        target = payment.target if payment.target != book.assets[0] else payment.source
        yield payment._replace(source=book.assets[0], target=target)


def ten_years(book: Book, count: int, seed: int) -> Iterator[Payment]:
    """Payments spread evenly over ten years, in order of date."""
    for number, payment in enumerate(recent(book, count, seed)):
        yield payment._replace(date=TEN_YEARS_AGO + timedelta(days=number * TEN_YEARS // count))


def _ends(book: Book, chance: random.Random) -> tuple[UUID, UUID]:
    kind = chance.random()
    if book.incomes and kind < 0.1:
        return chance.choice(book.incomes), chance.choice(book.assets)
    if kind < 0.8:
        return chance.choice(book.assets), chance.choice(book.expenses)
    source, target = chance.sample(book.assets, 2)
    return source, target

"""Monthly sums of what was posted on each account: a report over ten years costs what one over one does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, LiteralString
from uuid import UUID

from ledger import arrays
from ledger.money import EXACT, ZERO
from ledger.transactions.effects import transition
from ledger.transactions.events import Terms
from projections import sql
from projections.copying import numerics
from projections.projection import Cursor, Window

SQL = sql.load(__file__)

# By account (as a number, which hashes in C), year and month, and currency: the book (as a number), the number of
# postings, what was debited (positive) and what was credited (negative).
_Sums = dict[tuple[int, int, str], list[Any]]
_COUNT, _DEBIT, _CREDIT = 1, 2, 3


class Rollup:
    """The projection that keeps `rollup`."""

    name = "rollup"
    version = 1
    tables: tuple[str, ...] = ("rollup",)
    schema: LiteralString = SQL["schema"]
    indexes: LiteralString = ""
    pipelined = True
    worded = False
    erase: tuple[LiteralString, ...] = ()

    def apply(self, window: Window, cursor: Cursor) -> None:
        sums: _Sums = {}
        for recorded in window.by_noun.get("transaction", ()):
            before, after = transition(recorded.fact)
            if before is not None and before.state == "posted":
                # A debit that is taken back is no credit: the sums are those of what is in force.
                _sum(sums, recorded.book_id, before, -1, EXACT.subtract)
            if after is not None and after.state == "posted":
                _sum(sums, recorded.book_id, after, 1, EXACT.add)
        if sums:
            cursor.execute(SQL["add"], _columns(sums))


def _sum(
    sums: _Sums, book_id: UUID, terms: Terms, sign: int, change: Callable[[Decimal, Decimal], Decimal]
) -> None:
    day = terms.date
    month = day.year * 12 + day.month
    for p in terms.postings:
        amount = p.amount
        key = (p.account_id.int, month, p.currency)
        found = sums.get(key)
        if found is None:
            found = sums[key] = [book_id.int, 0, ZERO, ZERO]
        found[_COUNT] += sign
        side = _CREDIT if amount.is_signed() else _DEBIT
        found[side] = change(found[side], amount)


@lru_cache(maxsize=10_000)
def _first_day(month: int) -> date:
    return date((month - 1) // 12, (month - 1) % 12 + 1, 1)


def _columns(sums: _Sums) -> tuple[Any, ...]:
    books, counts, debits, credits_ = zip(*sums.values(), strict=True)
    return (
        arrays.uuid_numbers([account for account, _, _ in sums]),
        arrays.dates([_first_day(month) for _, month, _ in sums]),
        arrays.texts([currency for _, _, currency in sums]),
        arrays.uuid_numbers(books),
        arrays.bigints(counts),
        numerics(debits),
        numerics(amount.copy_negate() for amount in credits_),
    )

"""One month at a glance: what came in, what was spent on what, what was left, and the largest expenses."""

from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any
from uuid import UUID

import msgspec

from projections import sql
from projections.reports.chart import Line, chart
from projections.reports.income_statement import CurrencyStatement, statements
from projections.reports.periods import end_of_month, periods
from projections.sums import STILL_BELIEVED, Connection, movements

SQL = sql.load(__file__)

LARGEST = 5
_RATE = Decimal("0.0001")
# The largest expense by the least income has 77 digits.
_WIDE = Context(prec=100, rounding=ROUND_HALF_EVEN)


class LargeExpense(msgspec.Struct, frozen=True):
    """A transaction and what it spent, on which categories."""

    transaction_id: UUID
    date: date
    payee: str | None
    amount: Decimal
    category_ids: tuple[UUID, ...]


class CurrencyMonth(msgspec.Struct, frozen=True):
    """One currency's side. Income and expense are both positive; `savings_rate` is net by income to four
    decimals (0.2500 is a quarter), None without income. Categories are trees with subtotals."""

    currency: str
    income: Decimal
    expense: Decimal
    net: Decimal
    savings_rate: Decimal | None
    income_categories: tuple[Line, ...]
    expense_categories: tuple[Line, ...]
    largest: tuple[LargeExpense, ...]


class Month(msgspec.Struct, frozen=True):
    """Of posted transactions only; `count` is their number, transfers included. Currencies stand side by
    side."""

    first: date
    last: date
    count: int
    currencies: tuple[CurrencyMonth, ...]


async def monthly(
    connection: Connection,
    book_id: UUID,
    month: date,
    *,
    currency: str | None = None,
    known_at: int | None = None,
) -> Month:
    """The month that begins on `month`; as the record stood at position `known_at` (payees as they are now)."""
    first, last = month.replace(day=1), end_of_month(month.replace(day=1))
    accounts = await chart(connection, book_id)
    moved = await movements(connection, accounts.of("income", "expense"), first, last, "month", known_at)
    given: dict[str, Any] = {
        "book_id": book_id,
        "accounts": list(accounts.rows),
        "expenses": accounts.of("expense"),
        "first": first,
        "last": last,
        "position": STILL_BELIEVED if known_at is None else known_at,
        "limit": LARGEST,
    }
    cursor = connection.cursor(binary=True)
    await cursor.execute(SQL["count_now"] if known_at is None else SQL["count_known_at"], given)
    [(count,)] = await cursor.fetchall()
    found = []
    for statement in statements(accounts, moved, periods(first, last, "month"), currency):
        await cursor.execute(SQL["largest"], {**given, "currency": statement.currency})
        largest = [LargeExpense(i, d, p, a, tuple(c)) for i, d, p, a, c in await cursor.fetchall()]
        found.append(_month(statement, largest))
    return Month(first, last, count, tuple(found))


def _month(statement: CurrencyStatement, largest: list[LargeExpense]) -> CurrencyMonth:
    income, net = statement.income.total, statement.total
    return CurrencyMonth(
        statement.currency,
        income,
        statement.expense.total,
        net,
        savings_rate(income, net),
        statement.income.lines,
        statement.expense.lines,
        tuple(largest),
    )


def savings_rate(income: Decimal, net: Decimal) -> Decimal | None:
    """Net by income, rounded half to even to four decimals; None unless there was income."""
    if income <= 0:
        return None
    return _WIDE.quantize(_WIDE.divide(net, income), _RATE)

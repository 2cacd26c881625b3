"""What came in and what was spent, by category and period: months, quarters or years."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

import msgspec

from ledger.money import EXACT, ZERO
from projections.reports.chart import Amounts, Chart, Section, chart, negated, total
from projections.reports.periods import Period, periods
from projections.sums import Connection, Movement, movements


class CurrencyStatement(msgspec.Struct, frozen=True):
    """One currency's side. Income and expense are both shown positive; a refund lowers what was spent.
    `net` is income less expense by period."""

    currency: str
    income: Section
    expense: Section
    net: Amounts
    total: Decimal


class IncomeStatement(msgspec.Struct, frozen=True):
    """Posted transactions only: pending and voided ones do not count. Currencies stand side by side and are
    never added together."""

    by: Literal["month", "quarter", "year"]
    periods: tuple[Period, ...]
    currencies: tuple[CurrencyStatement, ...]


async def income_statement(
    connection: Connection,
    book_id: UUID,
    first: date,
    last: date,
    *,
    by: Literal["month", "quarter", "year"] = "month",
    currency: str | None = None,
    known_at: int | None = None,
) -> IncomeStatement:
    """The statement from `first` to `last`, both inclusive; as the record stood at position `known_at`.
    Raises RangeBackwards, TooManyPeriods."""
    shown = periods(first, last, by)
    accounts = await chart(connection, book_id)
    categories = accounts.of("income", "expense")
    moved = await movements(connection, categories, first, last, by, known_at)
    return IncomeStatement(by, tuple(shown), statements(accounts, moved, shown, currency))


def statements(
    accounts: Chart, moved: Iterable[Movement], shown: list[Period], currency: str | None = None
) -> tuple[CurrencyStatement, ...]:
    """The movements of categories as one statement for each currency (or `currency` alone), by code."""
    figures = by_currency(moved, shown)
    chosen = sorted(figures) if currency is None else [currency]
    return tuple(_statement(accounts, code, figures.get(code, {}), len(shown)) for code in chosen)


def by_currency(moved: Iterable[Movement], shown: list[Period]) -> dict[str, dict[UUID, list[Decimal]]]:
    """The net of each movement, debit positive, by currency, account and number of the period."""
    starts = [period.first for period in shown]
    numbers: dict[date, int] = {}
    figures: dict[str, dict[UUID, list[Decimal]]] = {}
    for movement in moved:
        amounts = [ZERO] * len(shown)
        for start, net in zip(movement.starts, movement.nets, strict=True):
            number = numbers.get(start)
            if number is None:
                number = numbers[start] = max(bisect_right(starts, start) - 1, 0)
            amounts[number] = EXACT.add(amounts[number], net)
        figures.setdefault(movement.currency, {})[movement.account_id] = amounts
    return figures


def _statement(
    accounts: Chart, currency: str, figures: Mapping[UUID, list[Decimal]], count: int
) -> CurrencyStatement:
    spent = {account_id: tuple(amounts) for account_id, amounts in figures.items()}
    earned = {account_id: negated(amounts) for account_id, amounts in spent.items()}
    income = accounts.section(earned, "income", count)
    expense = accounts.section(spent, "expense", count)
    net = tuple(EXACT.subtract(i, e) for i, e in zip(income.amounts, expense.amounts, strict=True))
    return CurrencyStatement(currency, income, expense, net, total(net))

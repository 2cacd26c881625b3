"""What came in and what was spent, by category and period: months, quarters or years."""

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


def by_currency(moved: Iterable[Movement], shown: list[Period]) -> dict[str, dict[UUID, Amounts]]:
    """The net of each movement, debit positive, by currency and account, one for each period."""
    places = {period.start.toordinal(): place for place, period in enumerate(shown)}
    figures: dict[str, dict[UUID, Amounts]] = {}
    for movement in moved:
        amounts = [ZERO] * len(places)
        for start, net in zip(movement.starts, movement.nets, strict=True):
            amounts[places[start]] = net
        figures.setdefault(movement.currency, {})[movement.account_id] = tuple(amounts)
    return figures


def _statement(
    accounts: Chart, currency: str, figures: Mapping[UUID, Amounts], count: int
) -> CurrencyStatement:
    earned = {
        account_id: negated(amounts)
        for account_id, amounts in figures.items()
        if accounts.rows[account_id].kind == "income"
    }
    income = accounts.section(earned, "income", count)
    expense = accounts.section(figures, "expense", count)
    net = tuple(map(EXACT.subtract, income.amounts, expense.amounts))
    return CurrencyStatement(currency, income, expense, net, total(net))

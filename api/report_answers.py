"""What reports look like in answers: side by side by currency, amounts as strings of that currency's decimals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import msgspec
from typing_extensions import TypedDict

from api.money import Money, money, series
from ledger.accounts.events import Kind
from projections.reports.chart import Line

Decimals = Mapping[str, int]


class PeriodAnswer(TypedDict):
    """From `first` to `last` (inclusive); `start` is the first day of the whole calendar period."""

    start: dt.date
    first: dt.date
    last: dt.date


class LineAnswer(TypedDict):
    """An account in a report. `amounts` (one a period) and `total` include all that lies below it, `own` does
    not."""

    account_id: UUID
    name: str
    own: list[str]
    amounts: list[str]
    total: Money
    lines: list[Any]


class SectionAnswer(TypedDict):
    """Some accounts with their sums, one a period, and over all."""

    lines: list[LineAnswer]
    amounts: list[str]
    total: Money


class CurrencyStatementAnswer(TypedDict):
    """Income and expense of one currency, both positive; `net` is income less expense."""

    currency: str
    income: SectionAnswer
    expense: SectionAnswer
    net: list[str]
    total: Money


class IncomeStatementAnswer(TypedDict):
    """What came in and what was spent, by category and period; posted transactions only."""

    by: Literal["month", "quarter", "year"]
    periods: list[PeriodAnswer]
    currencies: list[CurrencyStatementAnswer]
    known_at: int | None


class LargeExpenseAnswer(TypedDict):
    """A transaction and what it spent, on which categories."""

    transaction_id: UUID
    date: dt.date
    payee: str | None
    amount: Money
    category_ids: list[UUID]


class CurrencyMonthAnswer(TypedDict):
    """One currency's month. `savings_rate` is net by income ("0.2500" is a quarter), null without income."""

    currency: str
    income: Money
    expense: Money
    net: Money
    savings_rate: str | None
    income_categories: list[LineAnswer]
    expense_categories: list[LineAnswer]
    largest: list[LargeExpenseAnswer]


class MonthAnswer(TypedDict):
    """One month at a glance; `count` is the number of posted transactions."""

    first: dt.date
    last: dt.date
    count: int
    currencies: list[CurrencyMonthAnswer]
    known_at: int | None


class CurrencySheetAnswer(TypedDict):
    """assets = liabilities + equity_total, all positive as usual. `retained` are the earnings of all time, part
    of `equity_total`; `difference` is what the equation leaves over: zero."""

    currency: str
    assets: SectionAnswer
    liabilities: SectionAnswer
    equity: SectionAnswer
    retained: Money
    equity_total: Money
    difference: Money


class BalanceSheetAnswer(TypedDict):
    """What is owned and owed at the end of `as_of`, and what remains."""

    as_of: dt.date
    currencies: list[CurrencySheetAnswer]
    known_at: int | None


class CurrencySeriesAnswer(TypedDict):
    """One currency's amounts on each date; liabilities are positive when owed."""

    currency: str
    assets: list[str]
    liabilities: list[str]
    net: list[str]


class NetWorthAnswer(TypedDict):
    """What the book was worth at the end of each of `dates`."""

    interval: Literal["day", "week", "month", "quarter", "year"]
    dates: list[dt.date]
    currencies: list[CurrencySeriesAnswer]
    known_at: int | None


class CounterpartAnswer(TypedDict):
    """An account that cash came from or went to, by period; `total` is inflow less outflow."""

    account_id: UUID
    name: str
    kind: Kind
    inflow: list[str]
    outflow: list[str]
    total: Money


class CurrencyFlowAnswer(TypedDict):
    """By period: opening + inflow - outflow = closing. Moving cash between own accounts is neither."""

    currency: str
    opening: list[str]
    inflow: list[str]
    outflow: list[str]
    net: list[str]
    closing: list[str]
    counterparts: list[CounterpartAnswer]


class CashFlowAnswer(TypedDict):
    """How much cash came in and went out, and where; `accounts` are those that hold cash."""

    by: Literal["month", "quarter", "year"]
    periods: list[PeriodAnswer]
    accounts: list[UUID]
    currencies: list[CurrencyFlowAnswer]
    known_at: int | None


class SpenderAnswer(TypedDict):
    """What was spent in transactions that the person entered, whoever changed them since. Former members are told as
    well; the name is null where Numina entered something itself."""

    user_id: UUID
    name: str | None
    expense: SectionAnswer
    total: Money


class CurrencySpendingAnswer(TypedDict):
    """One currency's side; who spent most comes first."""

    currency: str
    members: list[SpenderAnswer]
    total: Money


class SpendingAnswer(TypedDict):
    """What each member has spent, by category and period; posted transactions only."""

    by: Literal["month", "quarter", "year"]
    periods: list[PeriodAnswer]
    currencies: list[CurrencySpendingAnswer]
    known_at: int | None


def report(found: msgspec.Struct, decimals: Decimals, known_at: int | None) -> dict[str, Any]:
    """A report as answers carry it. `decimals` are those of commodities that ISO 4217 does not know."""
    shown: dict[str, Any] = {}
    for name in found.__struct_fields__:
        value = getattr(found, name)
        if name == "currencies":
            value = [_shown(each, each.currency, decimals.get(each.currency)) for each in value]
        elif name == "periods":
            value = [period._asdict() for period in value]
        shown[name] = value
    shown["known_at"] = known_at
    return shown


def currencies(found: Any) -> Iterable[str]:
    """The currencies that a report shows."""
    return (each.currency for each in found.currencies)


def _shown(value: Any, currency: str, decimals: int | None) -> Any:
    """A part of one currency: a single amount as money, amounts by period as strings."""
    match value:
        case Decimal():
            return money(value, currency, decimals)
        case Line(own=own, amounts=amounts) if own is amounts:
            # Nothing lies below most accounts; their amounts are written once.
            written = series(own, currency, decimals)
            return {
                "account_id": value.account_id,
                "name": value.name,
                "own": written,
                "amounts": written,
                "total": money(value.total, currency, decimals),
                "lines": [],
            }
        case msgspec.Struct():
            shown = {
                name: _shown(getattr(value, name), currency, decimals) for name in value.__struct_fields__
            }
            if "savings_rate" in shown:
                rate: Decimal | None = value.savings_rate  # type: ignore[attr-defined]  # it was just seen
                shown["savings_rate"] = None if rate is None else f"{rate:f}"
            return shown
        case tuple() if value and isinstance(value[0], Decimal):
            return series(value, currency, decimals)
        case tuple():
            return [_shown(each, currency, decimals) for each in value]
        case _:
            return value

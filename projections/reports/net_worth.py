"""What a book was worth at the end of each day, week, month, quarter or year, by currency."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import msgspec

from ledger.money import EXACT, ZERO
from projections.reports.chart import Amounts, added, chart, negated
from projections.reports.income_statement import by_currency
from projections.reports.periods import day_before, periods
from projections.sums import By, Connection, balances, movements


class CurrencySeries(msgspec.Struct, frozen=True):
    """One currency's amounts on each date. Liabilities are positive when owed; `net` is assets less them."""

    currency: str
    assets: Amounts
    liabilities: Amounts
    net: Amounts


class NetWorth(msgspec.Struct, frozen=True):
    """At the end of each of `dates`: the ends of the intervals, and of the range. Posted transactions only, on
    the asset and liability accounts that count in net worth."""

    interval: By
    dates: tuple[date, ...]
    currencies: tuple[CurrencySeries, ...]


async def net_worth(
    connection: Connection,
    book_id: UUID,
    first: date,
    last: date,
    *,
    interval: By = "month",
    currency: str | None = None,
    known_at: int | None = None,
) -> NetWorth:
    """The series from `first` to `last`, both inclusive; as the record stood at position `known_at`. Whether an
    account counts is as it is set now. Raises RangeBackwards, TooManyPeriods."""
    shown = periods(first, last, interval)
    accounts = await chart(connection, book_id)
    counted = [a for a in accounts.of("asset", "liability") if accounts.rows[a].counts]
    opening = await balances(connection, counted, day_before(first), known_at)
    figures = by_currency(await movements(connection, counted, first, last, interval, known_at), shown)
    for account_id, code in opening:
        figures.setdefault(code, {}).setdefault(account_id, (ZERO,) * len(shown))
    series = []
    for code in sorted(figures) if currency is None else [currency]:
        lines: dict[str, list[Amounts]] = {"asset": [], "liability": []}
        for account_id, moved in figures.get(code, {}).items():
            line = _running(opening.get((account_id, code), ZERO), moved)
            lines[accounts.rows[account_id].kind].append(line)
        assets = added(len(shown), *lines["asset"])
        owed = negated(added(len(shown), *lines["liability"]))
        net = tuple(EXACT.subtract(a, o) for a, o in zip(assets, owed, strict=True))
        series.append(CurrencySeries(code, assets, owed, net))
    return NetWorth(interval, tuple(period.last for period in shown), tuple(series))


def _running(balance: Decimal, moved: Amounts) -> Amounts:
    """The balance at the end of each period."""
    found = []
    for amount in moved:
        balance = EXACT.add(balance, amount)
        found.append(balance)
    return tuple(found)

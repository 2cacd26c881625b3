"""What each person who shares a book has spent, by category and period: what was entered by whom."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import msgspec

from ledger.money import ZERO
from projections import sql
from projections.reports.chart import Amounts, Chart, Section, chart, total
from projections.reports.periods import Period, periods
from projections.sums import STILL_BELIEVED, Connection

SQL = sql.load(__file__)


class Spender(msgspec.Struct, frozen=True):
    """What was spent in transactions that the person entered first, whoever changed them since. A refund lowers
    it."""

    user_id: UUID
    expense: Section
    total: Decimal


class CurrencySpending(msgspec.Struct, frozen=True):
    """One currency's side: who entered most of it comes first."""

    currency: str
    members: tuple[Spender, ...]
    total: Decimal


class Spending(msgspec.Struct, frozen=True):
    """Posted transactions only: pending and voided ones do not count. Currencies stand side by side and are never
    added together."""

    by: Literal["month", "quarter", "year"]
    periods: tuple[Period, ...]
    currencies: tuple[CurrencySpending, ...]


async def spending_by_member(
    connection: Connection,
    book_id: UUID,
    first: date,
    last: date,
    *,
    by: Literal["month", "quarter", "year"] = "month",
    currency: str | None = None,
    known_at: int | None = None,
) -> Spending:
    """The spending from `first` to `last`, both inclusive; as the record stood at position `known_at`.

    Walks through what was posted on categories in that time. Raises RangeBackwards, TooManyPeriods.
    """
    shown = periods(first, last, by)
    accounts = await chart(connection, book_id)
    given = {
        "book_id": book_id,
        "expenses": accounts.of("expense"),
        "first": first,
        "last": last,
        "by": by,
        "position": STILL_BELIEVED if known_at is None else known_at,
    }
    # The driver reads decimals from text twice as fast as from their binary form.
    cursor = connection.cursor()
    await cursor.execute(SQL["spending"], given)
    figures = _figures(await cursor.fetchall(), shown)
    chosen = sorted(figures) if currency is None else [currency]
    found = tuple(_spending(accounts, code, figures.get(code, {}), len(shown)) for code in chosen)
    return Spending(by, tuple(shown), found)


def _figures(
    rows: Iterable[tuple[Any, ...]], shown: list[Period]
) -> dict[str, dict[UUID, dict[UUID, Amounts]]]:
    """The nets by currency, person and category, one for each period."""
    places = {period.start: place for place, period in enumerate(shown)}
    sums: dict[tuple[str, UUID, UUID], list[Decimal]] = {}
    for actor_id, account_id, code, start, net in rows:
        sums.setdefault((code, actor_id, account_id), [ZERO] * len(places))[places[start]] = net
    figures: dict[str, dict[UUID, dict[UUID, Amounts]]] = {}
    for (code, actor_id, account_id), amounts in sums.items():
        figures.setdefault(code, {}).setdefault(actor_id, {})[account_id] = tuple(amounts)
    return figures


def _spending(
    accounts: Chart, code: str, figures: dict[UUID, dict[UUID, Amounts]], count: int
) -> CurrencySpending:
    members = []
    for user_id, amounts in figures.items():
        section = accounts.section(amounts, "expense", count)
        members.append(Spender(user_id, section, section.total))
    members.sort(key=lambda each: (-each.total, each.user_id))
    return CurrencySpending(code, tuple(members), total(each.total for each in members))

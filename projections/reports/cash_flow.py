"""How much cash came in and went out in each period, and on what account of the book it came or went."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import msgspec

from ledger.accounts.events import Kind
from ledger.money import EXACT, ZERO
from projections import sql
from projections.reports.chart import Amounts, Chart, ChartRow, chart, total
from projections.reports.periods import Period, day_before, periods
from projections.sums import STILL_BELIEVED, Connection, balances

SQL = sql.load(__file__)

NOT_CASH = frozenset(
    {
        "brokerage",
        "crypto",
        "investment",
        "loan",
        "property",
        "real_estate",
        "receivable",
        "retirement",
        "vehicle",
    }
)
"""Types of asset accounts that nobody pays from. Every other asset is cash, of a type of one's own too."""


class Counterpart(msgspec.Struct, frozen=True):
    """An account that cash came from or went to. `inflow` and `outflow` are the credits and the debits on it in
    transactions that moved cash, by period; `total` is inflow less outflow over all periods."""

    account_id: UUID
    name: str
    kind: Kind
    inflow: Amounts
    outflow: Amounts
    total: Decimal


class CurrencyFlow(msgspec.Struct, frozen=True):
    """One currency's side, by period: opening + inflow - outflow = closing. `inflow` and `outflow` are the net
    effects on cash of whole transactions, so that moving it between own accounts is neither. The net of all
    counterparts together is the net change."""

    currency: str
    opening: Amounts
    inflow: Amounts
    outflow: Amounts
    net: Amounts
    closing: Amounts
    counterparts: tuple[Counterpart, ...]


class CashFlow(msgspec.Struct, frozen=True):
    """Of posted transactions on `accounts`, the asset accounts that hold cash. Currencies stand side by side; an
    exchange is an outflow of one and an inflow of the other, by way of the conversion account."""

    by: Literal["month", "quarter", "year"]
    periods: tuple[Period, ...]
    accounts: tuple[UUID, ...]
    currencies: tuple[CurrencyFlow, ...]


async def cash_flow(
    connection: Connection,
    book_id: UUID,
    first: date,
    last: date,
    *,
    by: Literal["month", "quarter", "year"] = "month",
    currency: str | None = None,
    known_at: int | None = None,
) -> CashFlow:
    """The flow from `first` to `last`, both inclusive; as the record stood at position `known_at`. Raises
    RangeBackwards, TooManyPeriods."""
    shown = periods(first, last, by)
    accounts = await chart(connection, book_id)
    cash = [a for a in accounts.of("asset") if accounts.rows[a].type not in NOT_CASH]
    opening = await balances(connection, cash, day_before(first), known_at)
    # The driver reads decimals from text twice as fast as from their binary form.
    cursor = connection.cursor()
    await cursor.execute(
        SQL["flows"],
        {
            "by": by,
            "cash": cash,
            "first": first,
            "last": last,
            "position": STILL_BELIEVED if known_at is None else known_at,
        },
    )
    flows = _Flows(shown, await cursor.fetchall())
    start: dict[str, Decimal] = {}
    for (_, code), amount in opening.items():
        start[code] = EXACT.add(start.get(code, ZERO), amount)
    chosen = sorted({*start, *flows.currencies}) if currency is None else [currency]
    found = tuple(flows.of(code, start.get(code, ZERO), accounts) for code in chosen)
    return CashFlow(by, tuple(shown), tuple(cash), found)


Sums = tuple[list[Decimal], list[Decimal]]
"""Inflow and outflow by period."""


class _Flows:
    """What the statement found, added up by currency (account None) and by counterpart."""

    def __init__(self, shown: list[Period], rows: Iterable[tuple[Any, ...]]) -> None:
        self._count = len(shown)
        numbers = {period.start.toordinal(): number for number, period in enumerate(shown)}
        self._sums: dict[tuple[str, UUID | None], Sums] = {}
        for part, currency, account_id, starts, inflows, outflows in rows:
            places = [numbers[start] for start in starts]
            if part != "leg":
                self._add(currency, None, places, inflows, outflows)
            if part != "net":
                self._add(currency, account_id, places, inflows, outflows)
        self.currencies = {currency for currency, _ in self._sums}

    def _add(
        self,
        currency: str,
        account_id: UUID | None,
        places: Iterable[int],
        inflows: Iterable[Decimal],
        outflows: Iterable[Decimal],
    ) -> None:
        key = (currency, account_id)
        if key not in self._sums:
            self._sums[key] = [ZERO] * self._count, [ZERO] * self._count
        inflow, outflow = self._sums[key]
        for number, came, went in zip(places, inflows, outflows, strict=True):
            inflow[number] = EXACT.add(inflow[number], came)
            outflow[number] = EXACT.add(outflow[number], went)

    def of(self, currency: str, opening: Decimal, accounts: Chart) -> CurrencyFlow:
        nothing = [ZERO] * self._count
        inflow, outflow = self._sums.get((currency, None), (nothing, nothing))
        net = tuple(map(EXACT.subtract, inflow, outflow))
        opened, closed = [], []
        for amount in net:
            opened.append(opening)
            opening = EXACT.add(opening, amount)
            closed.append(opening)
        counterparts = [
            _counterpart(accounts.rows[account_id], *sums)
            for (code, account_id), sums in self._sums.items()
            if code == currency and account_id is not None
        ]
        counterparts.sort(key=lambda c: (c.kind, c.name.casefold(), c.account_id))
        return CurrencyFlow(
            currency, tuple(opened), tuple(inflow), tuple(outflow), net, tuple(closed), tuple(counterparts)
        )


def _counterpart(row: ChartRow, inflow: list[Decimal], outflow: list[Decimal]) -> Counterpart:
    net = EXACT.subtract(total(inflow), total(outflow))
    return Counterpart(row.account_id, row.name, row.kind, tuple(inflow), tuple(outflow), net)

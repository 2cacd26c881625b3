"""What a book owns and owes on a day, and what remains: assets, liabilities and equity, balanced by currency."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import msgspec

from ledger.money import EXACT
from projections.reports.chart import Amounts, Section, chart, negated, total
from projections.sums import Connection, balances


class CurrencySheet(msgspec.Struct, frozen=True):
    """One currency's side. Assets are debit positive; liabilities and equity are shown positive when they are
    credits, so that assets = liabilities + equity. `retained` are the earnings of all time up to the day, which
    are part of `equity_total`; `difference` is what the equation leaves over: zero."""

    currency: str
    assets: Section
    liabilities: Section
    equity: Section
    retained: Decimal
    equity_total: Decimal
    difference: Decimal

    @property
    def balanced(self) -> bool:
        return not self.difference


class BalanceSheet(msgspec.Struct, frozen=True):
    """At the end of `as_of`, of posted transactions only. Currencies stand side by side."""

    as_of: date
    currencies: tuple[CurrencySheet, ...]


async def balance_sheet(
    connection: Connection,
    book_id: UUID,
    as_of: date,
    *,
    currency: str | None = None,
    known_at: int | None = None,
) -> BalanceSheet:
    """The sheet at the end of `as_of`; as the record stood at position `known_at`."""
    accounts = await chart(connection, book_id)
    found = await balances(connection, accounts.rows, as_of, known_at)
    figures: dict[str, dict[UUID, Amounts]] = {}
    for (account_id, code), amount in found.items():
        if amount and currency in (None, code):
            figures.setdefault(code, {})[account_id] = (amount,)
    if currency is not None:
        figures.setdefault(currency, {})
    sheets = []
    for code, own in sorted(figures.items()):
        credits_ = {account_id: negated(amounts) for account_id, amounts in own.items()}
        assets = accounts.section(own, "asset", 1)
        liabilities = accounts.section(credits_, "liability", 1)
        equity = accounts.section(credits_, "equity", 1)
        retained = total(credits_[a][0] for a in accounts.of("income", "expense") if a in credits_)
        equity_total = EXACT.add(equity.total, retained)
        difference = EXACT.subtract(assets.total, EXACT.add(liabilities.total, equity_total))
        sheets.append(CurrencySheet(code, assets, liabilities, equity, retained, equity_total, difference))
    return BalanceSheet(as_of, tuple(sheets))

"""What beancount itself makes of a ledger, by its own realization and inventories."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from beancount.core import convert, realization
from beancount.core.data import Transaction

Figures = dict[tuple[str, str], Decimal]
"""The sum on an account in a commodity, debit positive, where it is not zero."""


def balances(entries: Sequence[Any], until: dt.date) -> Figures:
    """The balance of every account at the end of a date."""
    return _figures([entry for entry in entries if entry.date <= until])


def month(entries: Sequence[Any], year: int, number: int) -> Figures:
    """What income and expense accounts received in a month."""
    within = [entry for entry in entries if (entry.date.year, entry.date.month) == (year, number)]
    figures = _figures(within)
    return {place: amount for place, amount in figures.items() if place[0].split(":")[0] in _CATEGORIES}


def months(entries: Sequence[Any]) -> list[tuple[int, int]]:
    """Every month from that of the first transaction to that of the last."""
    dates = [entry.date for entry in entries if isinstance(entry, Transaction)]
    first, last = min(dates), max(dates)
    span = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [(count // 12, count % 12 + 1) for count in span]


_CATEGORIES = ("Income", "Expenses")


def _figures(entries: Sequence[Any]) -> Figures:
    figures: Figures = {}
    for node in realization.iter_children(realization.realize(entries)):
        for position in node.balance.reduce(convert.get_units):
            if position.units.number:
                figures[node.account, position.units.currency] = position.units.number
    return figures

"""Monthly sums of what was posted on each account: a report over ten years costs what one over one does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, LiteralString
from uuid import UUID

from ledger.money import EXACT, ZERO
from ledger.transactions.effects import transition
from ledger.transactions.events import Terms
from projections import sql
from projections.projection import Cursor, Window

SQL = sql.load(__file__)

_Key = tuple[UUID, date, str]


class Rollup:
    """The projection that keeps `rollup`."""

    name = "rollup"
    version = 1
    tables: tuple[str, ...] = ("rollup",)
    schema: LiteralString = SQL["schema"]
    indexes: LiteralString = ""

    def apply(self, window: Window, cursor: Cursor) -> None:
        sums: dict[_Key, list[Any]] = {}
        for recorded in window.by_noun.get("transaction", ()):
            before, after = transition(recorded.fact)
            if before is not None and before.state == "posted":
                _take_back(sums, recorded.book_id, before)
            if after is not None and after.state == "posted":
                _add(sums, recorded.book_id, after)
        if sums:
            cursor.execute(SQL["add"], _arrays(sums))


def _arrays(sums: Mapping[_Key, Sequence[Any]]) -> list[str]:
    """The rows as array literals, one for each column: the driver would take longer to convert lists than
    everything else does. A currency may be called NULL, so texts are quoted."""
    accounts, months, currencies = zip(*sums, strict=True)
    books, counts, debits, credits_ = zip(*sums.values(), strict=True)
    columns = (
        (a.hex for a in accounts),
        map(str, months),
        (f'"{c}"' for c in currencies),
        (b.hex for b in books),
        map(str, counts),
        map(str, debits),
        map(str, credits_),
    )
    return ["{" + ",".join(column) + "}" for column in columns]


def _add(sums: dict[_Key, list[Any]], book_id: UUID, terms: Terms) -> None:
    month = terms.date.replace(day=1)
    plus = EXACT.add
    for p in terms.postings:
        key = (p.account_id, month, p.currency)
        known = sums.get(key)
        if known is None:
            known = sums[key] = [book_id, 0, ZERO, ZERO]
        known[1] += 1
        if p.amount > 0:
            known[2] = plus(known[2], p.amount)
        else:
            known[3] = EXACT.subtract(known[3], p.amount)


def _take_back(sums: dict[_Key, list[Any]], book_id: UUID, terms: Terms) -> None:
    """A debit that is taken back is not a credit: the sums are those of what is in force."""
    month = terms.date.replace(day=1)
    for p in terms.postings:
        known = sums.setdefault((p.account_id, month, p.currency), [book_id, 0, ZERO, ZERO])
        known[1] -= 1
        if p.amount > 0:
            known[2] = EXACT.subtract(known[2], p.amount)
        else:
            known[3] = EXACT.add(known[3], p.amount)

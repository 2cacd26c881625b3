"""The chart of accounts as reports use it: accounts by kind, and figures laid out along the tree with subtotals."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, localcontext
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import psycopg

from ledger.accounts.events import Kind
from ledger.money import EXACT, ZERO
from projections import sql

SQL = sql.load(__file__)

Amounts = tuple[Decimal, ...]
"""One amount for each period."""


class Line(msgspec.Struct, frozen=True):
    """An account in a report. `amounts`, one for each period, and `total` include all that lies below it;
    `own` are its own alone."""

    account_id: UUID
    name: str
    own: Amounts
    amounts: Amounts
    total: Decimal
    lines: tuple["Line", ...] = ()


class Section(msgspec.Struct, frozen=True):
    """Some accounts, those without anything left out, and their sums by period and over all."""

    lines: tuple[Line, ...]
    amounts: Amounts
    total: Decimal


class ChartRow(NamedTuple):
    """An account as reports know it; `counts` is whether it counts in net worth."""

    account_id: UUID
    parent_id: UUID | None
    kind: Kind
    type: str
    counts: bool
    name: str


class Chart:
    """All accounts of a book, archived and withdrawn ones included: their history counts."""

    def __init__(self, rows: Iterable[ChartRow]) -> None:
        self.rows = {row.account_id: row for row in rows}
        self._below: dict[UUID | None, list[ChartRow]] = {}
        for row in self.rows.values():
            above = self.rows.get(row.parent_id) if row.parent_id is not None else None
            parent = above.account_id if above is not None and above.kind == row.kind else None
            self._below.setdefault(parent, []).append(row)

    def of(self, *kinds: Kind) -> list[UUID]:
        """The accounts of some kinds."""
        return [row.account_id for row in self.rows.values() if row.kind in kinds]

    def section(self, figures: Mapping[UUID, Amounts], kind: Kind, periods: int) -> Section:
        """The accounts of `kind` that have figures, with those above them, as a tree."""
        lines = tuple(self._lines(None, figures, kind, periods))
        amounts = added(periods, *(line.amounts for line in lines))
        return Section(lines, amounts, total(amounts))

    def _lines(
        self, above: UUID | None, figures: Mapping[UUID, Amounts], kind: Kind, periods: int
    ) -> Iterator[Line]:
        for row in self._below.get(above, ()):
            if row.kind != kind:
                continue
            lines = tuple(self._lines(row.account_id, figures, kind, periods))
            own = figures.get(row.account_id)
            if own is not None or lines:
                own = own or (ZERO,) * periods
                amounts = added(periods, own, *(line.amounts for line in lines))
                yield Line(row.account_id, row.name, own, amounts, total(amounts), lines)


async def chart(connection: psycopg.AsyncConnection[Any], book_id: UUID) -> Chart:
    """The book's chart of accounts; siblings come by name."""
    cursor = connection.cursor(binary=True)
    await cursor.execute(SQL["chart"], {"book_id": book_id})
    rows = [ChartRow(*row) for row in await cursor.fetchall()]
    return Chart(sorted(rows, key=lambda row: (row.name.casefold(), row.account_id.int)))


def added(periods: int, *several: Amounts) -> Amounts:
    """The exact sum of amounts, period by period."""
    if len(several) == 1:
        return several[0]
    with localcontext(EXACT):
        return tuple(sum(of_one, ZERO) for of_one in zip(*several, strict=True)) or (ZERO,) * periods


def negated(amounts: Iterable[Decimal]) -> Amounts:
    return tuple(map(EXACT.minus, amounts))


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    with localcontext(EXACT):
        return sum(amounts, ZERO)

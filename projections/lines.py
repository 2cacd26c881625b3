"""The lines of an account's statement: what was posted on it, day by day."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from projections import sql

SQL = sql.load(__file__)


class Place(NamedTuple):
    """A line's place in the order of a statement: by date, then as recorded."""

    date: dt.date
    created_position: int
    line: int


class Line(NamedTuple):
    """One posted leg; `amount` is debit positive. `reconciliation_id` names the statement that locks it."""

    place: Place
    amount: Decimal
    transaction_id: UUID
    type: str
    payee: str | None
    notes: str | None
    memo: str | None
    cleared: bool
    reconciliation_id: UUID | None


async def lines(
    connection: psycopg.AsyncConnection[Any],
    account_id: UUID,
    currency: str,
    first: dt.date,
    last: dt.date,
    *,
    after: Place | None = None,
    limit: int,
) -> list[Line]:
    """The lines from `first` to `last` (both inclusive), oldest first, past `after`."""
    date, created, number = after or (first, 0, -1)
    cursor = await connection.execute(
        SQL["lines"],
        {
            "account_id": account_id,
            "currency": currency,
            "first": first,
            "last": last,
            "date": date,
            "created": created,
            "line": number,
            "limit": limit,
        },
        binary=True,
    )
    return [_line(account_id, row) for row in await cursor.fetchall()]


def _line(account_id: UUID, row: tuple[Any, ...]) -> Line:
    *place, amount, transaction_id, type_, payee, notes, memo, cleared, reconciled, reconciliations = row
    locked = dict(zip(reconciled or (), reconciliations or (), strict=True))
    return Line(
        Place(*place),
        amount,
        transaction_id,
        type_,
        payee,
        notes,
        memo,
        bool(cleared),
        locked.get(account_id),
    )


async def cleared(
    connection: psycopg.AsyncConnection[Any], account_id: UUID, currency: str, last: dt.date, *, limit: int
) -> list[UUID]:
    """The transactions up to and with `last` that are marked cleared on the account and on no statement yet."""
    given = {"account_id": account_id, "currency": currency, "last": last, "limit": limit}
    cursor = await connection.execute(SQL["cleared"], given, binary=True)
    return [row[0] for row in await cursor.fetchall()]

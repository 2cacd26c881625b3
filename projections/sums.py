"""Sums of postings: what an account had at the end of a date, and what moved on it in each period.

Whole months come from the rollup and the days at the edges from the register, so that an answer is exact on
any date and reads no more rows than it has months. With `known_at`, a position, the sums are those that would
have been given then; only the register knows that, so they cost a walk through it.
"""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal, LiteralString, NamedTuple
from uuid import UUID

import psycopg
from psycopg.sql import SQL as Text
from psycopg.sql import Composed

from ledger.command import Balance
from projections import sql

SQL = sql.load(__file__)

By = Literal["day", "week", "month", "quarter", "year"]
Connection = psycopg.AsyncConnection[Any]

STILL_BELIEVED = 2**63 - 2
"""Later than any position: as of it, everything counts that is believed now."""
LAST_DAY = date(9999, 11, 30)
"""No transaction is dated so late; the calendar goes on for a month, so that there is a day after."""
_DAY = timedelta(days=1)
_NEVER = (date(2, 1, 1), date(1, 1, 1))


class Movement(NamedTuple):
    """What was posted on an account in one currency: `nets`, debit positive, in the periods that begin on
    `starts` (`date.toordinal`), each named once and in no order."""

    account_id: UUID
    currency: str
    starts: Sequence[int]
    nets: Sequence[Decimal]


async def balances(
    connection: Connection, accounts: Collection[UUID], as_of: date | None = None, known_at: int | None = None
) -> dict[tuple[UUID, str], Decimal]:
    """The posted balance, debit positive, of each account and currency that was ever posted on, at the end of
    `as_of` (None: with everything, however far in the future it is dated)."""
    last = _day(as_of)
    given = {
        "accounts": list(accounts),
        "first_day": _detail_from(last),
        "last_day": last,
        "position": known_at,
    }
    statement = SQL["balances_now"] if known_at is None else SQL["balances_known_at"]
    rows = await _rows(connection, statement, given)
    return {(account_id, currency): net for account_id, currency, net in rows}


async def movements(
    connection: Connection,
    accounts: Collection[UUID],
    first: date,
    last: date,
    by: By,
    known_at: int | None = None,
) -> list[Movement]:
    """What was posted from `first` to `last` (both inclusive) by calendar period. The first one begins, and is
    named so, on its own first day, perhaps before `first`. A week begins on Monday."""
    first, last = _day(first), _day(last)
    given: dict[str, Any] = {"accounts": list(accounts)}
    nets: Text | Composed
    if known_at is None and by not in ("day", "week"):
        whole, head, tail = edges(first, last)
        given |= {"whole_from": whole[0], "whole_until": whole[1]}
        given |= {"head_from": head[0], "head_to": head[1], "tail_from": tail[0], "tail_to": tail[1]}
        nets = Text(SQL["net_by_month"])
        if by != "month":
            nets = Text(SQL["net_by_longer"]).format(net_by_month=nets)
            given["by"] = by
    else:
        given |= {"first_day": first, "last_day": last, "by": by}
        given["position"] = STILL_BELIEVED if known_at is None else known_at
        nets = Text(SQL["net_known_at"])
    rows = await _rows(connection, Text(SQL["movements"]).format(nets=nets), given)
    return [
        Movement(account_id, currency, starts, list(map(Decimal, nets_of_all.split(","))))
        for account_id, currency, starts, nets_of_all in rows
    ]


async def balance_as_of(
    connection: Connection, account_id: UUID, as_of: date | None = None
) -> dict[str, Balance]:
    """The account's balance by currency at the end of `as_of`; None counts what is dated in the future too.
    Holds count from their date on."""
    last = _day(as_of)
    given = {"account_id": account_id, "first_day": _detail_from(last), "last_day": last}
    return _by_currency(await _rows(connection, SQL["balance_as_of"], given))


async def balance_known_at(
    connection: Connection, account_id: UUID, position: int, as_of: date | None = None
) -> dict[str, Balance]:
    """As `balance_as_of`, as the record stood at `position`. Walks through all postings of the account."""
    given = {"account_id": account_id, "last_day": _day(as_of), "position": position}
    return _by_currency(await _rows(connection, SQL["balance_known_at"], given))


def edges(first: date, last: date) -> tuple[tuple[date, date], tuple[date, date], tuple[date, date]]:
    """The dates from `first` to `last` as whole months (first day of the first; first day after the last),
    and the days before and after them (inclusive), each within one month. A part that is empty ends before it
    begins."""
    if last < first:
        return _NEVER, _NEVER, _NEVER
    whole_from = first if first.day == 1 else _next_month(first)
    whole_until = _detail_from(last)
    if first.replace(day=1) == last.replace(day=1) and whole_from >= whole_until:
        return _NEVER, (first, last), _NEVER
    head = (first, whole_from - _DAY) if first < whole_from else _NEVER
    tail = (whole_until, last) if whole_until <= last else _NEVER
    return (whole_from, whole_until), head, tail


def _detail_from(last: date) -> date:
    """The first day that the rollup cannot answer for, when asked up to and with `last`; it may be the day
    after `last`."""
    after = last + _DAY
    return after if after.day == 1 else last.replace(day=1)


def _day(as_of: date | None) -> date:
    return LAST_DAY if as_of is None else min(as_of, LAST_DAY)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def _by_currency(rows: Sequence[tuple[Any, ...]]) -> dict[str, Balance]:
    return {currency: Balance(posted, pending, reserved) for currency, posted, pending, reserved in rows}


async def _rows(
    connection: Connection, statement: LiteralString | Composed, given: dict[str, Any]
) -> list[tuple[Any, ...]]:
    cursor = connection.cursor(binary=True)
    await cursor.execute(statement, given)
    return await cursor.fetchall()

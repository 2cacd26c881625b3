"""What books earn and spend, for analysts: sums alone, and none of a group so small that one could tell whose they
are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from projections import sql

SQL = sql.load(__file__)

LEAST_BOOKS = 5
"""In a month, a currency that fewer books used is left out."""


class BookMonth(NamedTuple):
    """What a book earned and spent in a month and currency, both positive as a rule."""

    book_id: UUID
    currency: str
    income: Decimal
    expense: Decimal


async def month(
    connection: psycopg.AsyncConnection[Any], first_day: date, currency: str | None
) -> Sequence[BookMonth]:
    """The books of a month, in no order, in the currencies that at least LEAST_BOOKS of them used."""
    given = {"month": first_day, "currency": currency, "least": LEAST_BOOKS}
    cursor = await connection.execute(SQL["month"], given)
    return [BookMonth(*row) for row in await cursor.fetchall()]

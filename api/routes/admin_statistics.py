"""What books earn and spend, under pseudonyms, for analysts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Annotated

from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.describe import operation, router
from api.fields import Currency
from api.money import written
from api.paging import Page, cursor, link, position
from api.problems import InvalidRequest
from api.reading import fresh, read_query
from api.responses import answer
from api.services import services
from gateways.vault import Vault
from ledger.clock import FIRST_DATE, LAST_DATE
from ledger.money import ZERO
from projections.statistics import BookMonth, month

routes = router("Administration")

_PURPOSE = b"pseudonym of a book"
_BYTES = 12


class StatisticsQuery(Page):
    """Which month, and which currency alone."""

    month: Annotated[
        str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$"), Field(examples=["2026-03"])
    ]
    currency: Currency | None = None


class CurrencySummary(TypedDict):
    """How many books used a currency in the month, and what they earned and spent in all, and in the middle."""

    currency: str
    books: int
    income: str
    expense: str
    median_income: str
    median_expense: str


class BookStatistics(TypedDict):
    """What one book earned and spent in the month. `book` is its pseudonym, the same in every month."""

    book: str
    currency: str
    income: str
    expense: str


class Statistics(TypedDict):
    """A month: sums by currency, and by book in the order of the pseudonyms."""

    month: str
    currencies: list[CurrencySummary]
    items: list[BookStatistics]
    next_cursor: str | None


@routes.get(
    "/admin/statistics",
    **operation(
        "Read what books earn and spend",
        query=StatisticsQuery,
        answer=Statistics,
        answer_example={
            "month": "2026-03",
            "currencies": [
                {
                    "currency": "EUR",
                    "books": 812,
                    "income": "2531004.10",
                    "expense": "2044310.77",
                    "median_income": "2840.00",
                    "median_expense": "2205.36",
                }
            ],
            "items": [
                {
                    "book": "5f0c2a9be1d47733c0a81e6f",
                    "currency": "EUR",
                    "income": "2840.00",
                    "expense": "1904.12",
                }
            ],
            "next_cursor": None,
        },
        refusals=(403, 422),
    ),
)
async def read(request: Request) -> Response:
    """For analysts. Pseudonyms cannot be turned back without the installation's key; a currency that fewer than five
    books used in the month is left out."""
    query = read_query(request, StatisticsQuery)
    after = position(request, query.cursor)
    first_day = dt.date.fromisoformat(f"{query.month}-01") if query.month >= "0001" else FIRST_DATE
    if not FIRST_DATE.replace(day=1) <= first_day <= LAST_DATE:
        raise InvalidRequest(f"Months go from {FIRST_DATE:%Y-%m} to {LAST_DATE:%Y-%m}.", field="month")
    async with fresh(request) as connection:
        found = await month(connection, first_day, query.currency)
    vault = services(request).vault
    named = sorted(((pseudonym(vault, row), row.currency), row) for row in found)
    left = [each for each in named if after is None or each[0] > (after[0], after[1])]
    shown = left[: query.limit]
    following = cursor(request, list(shown[-1][0])) if len(left) > query.limit else None
    payload = Statistics(
        month=query.month,
        currencies=list(_summaries(found)),
        items=[
            BookStatistics(
                book=name,
                currency=currency,
                income=written(row.income, currency),
                expense=written(row.expense, currency),
            )
            for (name, currency), row in shown
        ],
        next_cursor=following,
    )
    return answer(payload, headers=link(request, following))


def pseudonym(vault: Vault, row: BookMonth) -> str:
    """24 hexadecimal digits that stand for the book, and say nothing of it without the installation's key."""
    return vault.mac(_PURPOSE, row.book_id.bytes)[:_BYTES].hex()


def _summaries(found: Sequence[BookMonth]) -> Iterable[CurrencySummary]:
    for currency in sorted({row.currency for row in found}):
        rows = [row for row in found if row.currency == currency]
        yield CurrencySummary(
            currency=currency,
            books=len(rows),
            income=written(sum((row.income for row in rows), ZERO), currency),
            expense=written(sum((row.expense for row in rows), ZERO), currency),
            median_income=written(median(row.income for row in rows), currency),
            median_expense=written(median(row.expense for row in rows), currency),
        )

"""Reports: sums over time, as of a date and as known at a position."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from api.actors import name_of
from api.describe import operation, router
from api.fields import FIRST_DAY, LAST_DAY, CivilDate, Currency, Query
from api.principal import Principal, principal
from api.reading import Connection, one_moment, read_query, stream
from api.report_answers import (
    BalanceSheetAnswer,
    CashFlowAnswer,
    IncomeStatementAnswer,
    MonthAnswer,
    NetWorthAnswer,
    SpendingAnswer,
    currencies,
    report,
)
from api.report_examples import BALANCE_SHEET, CASH_FLOW, INCOME_STATEMENT, MONTH, NET_WORTH, SPENDING
from api.responses import Answer, answer
from api.services import context, services
from api.times import KnownAt, known_position
from ledger.books.book import Book
from ledger.clock import civil_date
from ledger.money import known_exponent
from ledger.refusals import InvalidValue
from projections.accounts import accounts
from projections.reports.balance_sheet import balance_sheet
from projections.reports.cash_flow import cash_flow
from projections.reports.income_statement import income_statement
from projections.reports.monthly import monthly
from projections.reports.net_worth import net_worth
from projections.reports.spending import spending_by_member

routes = router("Reports")

Ask = Callable[[Connection, int | None], Awaitable[msgspec.Struct]]


class ReportQuery(Query):
    """What all reports take."""

    currency: Annotated[Currency | None, Field(description="This one alone; else each one by itself.")] = None
    known_at: KnownAt = None


class MonthQuery(ReportQuery):
    """Which month; the present one if left out."""

    month: Annotated[
        str | None, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}$"), Field(examples=["2026-03"])
    ] = None


class RangeQuery(ReportQuery):
    """Which days (both inclusive); the twelve months up to today if left out."""

    from_: Annotated[CivilDate | None, Field(alias="from")] = None
    to: CivilDate | None = None


class PeriodQuery(RangeQuery):
    """And by which periods."""

    by: Literal["month", "quarter", "year"] = "month"


class SeriesQuery(RangeQuery):
    """And at the ends of which intervals."""

    interval: Literal["day", "week", "month", "quarter", "year"] = "month"


class DayQuery(ReportQuery):
    """At the end of which day; today if left out."""

    as_of: CivilDate | None = None


@routes.get(
    "/reports/monthly",
    **operation(
        "Read one month at a glance",
        query=MonthQuery,
        answer=MonthAnswer,
        answer_example=MONTH,
        refusals=(422,),
    ),
)
async def month(request: Request) -> Response:
    """Income, expense, what was left, the categories and the largest expenses."""
    who = principal(request)
    query = read_query(request, MonthQuery)
    first = await _today(request, who) if query.month is None else _month(query.month)

    def ask(connection: Connection, known_at: int | None) -> Awaitable[msgspec.Struct]:
        return monthly(connection, who.book_id, first, currency=query.currency, known_at=known_at)

    return await _answered(request, who, query, ask)


@routes.get(
    "/reports/income-statement",
    **operation(
        "Read the income statement",
        query=PeriodQuery,
        answer=IncomeStatementAnswer,
        answer_example=INCOME_STATEMENT,
        refusals=(422,),
    ),
)
async def income(request: Request) -> Response:
    """Refunds lower what was spent; transfers are neither income nor expense; pending money does not count."""
    who = principal(request)
    query = read_query(request, PeriodQuery)
    first, last = await _range(request, who, query)

    def ask(connection: Connection, known_at: int | None) -> Awaitable[msgspec.Struct]:
        return income_statement(
            connection, who.book_id, first, last, by=query.by, currency=query.currency, known_at=known_at
        )

    return await _answered(request, who, query, ask)


@routes.get(
    "/reports/balance-sheet",
    **operation(
        "Read the balance sheet",
        query=DayQuery,
        answer=BalanceSheetAnswer,
        answer_example=BALANCE_SHEET,
        refusals=(422,),
    ),
)
async def sheet(request: Request) -> Response:
    """What is owned and owed, and what remains; each currency balances by itself."""
    who = principal(request)
    query = read_query(request, DayQuery)
    as_of = query.as_of or await _today(request, who)

    def ask(connection: Connection, known_at: int | None) -> Awaitable[msgspec.Struct]:
        return balance_sheet(connection, who.book_id, as_of, currency=query.currency, known_at=known_at)

    return await _answered(request, who, query, ask)


@routes.get(
    "/reports/net-worth",
    **operation(
        "Read net worth over time",
        query=SeriesQuery,
        answer=NetWorthAnswer,
        answer_example=NET_WORTH,
        refusals=(422,),
    ),
)
async def worth(request: Request) -> Response:
    """Assets less liabilities at the end of each interval, of the accounts that count in net worth."""
    who = principal(request)
    query = read_query(request, SeriesQuery)
    first, last = await _range(request, who, query)

    def ask(connection: Connection, known_at: int | None) -> Awaitable[msgspec.Struct]:
        return net_worth(
            connection,
            who.book_id,
            first,
            last,
            interval=query.interval,
            currency=query.currency,
            known_at=known_at,
        )

    return await _answered(request, who, query, ask)


@routes.get(
    "/reports/cash-flow",
    **operation(
        "Read the cash flow",
        query=PeriodQuery,
        answer=CashFlowAnswer,
        answer_example=CASH_FLOW,
        refusals=(422,),
    ),
)
async def flow(request: Request) -> Response:
    """What came in and went out of the accounts that one pays from, and on what account it came or went."""
    who = principal(request)
    query = read_query(request, PeriodQuery)
    first, last = await _range(request, who, query)

    def ask(connection: Connection, known_at: int | None) -> Awaitable[msgspec.Struct]:
        return cash_flow(
            connection, who.book_id, first, last, by=query.by, currency=query.currency, known_at=known_at
        )

    return await _answered(request, who, query, ask)


@routes.get(
    "/reports/spending-by-member",
    **operation(
        "Read what each member has spent",
        query=PeriodQuery,
        answer=SpendingAnswer,
        answer_example=SPENDING,
        refusals=(422,),
    ),
)
async def spending(request: Request) -> Response:
    """Who entered a transaction is who has spent its money. Refunds lower that; pending money does not count."""
    who = principal(request)
    query = read_query(request, PeriodQuery)
    first, last = await _range(request, who, query)

    def ask(connection: Connection, known_at: int | None) -> Awaitable[msgspec.Struct]:
        return spending_by_member(
            connection, who.book_id, first, last, by=query.by, currency=query.currency, known_at=known_at
        )

    shown = await _written(request, who, query, ask)
    members = [member for currency in shown["currencies"] for member in currency["members"]]
    ids: list[UUID] = list({member["user_id"] for member in members})
    people = dict(zip(ids, await services(request).standing.of(*ids), strict=True))
    for member in members:
        member["name"] = name_of(people[member["user_id"]])
    return answer(shown)


async def _answered(request: Request, who: Principal, query: ReportQuery, ask: Ask) -> Answer:
    return answer(await _written(request, who, query, ask))


async def _written(request: Request, who: Principal, query: ReportQuery, ask: Ask) -> dict[str, Any]:
    """Asks for the report and writes its amounts with the decimals of their currencies."""
    async with one_moment(request) as connection:
        known_at = await known_position(connection, query.known_at, context(request).position)
        found = await ask(connection, known_at)
        decimals: dict[str, int] = {}
        if any(known_exponent(currency) is None for currency in currencies(found)):
            decimals = await _declared(connection, who)
    return report(found, decimals, known_at)


async def _declared(connection: Connection, who: Principal) -> dict[str, int]:
    """The most decimals that an account of the book declared for each commodity."""
    most: dict[str, int] = {}
    for view in await accounts(connection, who.book_id, states=("open", "archived", "withdrawn")):
        row = view.account
        if row.exponent is not None:
            for currency in (row.currency, *row.currencies):
                most[currency] = max(most.get(currency, 0), row.exponent)
    return most


async def _range(request: Request, who: Principal, query: RangeQuery) -> tuple[dt.date, dt.date]:
    last = query.to or await _today(request, who)
    if query.from_ is not None:
        return query.from_, last
    year, before = divmod(last.year * 12 + last.month - 1 - 11, 12)
    return max(dt.date(year, before + 1, 1), FIRST_DAY), last


async def _today(request: Request, who: Principal) -> dt.date:
    """What day it is in the book."""
    book: Any = await stream(request, who.book_id, Book)
    return civil_date(services(request).clock(), book.time_zone if book is not None else "UTC")


def _month(text: str) -> dt.date:
    year, number = int(text[:4]), int(text[5:])
    if not 1 <= number <= 12 or not FIRST_DAY.year <= year <= LAST_DAY.year:
        raise InvalidValue(f"There is no month {text}; write it as YYYY-MM.", field="month")
    return dt.date(year, number, 1)

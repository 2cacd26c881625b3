"""What each member has spent, against adding up every leg by hand."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.money import EXACT, ZERO
from projections.reports.chart import Line
from projections.reports.periods import RangeBackwards, start_of
from projections.reports.spending import Spending, spending_by_member
from tests.support.naive import Naive
from tests.support.projected import Projected
from tests.support.walk import FIRST_DAY

Fresh = Callable[[], AbstractContextManager[str]]
days = st.integers(-20, 160).map(lambda n: FIRST_DAY + dt.timedelta(days=n))
# Currency, who entered it, category, and the first day of the period.
Key = tuple[str, UUID, UUID, dt.date]


def reported(found: Spending) -> dict[Key, Decimal]:
    sums: dict[Key, Decimal] = {}

    def walk(code: str, user_id: UUID, line: Line) -> None:
        for period, amount in zip(found.periods, line.own, strict=True):
            if amount:
                sums[code, user_id, line.account_id, period.start] = amount
        for below in line.lines:
            walk(code, user_id, below)

    for currency in found.currencies:
        for member in currency.members:
            for line in member.expense.lines:
                walk(currency.currency, member.user_id, line)
    return sums


def by_hand(
    told: Projected, book_id: UUID, first: dt.date, last: dt.date, known_at: int | None
) -> dict[Key, Decimal]:
    history = Naive(told.facts, known_at)
    accounts = Naive(told.facts).accounts(book_id)
    entered = {f.position: f.actor_id for f in told.facts}
    sums: dict[Key, Decimal] = {}
    for each in history.transactions(book_id):
        terms = each.transaction.terms
        if terms.state != "posted" or not first <= terms.date <= last:
            continue
        for leg in terms.postings:
            if accounts[leg.account_id].kind == "expense":
                key = (leg.currency, entered[each.created], leg.account_id, start_of(terms.date, "month"))
                sums[key] = EXACT.add(sums.get(key, ZERO), leg.amount)
    return {key: amount for key, amount in sums.items() if amount}


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 10**9), between=st.tuples(days, days).map(sorted), share=st.none() | st.floats(0, 1)
)
def test_spending_is_exact_by_person_period_and_category(
    fresh_database: Fresh, seed: int, between: list[dt.date], share: float | None
) -> None:
    first, last = between
    with fresh_database() as url:
        told = Projected(url, seed)
        known_at = None if share is None else int(share * told.position)
        for book_id in told.books:
            found = told.ask(lambda c, b=book_id: spending_by_member(c, b, first, last, known_at=known_at))
            assert reported(found) == by_hand(told, book_id, first, last, known_at)
            for currency in found.currencies:
                totals = [member.total for member in currency.members]
                assert totals == sorted(totals, reverse=True)
                assert currency.total == sum(totals, ZERO)


def test_a_range_must_not_end_before_it_begins(fresh_database: Fresh) -> None:
    with fresh_database() as url:
        told = Projected(url, 1, steps=10)
        with pytest.raises(RangeBackwards):
            told.ask(
                lambda c: spending_by_member(c, told.books[0], FIRST_DAY, FIRST_DAY - dt.timedelta(days=1))
            )

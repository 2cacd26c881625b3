"""Reports against adding up every leg by hand."""

import datetime as dt
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.accounts.account import Account
from ledger.money import EXACT, ZERO
from projections.reports.balance_sheet import balance_sheet
from projections.reports.cash_flow import NOT_CASH, cash_flow
from projections.reports.chart import Line
from projections.reports.income_statement import income_statement
from projections.reports.monthly import monthly, savings_rate
from projections.reports.net_worth import net_worth
from projections.reports.periods import Period, RangeBackwards, TooManyPeriods, periods
from tests.support.naive import Naive
from tests.support.projected import Projected
from tests.support.walk import CURRENCIES, FIRST_DAY

Fresh = Callable[[], AbstractContextManager[str]]
calm = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
seeds = st.integers(0, 10**9)
days = st.integers(-20, 160).map(lambda n: FIRST_DAY + dt.timedelta(days=n))
ranges = st.tuples(days, days).map(sorted)
shares = st.none() | st.floats(0, 1)


class Book:
    """One book of a told history, as known at a share of its positions (None: now)."""

    def __init__(self, told: Projected, book_id: UUID, share: float | None) -> None:
        self.book_id = book_id
        self.known_at = None if share is None else int(share * told.position)
        self.naive = Naive(told.facts, self.known_at)
        # The tree, the types and what counts in net worth are those of today.
        self.accounts = Naive(told.facts).accounts(book_id)

    def sums(self, first: dt.date, last: dt.date) -> dict[tuple[UUID, str], Decimal]:
        return self.naive.sums(self.book_id, first, last)

    def net(self, first: dt.date, last: dt.date, currency: str, which: Callable[[Account], bool]) -> Decimal:
        found = self.sums(first, last)
        return total(v for (a, c), v in found.items() if c == currency and which(self.accounts[a]))


def total(amounts: Iterable[Decimal]) -> Decimal:
    result = ZERO
    for amount in amounts:
        result = EXACT.add(result, amount)
    return result


def books(told: Projected, share: float | None) -> list[Book]:
    return [Book(told, book_id, share) for book_id in told.books]


def flat(lines: Iterable[Line]) -> list[Line]:
    return [line for top in lines for line in (top, *flat(top.lines))]


def is_kind(*kinds: str) -> Callable[[Account], bool]:
    return lambda account: account.kind in kinds


@calm
@given(seed=seeds, between=ranges, by=st.sampled_from(["month", "quarter", "year"]), share=shares)
def test_the_income_statement_is_exact_by_period_and_category(
    fresh_database: Fresh, seed: int, between: list[dt.date], by: str, share: float | None
) -> None:
    with fresh_database() as url:
        told = Projected(url, seed)
        for book in books(told, share):
            answer = told.ask(
                lambda c, b=book: income_statement(c, b.book_id, *between, by=by, known_at=b.known_at)
            )
            assert [(p.first, p.last) for p in answer.periods] == [
                (p.first, p.last) for p in periods(*between, by)
            ]
            for one in answer.currencies:
                for number, period in enumerate(answer.periods):
                    span = (period.first, period.last)
                    spent = book.net(*span, one.currency, is_kind("expense"))
                    earned = -book.net(*span, one.currency, is_kind("income"))
                    assert one.expense.amounts[number] == spent
                    assert one.income.amounts[number] == earned
                    assert one.net[number] == earned - spent
                for line in flat([*one.income.lines, *one.expense.lines]):
                    sign = -1 if book.accounts[line.account_id].kind == "income" else 1
                    own = tuple(
                        sign * book.sums(p.first, p.last).get((line.account_id, one.currency), ZERO)
                        for p in answer.periods
                    )
                    assert line.own == own
                    below = [ZERO] * len(own)
                    for child in line.lines:
                        below = [x + y for x, y in zip(below, child.amounts, strict=True)]
                    assert line.amounts == tuple(x + y for x, y in zip(own, below, strict=True))
                    assert line.total == total(line.amounts)
            shown = {one.currency for one in answer.currencies}
            moved = {
                c
                for (a, c), v in book.sums(*between).items()
                if v and book.accounts[a].kind in ("income", "expense")
            }
            assert moved <= shown


@calm
@given(seed=seeds, as_of=days, share=shares)
def test_the_balance_sheet_balances_in_every_currency(
    fresh_database: Fresh, seed: int, as_of: dt.date, share: float | None
) -> None:
    with fresh_database() as url:
        told = Projected(url, seed)
        for book in books(told, share):
            sheet = told.ask(lambda c, b=book: balance_sheet(c, b.book_id, as_of, known_at=b.known_at))
            shown = {one.currency: one for one in sheet.currencies}
            for code in CURRENCIES:
                span = (dt.date.min, as_of)
                assets = book.net(*span, code, is_kind("asset"))
                owed = -book.net(*span, code, is_kind("liability"))
                equity = -book.net(*span, code, is_kind("equity"))
                retained = -book.net(*span, code, is_kind("income", "expense"))
                if code not in shown:
                    assert not any((assets, owed, equity, retained))
                    continue
                one = shown[code]
                assert (one.assets.total, one.liabilities.total, one.equity.total) == (assets, owed, equity)
                assert one.retained == retained
                assert one.equity_total == equity + retained
                assert one.balanced
                assert one.assets.total == one.liabilities.total + one.equity_total


@calm
@given(
    seed=seeds,
    between=ranges,
    interval=st.sampled_from(["day", "week", "month", "quarter", "year"]),
    share=shares,
)
def test_net_worth_is_the_sum_of_what_counts_at_each_end(
    fresh_database: Fresh, seed: int, between: list[dt.date], interval: str, share: float | None
) -> None:
    with fresh_database() as url:
        told = Projected(url, seed)
        for book in books(told, share):
            answer = told.ask(
                lambda c, b=book: net_worth(c, b.book_id, *between, interval=interval, known_at=b.known_at)
            )
            assert answer.dates[-1] == between[1]
            for one in answer.currencies:
                for number, date in enumerate(answer.dates):
                    for kind, sign, amounts in (("asset", 1, one.assets), ("liability", -1, one.liabilities)):
                        expected = sign * book.net(
                            dt.date.min,
                            date,
                            one.currency,
                            lambda a, k=kind: a.kind == k and a.net_worth,
                        )
                        assert amounts[number] == expected
                    assert one.net[number] == one.assets[number] - one.liabilities[number]


@calm
@given(seed=seeds, between=ranges, by=st.sampled_from(["month", "quarter", "year"]), share=shares)
def test_cash_flow_leads_from_each_opening_to_the_next(
    fresh_database: Fresh, seed: int, between: list[dt.date], by: str, share: float | None
) -> None:
    def is_cash(account: Account) -> bool:
        return account.kind == "asset" and account.type not in NOT_CASH

    with fresh_database() as url:
        told = Projected(url, seed)
        for book in books(told, share):
            answer = told.ask(lambda c, b=book: cash_flow(c, b.book_id, *between, by=by, known_at=b.known_at))
            cash = {i for i, account in book.accounts.items() if is_cash(account)}
            assert set(answer.accounts) == cash
            for one in answer.currencies:
                for number, period in enumerate(answer.periods):
                    before = period.first - dt.timedelta(days=1)
                    assert one.opening[number] == book.net(dt.date.min, before, one.currency, is_cash)
                    assert one.closing[number] == book.net(dt.date.min, period.last, one.currency, is_cash)
                    assert one.opening[number] + one.net[number] == one.closing[number]
                    came, went, sources = flows(book, period, one.currency, cash)
                    assert (one.inflow[number], one.outflow[number]) == (came, went)
                    shown = {
                        p.account_id: (p.inflow[number], p.outflow[number])
                        for p in one.counterparts
                        if p.inflow[number] or p.outflow[number]
                    }
                    assert shown == {a: s for a, s in sources.items() if any(s)}
                assert total(p.total for p in one.counterparts) == total(one.net)


def flows(
    book: Book, period: Period, currency: str, cash: set[UUID]
) -> tuple[Decimal, Decimal, dict[UUID, tuple[Decimal, Decimal]]]:
    """What came, what went, and credits and debits of the other legs where cash was moved."""
    came = went = ZERO
    sources: dict[UUID, tuple[Decimal, Decimal]] = {}
    for told in book.naive.transactions(book.book_id):
        terms = told.transaction.terms
        if terms.state != "posted" or not period.first <= terms.date <= period.last:
            continue
        legs = [p for p in terms.postings if p.currency == currency]
        if not any(p.account_id in cash for p in legs):
            continue
        net = total(p.amount for p in legs if p.account_id in cash)
        came, went = came + max(net, ZERO), went - min(net, ZERO)
        for p in legs:
            if p.account_id not in cash:
                credit, debit = sources.get(p.account_id, (ZERO, ZERO))
                sources[p.account_id] = credit - min(p.amount, ZERO), debit + max(p.amount, ZERO)
    return came, went, sources


@calm
@given(seed=seeds, month=st.integers(0, 4), share=shares)
def test_a_month_at_a_glance(fresh_database: Fresh, seed: int, month: int, share: float | None) -> None:
    first = dt.date(2025 + (10 + month) // 12, (10 + month) % 12 + 1, 1)
    with fresh_database() as url:
        told = Projected(url, seed)
        for book in books(told, share):
            answer = told.ask(lambda c, b=book: monthly(c, b.book_id, first, known_at=b.known_at))
            posted = [
                t
                for t in book.naive.transactions(book.book_id)
                if t.transaction.state == "posted" and answer.first <= t.transaction.terms.date <= answer.last
            ]
            assert answer.count == len(posted)
            for one in answer.currencies:
                assert one.expense == book.net(answer.first, answer.last, one.currency, is_kind("expense"))
                assert one.income == -book.net(answer.first, answer.last, one.currency, is_kind("income"))
                assert one.net == one.income - one.expense
                spent = {
                    t.transaction.transaction_id: total(
                        p.amount
                        for p in t.transaction.terms.postings
                        if p.currency == one.currency and book.accounts[p.account_id].kind == "expense"
                    )
                    for t in posted
                }
                most = sorted((amount for amount in spent.values() if amount > 0), reverse=True)[:5]
                assert [large.amount for large in one.largest] == most
                assert all(spent[large.transaction_id] == large.amount for large in one.largest)


@pytest.mark.parametrize(
    ("income", "net", "rate"),
    [
        ("1000", "250", "0.2500"),
        ("3", "1", "0.3333"),
        ("0", "-5", None),
        ("-2", "-5", None),
        ("0.000000000000000001", "-99999999999999999999", "-99999999999999999999000000000000000000.0000"),
    ],
)
def test_the_savings_rate_is_exact_to_four_decimals(income: str, net: str, rate: str | None) -> None:
    found = savings_rate(Decimal(income), Decimal(net))
    assert (None if found is None else str(found)) == rate


@given(
    first=st.dates(dt.date(1900, 1, 1), dt.date(2200, 12, 31)),
    length=st.integers(0, 3_000),
    by=st.sampled_from(["day", "week", "month", "quarter", "year"]),
)
def test_periods_cover_a_range_without_gap_or_overlap(first: dt.date, length: int, by: str) -> None:
    last = first + dt.timedelta(days=length)
    found = periods(first, last, by)
    assert (found[0].first, found[-1].last) == (first, last)
    for one, after in pairwise(found):
        assert one.last + dt.timedelta(days=1) == after.first == after.start
    assert all(p.start <= p.first <= p.last for p in found)


def test_a_range_must_not_be_backwards_or_endless() -> None:
    with pytest.raises(RangeBackwards):
        periods(dt.date(2026, 2, 1), dt.date(2026, 1, 31), "month")
    with pytest.raises(TooManyPeriods):
        periods(dt.date(1900, 1, 1), dt.date(2999, 12, 31), "month")
    assert len(periods(dt.date(9999, 12, 1), dt.date.max, "year")) == 1
    assert len(periods(dt.date.min, dt.date(1, 1, 20), "week")) == 3

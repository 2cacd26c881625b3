"""Sums from the rollup and the register against sums of all facts."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from itertools import pairwise

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.money import ZERO
from ledger.transactions.effects import effects
from projections.sums import balance_as_of, balance_known_at, balances, edges, movements
from tests.support.naive import Naive
from tests.support.projected import Projected
from tests.support.walk import FIRST_DAY

Fresh = Callable[[], AbstractContextManager[str]]
calm = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
days = st.integers(-20, 160).map(lambda n: FIRST_DAY + dt.timedelta(days=n))


@calm
@given(seed=st.integers(0, 10**9), as_of=st.none() | days, share=st.floats(0, 1))
def test_balances_on_any_day_and_as_known_at_any_position(
    fresh_database: Fresh, seed: int, as_of: dt.date | None, share: float
) -> None:
    with fresh_database() as url:
        told = Projected(url, seed)
        position = int(share * told.position)
        last = as_of or dt.date.max
        now, then = Naive(told.facts), Naive(told.facts, position)
        for book_id in told.books:
            accounts = list(now.accounts(book_id))
            for naive, known_at in ((now, None), (then, position)):
                found = told.ask(lambda c, a=accounts, k=known_at: balances(c, a, as_of, k))
                expected = naive.sums(book_id, dt.date.min, last)
                assert {k: v for k, v in found.items() if v} == {k: v for k, v in expected.items() if v}
            for account_id in accounts[:3]:
                answer = told.ask(lambda c, a=account_id: balance_as_of(c, a, as_of))
                assert {k: v for k, v in answer.items() if any(v)} == now.balance(book_id, account_id, last)
                answer = told.ask(lambda c, a=account_id: balance_known_at(c, a, position, as_of))
                assert {k: v for k, v in answer.items() if any(v)} == then.balance(book_id, account_id, last)


@calm
@given(seed=st.integers(0, 10**9), first=days, last=days, share=st.floats(0, 1))
def test_movements_between_any_two_days(
    fresh_database: Fresh, seed: int, first: dt.date, last: dt.date, share: float
) -> None:
    with fresh_database() as url:
        told = Projected(url, seed)
        position = int(share * told.position)
        for book_id in told.books:
            accounts = list(Naive(told.facts).accounts(book_id))
            for known_at in (None, position):
                naive = Naive(told.facts, known_at)
                for by in ("day", "week", "month", "quarter", "year"):
                    moved = told.ask(
                        lambda c, a=accounts, b=by, k=known_at: movements(c, a, first, last, b, k)  # type: ignore[misc]  # defaults bind
                    )
                    found = {(m.account_id, m.currency): sum(m.nets, ZERO) for m in moved}
                    expected = naive.sums(book_id, first, last)
                    assert {k: v for k, v in found.items() if v} == {k: v for k, v in expected.items() if v}


@calm
@given(seed=st.integers(0, 10**9))
def test_the_rollup_holds_debits_and_credits_of_what_is_in_force(fresh_database: Fresh, seed: int) -> None:
    with fresh_database() as url:
        told = Projected(url, seed)
        with psycopg.connect(url, options="-c search_path=views") as connection:
            rows = connection.execute(
                "SELECT book_id, account_id, month, currency, debit, credit, count FROM rollup WHERE count > 0"
            ).fetchall()
            left = connection.execute("SELECT debit, credit FROM rollup WHERE count <= 0").fetchall()
        expected: dict[tuple[object, ...], list[Decimal]] = {}
        naive = Naive(told.facts)
        for book_id in told.books:
            for date, p in naive.legs(book_id):
                key = (book_id, p.account_id, date.replace(day=1), p.currency)
                sums = expected.setdefault(key, [ZERO, ZERO, ZERO])
                sums[0] += max(p.amount, ZERO)
                sums[1] -= min(p.amount, ZERO)
                sums[2] += 1
        assert {row[:4]: list(row[4:]) for row in rows} == expected
        assert all(row == (0, 0) for row in left)


@calm
@given(seed=st.integers(0, 10**9))
def test_the_rollup_agrees_with_the_arithmetic_of_the_registers(fresh_database: Fresh, seed: int) -> None:
    with fresh_database() as url:
        told = Projected(url, seed)
        nets: dict[object, Decimal] = {}
        for fact in told.facts:
            for effect in effects(fact.fact):
                key = (effect.account_id, effect.currency)
                nets[key] = nets.get(key, ZERO) + effect.posted
        with psycopg.connect(url, options="-c search_path=views") as connection:
            rows = connection.execute(
                "SELECT account_id, currency, sum(debit - credit) FROM rollup GROUP BY account_id, currency"
            ).fetchall()
        assert {(a, c): net for a, c, net in rows if net} == {key: net for key, net in nets.items() if net}


@given(first=st.dates(dt.date(1900, 1, 1), dt.date(2200, 12, 31)), length=st.integers(0, 2_000))
def test_whole_months_and_edges_cover_a_range_once(first: dt.date, length: int) -> None:
    last = first + dt.timedelta(days=length)
    (whole_from, whole_until), head, tail = edges(first, last)
    covered = []
    whole = [(whole_from, whole_until - dt.timedelta(days=1))] if whole_from < whole_until else []
    for start, end in (head, *whole, tail):
        if start <= end:
            covered.append((start, end))
    assert covered[0][0] == first
    assert covered[-1][1] == last
    assert all(a[1] + dt.timedelta(days=1) == b[0] for a, b in pairwise(covered))
    if whole_from < whole_until:
        assert whole_from.day == 1
        assert whole_until.day == 1
    for start, end in (head, tail):
        if start <= end:
            assert start.replace(day=1) == end.replace(day=1)

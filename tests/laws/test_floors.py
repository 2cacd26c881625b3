"""Law 4: no guarded balance was ever below its floor, on any day, whatever was back-dated, voided or undone."""

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.accounts.account import Account
from ledger.accounts.asserting import AssertBalance
from ledger.accounts.refusals import AssertionBroken, FloorBreached
from ledger.record import Recorded
from ledger.transactions.changes import AmendTransaction, SettleTransaction, VoidTransaction
from ledger.transactions.events import Terms
from tests.support.scenario import Scenario, day
from tests.support.story import Story, stories

ZERO = Decimal(0)


def in_force(facts: list[Recorded]) -> dict[UUID, Terms]:
    """Each transaction's terms that count now, told by its last fact about them and by nothing else."""
    terms: dict[UUID, Any] = {}
    for recorded in facts:
        fact = recorded.fact
        if recorded.topic in ("transaction.posted", "transaction.held"):
            terms[recorded.stream_id] = fact.terms
        elif recorded.topic in ("transaction.voided", "transaction.expired"):
            terms.pop(recorded.stream_id)
        elif hasattr(fact, "after"):
            terms[recorded.stream_id] = fact.after
    return terms


def ends_of_days(facts: list[Recorded], account: Account) -> dict[dt.date, tuple[Decimal, Decimal]]:
    """What was posted, and available, at the end of each day on which anything happened on the account."""
    posted: dict[dt.date, Decimal] = defaultdict(Decimal)
    reserved: dict[dt.date, Decimal] = defaultdict(Decimal)
    for terms in in_force(facts).values():
        for leg in terms.postings:
            if (leg.account_id, leg.currency) == (account.account_id, account.currency):
                if terms.state == "posted":
                    posted[terms.date] += leg.amount
                elif leg.amount < 0:
                    reserved[terms.date] += leg.amount
    ends, running, held = {}, ZERO, ZERO
    for date in sorted({*posted, *reserved}):
        running += posted[date]
        held += reserved[date]
        ends[date] = running, running + held
    return ends


@settings(max_examples=200, deadline=None)
@given(stories)
def test_whatever_happens_floors_hold_on_every_day(story_told: list[Any]) -> None:
    story = Story()
    lenient: set[UUID] = set()
    for numbers in story_told:
        story.tell(numbers)
        accounts = [story.account(number) for number in range(len(story.book.accounts))]
        lenient |= {account.account_id for account in accounts if account.guard.policy != "reject"}
        for account in accounts:
            ends = ends_of_days(story.book.ledger.record, account)
            floor = account.guard.floor
            if floor is not None and account.guard.policy == "reject":
                assert all(available >= floor for _, available in ends.values())
            if account.account_id not in lenient:
                for assertion in account.assertions:
                    known = [ends[date][0] for date in ends if date <= assertion.date]
                    if assertion.currency == account.currency:
                        assert (known[-1] if known else ZERO) == assertion.amount


moves = st.lists(
    st.tuples(
        st.sampled_from(["post", "post", "hold", "void", "settle", "amend"]),
        st.integers(0, 9),
        st.integers(-60, 60).filter(bool),
        st.integers(0, 30),
    ),
    max_size=25,
)


class Naive:
    """One account as a list of (day, amount, pending), judged by adding up every day anew."""

    def __init__(self, floor: int) -> None:
        self.floor = floor
        self.items: dict[UUID, tuple[int, int, bool]] = {}

    def ends(self, items: dict[UUID, tuple[int, int, bool]]) -> list[int]:
        counted = [(when, value) for when, value, pending in items.values() if not pending or value < 0]
        return [sum(value for when, value in counted if when <= today) for today in range(12)]

    def allows(self, changed: dict[UUID, tuple[int, int, bool]]) -> bool:
        """A change is refused when it lowers a day's end to below the floor."""
        pairs = zip(self.ends(self.items), self.ends(changed), strict=True)
        return not any(after < before and after < self.floor for before, after in pairs)


@settings(max_examples=300, deadline=None)
@given(st.integers(-50, 0), moves)
def test_exactly_what_breaches_a_floor_is_refused(floor: int, told: list[Any]) -> None:
    book = Scenario()
    book.account("other", "income")
    book.account("purse", floor=floor)
    naive = Naive(floor)
    known: list[UUID] = []
    for kind, when, value, chosen in told:
        date = day("2026-03-01") + dt.timedelta(days=when)
        if kind in ("post", "hold"):
            transaction_id = book.fresh()
            changed = naive.items | {transaction_id: (when, value, kind == "hold")}
            act: Any = lambda: (book.hold if kind == "hold" else book.post)(  # noqa: B023, E731  # called at once
                date.isoformat(),  # noqa: B023
                purse=value,  # noqa: B023
                other=-value,  # noqa: B023
            )
        elif known:
            transaction_id = known[chosen % len(known)]
            before = naive.items[transaction_id]
            if kind == "settle" and not before[2]:
                continue
            rest = {key: item for key, item in naive.items.items() if key != transaction_id}
            changed = {
                "void": rest,
                "settle": rest | {transaction_id: (when, before[1], False)},
                "amend": rest | {transaction_id: (when, value, before[2])},
            }[kind]
            act = lambda: change(book, kind, transaction_id, date, value)  # noqa: B023, E731  # called at once
        else:
            continue
        allowed = naive.allows(changed)
        try:
            result = act()
        except FloorBreached:
            assert not allowed, "refused what breaches nothing"
            continue
        assert allowed, "carried out what breaches the floor"
        if kind in ("post", "hold"):
            del changed[transaction_id]
            transaction_id = result
            changed[transaction_id] = (when, value, kind == "hold")
            known.append(transaction_id)
        elif kind == "void":
            known.remove(transaction_id)
        naive.items = changed


def change(book: Scenario, kind: str, transaction_id: UUID, date: dt.date, value: int) -> None:
    fields: dict[str, Any] = {"transaction_id": transaction_id}
    if kind == "void":
        book.do(VoidTransaction, **fields)
    elif kind == "settle":
        book.do(SettleTransaction, date=date, **fields)
    else:
        book.do(AmendTransaction, date=date, postings=book.legs(purse=value, other=-value), **fields)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-9, 9).filter(bool)), min_size=1, max_size=12))
def test_an_asserted_balance_stays_true(told: list[tuple[int, int]]) -> None:
    book = Scenario().household()
    by_day: dict[int, int] = defaultdict(int)
    asserted: int | None = None
    for when, value in told:
        if asserted is None and len(by_day) > 2:
            asserted = 5
            book.do(
                AssertBalance,
                account_id=book.accounts["cash"],
                assertion_id=book.fresh(),
                date=day("2026-03-06"),
                amount=Decimal(sum(v for d, v in by_day.items() if d <= asserted)),
                currency="USD",
            )
        date = (day("2026-03-01") + dt.timedelta(days=when)).isoformat()
        if asserted is not None and when <= asserted:
            book.refuses_posting(AssertionBroken, date, cash=value, salary=-value)
        else:
            book.post(date, cash=value, salary=-value)
            by_day[when] += value

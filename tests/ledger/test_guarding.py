"""Floors and assertions: judged at the end of every day from the change on, by the policy of the account."""

from typing import Any

import pytest

from ledger.accounts.asserting import AssertBalance, WithdrawAssertion
from ledger.accounts.commands import AmendAccount
from ledger.accounts.events import Guard
from ledger.accounts.refusals import (
    AssertionBroken,
    AssertionFailed,
    FloorBreached,
    NotGuardable,
    UnknownAssertion,
    WrongCurrency,
)
from ledger.money import InvalidAmount
from ledger.postings import Posting
from ledger.refusals import InvalidValue
from ledger.transactions.changes import AmendTransaction, SettleTransaction, VoidTransaction
from ledger.transactions.commands import PostTransaction
from tests.support.scenario import Scenario, amount, day


@pytest.fixture
def book() -> Scenario:
    book = Scenario().household()
    book.account("purse", floor=0)
    book.post("2026-03-02", purse=100, salary=-100)
    return book


def asserting(book: Scenario, value: int, date: str = "2026-03-31", **fields: Any) -> dict[str, Any]:
    return {
        "account_id": book.accounts["purse"],
        "assertion_id": book.fresh(),
        "date": day(date),
        "amount": amount(value),
        "currency": "USD",
    } | fields


def test_the_floor_itself_may_be_reached(book: Scenario) -> None:
    book.post("2026-03-03", purse=-100, food=100)
    refusal = book.refuses_posting(FloorBreached, "2026-03-03", purse="-0.01", food="0.01")
    assert refusal.status == 409
    assert refusal.facts["needed"] == "0.01"
    assert refusal.facts["available"] == "0"
    assert refusal.facts["date"] == "2026-03-03"


def test_a_back_dated_posting_is_judged_on_every_later_day(book: Scenario) -> None:
    book.post("2026-03-10", purse=-90, food=90)
    refusal = book.refuses_posting(FloorBreached, "2026-03-05", purse=-20, food=20)
    assert refusal.facts["date"] == "2026-03-10"
    book.post("2026-03-05", purse=-10, food=10)


def test_a_posting_before_the_money_came_is_refused(book: Scenario) -> None:
    refusal = book.refuses_posting(FloorBreached, "2026-03-01", purse=-1, food=1)
    assert refusal.facts["date"] == "2026-03-01"


def test_later_money_does_not_make_up_for_an_earlier_day(book: Scenario) -> None:
    book.post("2026-03-20", purse=500, salary=-500)
    book.refuses_posting(FloorBreached, "2026-03-10", purse=-101, food=101)
    book.post("2026-03-20", purse=-600, food=600)


def test_money_in_and_out_on_one_day_is_judged_at_its_end(book: Scenario) -> None:
    book.post("2026-03-05", purse=50, salary=-50)
    book.post("2026-03-05", purse=-150, food=150)
    assert book.posted("purse") == 0


def test_a_hold_counts_against_the_floor_and_money_on_its_way_does_not(book: Scenario) -> None:
    book.hold("2026-03-03", purse=50, salary=-50)
    book.hold("2026-03-03", purse=-80, food=80)
    book.refuses_posting(FloorBreached, "2026-03-04", purse=-30, food=30)
    book.post("2026-03-04", purse=-20, food=20)


def test_settling_a_hold_takes_no_more_than_it_reserved(book: Scenario) -> None:
    hold = book.hold("2026-03-03", purse=-100, food=100)
    book.refuses(FloorBreached, SettleTransaction, transaction_id=hold, date=day("2026-03-01"))
    book.do(SettleTransaction, transaction_id=hold)


def test_income_that_was_spent_is_not_voided_amended_or_moved(book: Scenario) -> None:
    book.post("2026-03-10", purse=-90, food=90)
    extra = book.post("2026-03-03", purse=5, salary=-5)
    book.do(VoidTransaction, transaction_id=extra)
    earned = book.post("2026-03-04", purse=50, salary=-50)
    book.post("2026-03-12", purse=-60, food=60)
    book.refuses(FloorBreached, VoidTransaction, transaction_id=earned)
    moved: dict[str, Any] = {"transaction_id": earned, "postings": book.legs(purse=50, salary=-50)}
    book.refuses(FloorBreached, AmendTransaction, date=day("2026-03-13"), **moved)
    book.do(AmendTransaction, date=day("2026-03-12"), **moved)


def test_a_credit_limit_is_a_floor_below_zero() -> None:
    book = Scenario().household()
    book.account("credit", "liability", floor=-500)
    book.post(credit=-500, food=500)
    book.refuses_posting(FloorBreached, credit="-0.01", food="0.01")


def test_a_floor_is_in_the_accounts_own_currency(book: Scenario) -> None:
    book.do(AmendAccount, account_id=book.accounts["purse"], currencies=("EUR",))
    book.account("coffee", "expense", currency="EUR")
    book.currency = "EUR"
    book.post(purse=-3, coffee=3)
    assert book.balance("purse", "EUR").posted == -3


def test_flagging_accepts_and_says_so(book: Scenario) -> None:
    book.do(AmendAccount, account_id=book.accounts["purse"], guard=Guard(amount(0), "flag"))
    book.post(purse=-1, food=1)
    assert book.last().facts[0].fact.flagged == (book.accounts["purse"],)
    book.post("2026-03-02", purse=-1, food=1)
    assert book.last().facts[0].fact.flagged == ()


def test_allowing_accepts_and_says_nothing(book: Scenario) -> None:
    book.do(AmendAccount, account_id=book.accounts["purse"], guard=Guard(amount(0), "allow"))
    book.post(purse=-1000, food=1000)
    assert book.last().facts[0].fact.flagged == ()


def test_an_account_below_its_floor_may_still_receive(book: Scenario) -> None:
    book.do(AmendAccount, account_id=book.accounts["purse"], guard=Guard(amount(0), "flag"))
    book.post("2026-03-01", purse=-300, food=300)
    book.post("2026-03-04", purse=20, salary=-20)
    assert book.last().facts[0].fact.flagged == ()


def test_a_floor_that_history_broke_is_not_set(book: Scenario) -> None:
    book.post("2026-03-01", cash=-30, food=30)
    book.post("2026-03-05", cash=100, salary=-100)
    refusal = book.refuses(
        InvalidValue, AmendAccount, account_id=book.accounts["cash"], guard=Guard(amount(-29))
    )
    assert refusal.facts == {"date": "2026-03-01", "available": "-30"}
    book.do(AmendAccount, account_id=book.accounts["cash"], guard=Guard(amount(-29), "flag"))
    book.do(AmendAccount, account_id=book.accounts["cash"], guard=Guard(amount(-30)))


def test_a_transaction_with_two_legs_on_a_guarded_account_is_judged_by_their_sum(book: Scenario) -> None:
    purse, cash = book.accounts["purse"], book.accounts["cash"]
    book.do(
        PostTransaction,
        transaction_id=book.fresh(),
        date=day("2026-03-03"),
        postings=[
            Posting(purse, amount(-150), "USD"),
            Posting(purse, amount(60), "USD"),
            Posting(cash, amount(90), "USD"),
        ],
    )
    assert book.posted("purse") == 10


def test_an_assertion_must_be_true(book: Scenario) -> None:
    refusal = book.refuses(AssertionFailed, AssertBalance, **asserting(book, 120))
    assert refusal.facts["difference"] == "20"
    assert refusal.facts["actual"] == "100"
    book.do(AssertBalance, **asserting(book, 0, "2026-03-01"))
    book.do(AssertBalance, **asserting(book, 100, "2026-03-02"))


def test_an_assertion_is_about_what_was_posted_not_held(book: Scenario) -> None:
    book.hold(purse=-0, food=0)
    book.hold("2026-03-05", purse=-10, food=10)
    book.do(AssertBalance, **asserting(book, 100))


def test_what_would_falsify_an_assertion_is_refused_and_names_it(book: Scenario) -> None:
    assertion = asserting(book, 100, "2026-03-15")
    book.do(AssertBalance, **assertion)
    refusal = book.refuses_posting(AssertionBroken, "2026-03-15", purse=-1, food=1)
    assert refusal.facts["assertion_id"] == str(assertion["assertion_id"])
    assert refusal.facts["would_be"] == "99"
    book.post("2026-03-16", purse=-1, food=1)


def test_moving_a_posting_across_an_asserted_day_is_refused(book: Scenario) -> None:
    spent = book.post("2026-03-20", purse=-10, food=10)
    book.do(AssertBalance, **asserting(book, 100, "2026-03-15"))
    moved: dict[str, Any] = {"transaction_id": spent, "postings": book.legs(purse=-10, food=10)}
    book.refuses(AssertionBroken, AmendTransaction, date=day("2026-03-15"), **moved)
    book.do(AmendTransaction, date=day("2026-03-16"), **moved)


def test_a_withdrawn_assertion_binds_nobody(book: Scenario) -> None:
    assertion = asserting(book, 100, "2026-03-15")
    book.do(AssertBalance, **assertion)
    gone: dict[str, Any] = {"account_id": assertion["account_id"], "assertion_id": assertion["assertion_id"]}
    book.do(WithdrawAssertion, **gone)
    book.refuses(UnknownAssertion, WithdrawAssertion, **gone)
    book.post("2026-03-15", purse=-1, food=1)


def test_a_broken_assertion_is_flagged_where_the_policy_says_so(book: Scenario) -> None:
    book.do(AmendAccount, account_id=book.accounts["purse"], guard=Guard(None, "flag"))
    book.do(AssertBalance, **asserting(book, 100, "2026-03-15"))
    book.post("2026-03-15", purse=-1, food=1)
    assert book.last().facts[0].fact.flagged == (book.accounts["purse"],)


def test_what_cannot_be_asserted(book: Scenario) -> None:
    food = {"account_id": book.accounts["food"]}
    book.refuses(NotGuardable, AssertBalance, **asserting(book, 0, **food))
    book.refuses(WrongCurrency, AssertBalance, **asserting(book, 0, currency="EUR"))
    book.refuses(InvalidAmount, AssertBalance, **asserting(book, 0, amount=amount("0.001")))
    assertion = asserting(book, 100)
    book.do(AssertBalance, **assertion)
    book.refuses(InvalidValue, AssertBalance, **assertion)


def test_an_assertion_that_is_false_already_binds_nobody(book: Scenario) -> None:
    purse = {"account_id": book.accounts["purse"]}
    book.do(AmendAccount, guard=Guard(None, "flag"), **purse)
    book.do(AssertBalance, **asserting(book, 100, "2026-03-15"))
    book.post("2026-03-15", purse=-1, food=1)
    book.post("2026-03-15", purse=-1, food=1)
    assert book.last().facts[0].fact.flagged == ()
    # But nothing may be said to be kept by force while it is broken.
    book.refuses(InvalidValue, AmendAccount, guard=Guard(None, "reject"), **purse)

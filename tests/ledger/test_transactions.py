"""Transactions: posting, holding, settling, amending, voiding, lapsing."""

import datetime as dt
from typing import Any

import pytest

from ledger.accounts.account import conversion_account
from ledger.accounts.commands import ArchiveAccount
from ledger.accounts.refusals import AccountArchivedAlready, UnknownAccount, WrongCurrency
from ledger.ids import derived_id
from ledger.money import InvalidAmount
from ledger.postings import Posting, PostingsCount, Unbalanced
from ledger.refusals import InvalidValue, Stale
from ledger.transactions.changes import (
    AmendTransaction,
    ExpireTransaction,
    MarkCleared,
    SettleTransaction,
    VoidTransaction,
)
from ledger.transactions.commands import PostTransaction
from ledger.transactions.refusals import (
    AlreadyVoided,
    HoldExpired,
    HoldNotDue,
    MoreThanHeld,
    NotOnAccount,
    NotPending,
    UnknownTransaction,
)
from tests.support.scenario import Scenario, amount, day


@pytest.fixture
def book() -> Scenario:
    return Scenario().household()


def test_a_transfer_never_creates_money(book: Scenario) -> None:
    book.post(cash=-30, card=30)
    assert (book.posted("cash"), book.posted("card")) == (-30, 30)


@pytest.mark.parametrize(
    ("legs", "kind"),
    [
        ({"cash": -1, "food": 1}, "expense"),
        ({"cash": 1, "salary": -1}, "income"),
        ({"cash": -1, "card": 1}, "transfer"),
        ({"food": 1, "salary": -1}, "journal"),
    ],
)
def test_the_everyday_word_is_told_by_the_accounts(book: Scenario, legs: dict[str, int], kind: str) -> None:
    assert book.transaction(book.post(**legs)).terms.type == kind


def test_currencies_are_exchanged_through_the_conversion_account(book: Scenario) -> None:
    book.account("euros", currency="EUR")
    book.accounts["conversion"] = conversion_account(book.book_id)
    transaction_id = book.fresh()
    book.do(
        PostTransaction,
        transaction_id=transaction_id,
        date=day("2026-03-01"),
        postings=[
            Posting(book.accounts["cash"], amount(-110), "USD"),
            Posting(book.accounts["conversion"], amount(110), "USD"),
            Posting(book.accounts["conversion"], amount(-100), "EUR"),
            Posting(book.accounts["euros"], amount(100), "EUR"),
        ],
    )
    assert book.transaction(transaction_id).terms.type == "transfer"
    assert book.balance("euros", "EUR").posted == 100
    assert book.balance("conversion", "USD").posted == 110


def test_crooked_postings_are_refused(book: Scenario) -> None:
    book.refuses_posting(Unbalanced, cash=-1, food=2)
    book.refuses_posting(PostingsCount, cash=0)
    book.refuses_posting(InvalidAmount, cash="-0.001", food="0.001")
    book.refuses_posting(InvalidValue, "1899-12-31", cash=-1, food=1)
    book.refuses_posting(InvalidValue, "2201-01-01", cash=-1, food=1)
    book.refuses_posting(InvalidValue, "0001-01-01", cash=-1, food=1)
    book.refuses_posting(InvalidValue, "9999-12-31", cash=-1, food=1)


def test_a_posting_stands_on_an_open_account_of_the_book_in_its_currency(book: Scenario) -> None:
    book.accounts["nowhere"] = derived_id("nowhere")
    assert book.refuses_posting(UnknownAccount, cash=-1, nowhere=1).field == "postings.1.account_id"
    other = Scenario(book.ledger.handle, name="other").household()
    book.accounts["foreign"] = other.accounts["food"]
    assert book.refuses_posting(UnknownAccount, cash=-1, foreign=1).status == 404
    book.currency = "EUR"
    assert book.refuses_posting(WrongCurrency, cash=-1, food=1).field == "postings.0.currency"
    book.currency = "USD"
    book.do(ArchiveAccount, account_id=book.accounts["food"])
    refusal = book.refuses_posting(AccountArchivedAlready, cash=-1, food=1)
    assert (refusal.status, refusal.field) == (409, "postings.1.account_id")


def test_a_hold_lowers_what_is_available_and_nothing_else(book: Scenario) -> None:
    book.post(cash=100, salary=-100)
    book.hold(cash=-40, food=40)
    assert book.balance("cash") == (100, -40, -40)
    assert book.balance("cash").available == 60
    assert book.posted("food") == 0


def test_money_on_its_way_in_is_not_available_yet(book: Scenario) -> None:
    book.hold(cash=100, salary=-100)
    assert book.balance("cash") == (0, 100, 0)
    assert book.balance("cash").available == 0


def test_a_hold_is_posted_whole(book: Scenario) -> None:
    hold = book.hold("2026-03-01", cash=-40, food=40)
    book.do(SettleTransaction, transaction_id=hold, date=day("2026-03-04"))
    assert book.balance("cash") == (-40, 0, 0)
    assert book.transaction(hold).terms.date == day("2026-03-04")


def test_a_hold_is_posted_in_part_and_the_rest_released(book: Scenario) -> None:
    book.account("tip", "expense")
    hold = book.hold(cash=-10, food=7, tip=3)
    book.do(SettleTransaction, transaction_id=hold, amount=amount("0.01"))
    assert book.balance("cash") == (amount("-0.01"), 0, 0)
    assert book.posted("food") + book.posted("tip") == amount("0.01")


def test_a_hold_is_posted_by_its_legs_within_what_was_held(book: Scenario) -> None:
    hold = book.hold(cash=-40, food=40)
    for legs in ({"cash": -41, "food": 41}, {"cash": 1, "food": -1}, {"card": -1, "food": 1}):
        book.refuses(MoreThanHeld, SettleTransaction, transaction_id=hold, postings=book.legs(**legs))
    book.do(SettleTransaction, transaction_id=hold, postings=book.legs(cash=-39, food=39))
    assert book.posted("food") == 39


@pytest.mark.parametrize("value", ["0", "-1", "0.001"])
def test_a_part_is_a_positive_amount_of_the_currency(book: Scenario, value: str) -> None:
    hold = book.hold(cash=-40, food=40)
    book.refuses(InvalidAmount, SettleTransaction, transaction_id=hold, amount=amount(value))


def test_no_more_than_was_held_is_posted_and_that_once(book: Scenario) -> None:
    hold = book.hold(cash=-40, food=40)
    book.refuses(MoreThanHeld, SettleTransaction, transaction_id=hold, amount=amount("40.01"))
    book.do(SettleTransaction, transaction_id=hold)
    refusal = book.refuses(NotPending, SettleTransaction, transaction_id=hold)
    assert refusal.status == 409


def test_a_lapsed_hold_is_not_posted_even_before_it_is_released(book: Scenario) -> None:
    hold = book.hold(cash=-40, food=40, expires="2026-03-01T18:00:00+00:00")
    book.refuses(HoldNotDue, ExpireTransaction, transaction_id=hold)
    book.now = dt.datetime(2026, 3, 1, 18, tzinfo=dt.UTC)
    book.refuses(HoldExpired, SettleTransaction, transaction_id=hold)
    prolonged: dict[str, Any] = {"date": day("2026-03-01"), "postings": book.legs(cash=-40, food=40)}
    for expires_at in (None, book.now + dt.timedelta(days=1), book.now):
        book.refuses(HoldExpired, AmendTransaction, transaction_id=hold, expires_at=expires_at, **prolonged)
    book.do(ExpireTransaction, transaction_id=hold)
    assert book.balance("cash") == (0, 0, 0)
    assert book.transaction(hold).expired
    refusal = book.refuses(AlreadyVoided, SettleTransaction, transaction_id=hold)
    assert "lapsed" in refusal.detail
    book.refuses(NotPending, ExpireTransaction, transaction_id=hold)


def test_an_expiry_lies_in_the_future_and_belongs_to_a_hold(book: Scenario) -> None:
    past, future = book.now, book.now + dt.timedelta(seconds=1)
    book.refuses_posting(InvalidValue, cash=-1, food=1, fields={"state": "pending", "expires_at": past})
    book.refuses_posting(InvalidValue, cash=-1, food=1, fields={"expires_at": future})


def test_an_amendment_replaces_what_is_said(book: Scenario) -> None:
    lunch = book.post("2026-03-01", cash=-12, food=12, fields={"text": {"payee": "Bistro"}})
    outcome = book.amend(lunch, "2026-02-27", card=-15, food=15)
    assert (book.posted("cash"), book.posted("card"), book.posted("food")) == (0, -15, 15)
    assert book.transaction(lunch).terms.date == day("2026-02-27")
    assert book.transaction(lunch).text == {}
    (amended,) = outcome.facts
    assert amended.fact.before.date == day("2026-03-01")


def test_an_amendment_that_changes_nothing_leaves_no_fact(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12)
    assert book.amend(lunch, cash=-12, food=12).facts == []


def test_a_hold_stays_a_hold_when_it_is_amended(book: Scenario) -> None:
    hold = book.hold(cash=-40, food=40)
    book.amend(hold, cash=-50, food=50)
    assert book.balance("cash") == (0, -50, -50)


def test_a_void_takes_everything_back_once(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12)
    book.do(VoidTransaction, transaction_id=lunch, reason="twice")
    assert (book.posted("cash"), book.posted("food")) == (0, 0)
    book.refuses(AlreadyVoided, VoidTransaction, transaction_id=lunch)
    fields: dict[str, Any] = {"date": day("2026-03-01"), "postings": book.legs(cash=-1, food=1)}
    book.refuses(AlreadyVoided, AmendTransaction, transaction_id=lunch, **fields)
    book.refuses(AlreadyVoided, SettleTransaction, transaction_id=lunch)


def test_a_transaction_on_an_archived_account_is_voided_but_not_amended(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12)
    book.do(ArchiveAccount, account_id=book.accounts["food"])
    fields: dict[str, Any] = {"date": day("2026-03-01"), "postings": book.legs(cash=-13, food=13)}
    book.refuses(AccountArchivedAlready, AmendTransaction, transaction_id=lunch, **fields)
    book.do(VoidTransaction, transaction_id=lunch)


def test_a_leg_is_marked_as_seen_and_unmarked(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12)
    mark: dict[str, Any] = {"transaction_id": lunch, "account_id": book.accounts["cash"]}
    book.do(MarkCleared, **mark)
    assert book.transaction(lunch).cleared == {book.accounts["cash"]}
    assert book.do(MarkCleared, **mark).facts == []
    book.do(MarkCleared, **mark, cleared=False)
    assert not book.transaction(lunch).cleared
    book.refuses(NotOnAccount, MarkCleared, transaction_id=lunch, account_id=book.accounts["card"])


def test_a_hold_is_not_marked_as_seen(book: Scenario) -> None:
    hold = book.hold(cash=-40, food=40)
    book.refuses(NotPending, MarkCleared, transaction_id=hold, account_id=book.accounts["cash"])


def test_a_stale_version_is_refused(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12)
    book.amend(lunch, cash=-13, food=13)
    refusal = book.refuses(Stale, VoidTransaction, transaction_id=lunch, expected_version=1)
    assert refusal.facts == {"expected": 1, "current": 2}
    book.do(VoidTransaction, transaction_id=lunch, expected_version=2)


def test_what_belongs_to_another_book_is_unknown(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12)
    other = Scenario(book.ledger.handle, name="other")
    for transaction_id in (lunch, other.fresh(), book.accounts["cash"]):
        other.refuses(UnknownTransaction, VoidTransaction, transaction_id=transaction_id)
        other.refuses(UnknownTransaction, SettleTransaction, transaction_id=transaction_id)
        other.refuses(UnknownTransaction, ExpireTransaction, transaction_id=transaction_id)


def test_an_account_is_no_transaction(book: Scenario) -> None:
    book.refuses(UnknownTransaction, VoidTransaction, transaction_id=book.accounts["cash"])


def test_a_posting_on_a_transaction_is_refused(book: Scenario) -> None:
    book.accounts["odd"] = book.post(cash=-12, food=12)
    book.refuses_posting(UnknownAccount, cash=-1, odd=1)

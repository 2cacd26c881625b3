"""Reconciling a bank's statement: what is on it adds up, is locked, and is unlocked from the latest on."""

from typing import Any

import pytest

from ledger.accounts.account import conversion_account
from ledger.accounts.refusals import NotGuardable, UnknownAccount, WrongCurrency
from ledger.money import InvalidAmount
from ledger.postings import Posting
from ledger.reconciliations.commands import CompleteReconciliation, UnlockReconciliation
from ledger.reconciliations.refusals import (
    AfterStatement,
    AlreadyReconciled,
    AlreadyUnlocked,
    BeforeLastStatement,
    NotLastStatement,
    NotOnStatement,
    StatementDiffers,
    UnknownReconciliation,
)
from ledger.refusals import InvalidValue
from ledger.transactions.changes import AmendTransaction, MarkCleared, VoidTransaction
from ledger.transactions.commands import PostTransaction
from ledger.transactions.refusals import NotOnAccount, ReconciledLocked, UnknownTransaction
from tests.support.scenario import Scenario, amount, day


@pytest.fixture
def book() -> Scenario:
    return Scenario().household()


def refuses(book: Scenario, refusal: Any, *told: Any, **fields: Any) -> Any:
    return book.refuses(refusal, CompleteReconciliation, **(book.statement(book.fresh(), *told) | fields))


def test_what_is_on_a_statement_is_cleared_and_locked(book: Scenario) -> None:
    lunch, pay = book.post(cash=-12, food=12), book.post(cash=100, salary=-100)
    statement = book.fresh()
    outcome = book.do(
        CompleteReconciliation, **book.statement(statement, "cash", "2026-03-31", 88, lunch, pay)
    )
    assert book.topics(outcome) == [
        "reconciliation.completed",
        "transaction.reconciled",
        "transaction.reconciled",
        "account.statement_locked",
    ]
    cash = book.accounts["cash"]
    assert book.transaction(lunch).reconciled == {statement: cash}
    assert book.transaction(lunch).cleared == {cash}


def test_a_statement_that_does_not_add_up_says_by_how_much(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12)
    refusal = refuses(book, StatementDiffers, "cash", "2026-03-31", "-12.50", lunch)
    assert refusal.status == 409
    assert refusal.field == "closing_balance"
    assert refusal.facts == {
        "opening": "0",
        "total": "-12",
        "closing": "-12.50",
        "difference": "-0.50",
        "currency": "USD",
    }


def test_a_statement_begins_where_the_last_one_ended(book: Scenario) -> None:
    book.reconcile("cash", "2026-02-28", -12, book.post("2026-02-10", cash=-12, food=12))
    pay = book.post("2026-03-10", cash=100, salary=-100)
    assert refuses(book, StatementDiffers, "cash", "2026-03-31", 100, pay).facts["opening"] == "-12"
    book.reconcile("cash", "2026-03-31", 88, pay)


def test_a_statement_without_transactions_repeats_the_last_balance(book: Scenario) -> None:
    book.reconcile("cash", "2026-02-28", -12, book.post("2026-02-10", cash=-12, food=12))
    book.reconcile("cash", "2026-03-31", -12)
    refuses(book, StatementDiffers, "cash", "2026-04-30", 0)


def test_statements_come_in_order(book: Scenario) -> None:
    book.reconcile("cash", "2026-03-31", 0)
    refuses(book, BeforeLastStatement, "cash", "2026-03-30", 0)
    book.reconcile("cash", "2026-03-31", 0)


def test_each_account_and_currency_has_statements_of_its_own(book: Scenario) -> None:
    lunch = book.post(cash=-12, card=12)
    book.reconcile("cash", "2026-03-31", -12, lunch)
    book.reconcile("card", "2026-03-20", 12, lunch)
    assert len(book.transaction(lunch).reconciled) == 2


def test_an_exchange_within_one_account_is_on_two_statements(book: Scenario) -> None:
    book.account("wise", currencies=("EUR",))
    wise, between = book.accounts["wise"], conversion_account(book.book_id)
    exchange = book.fresh()
    book.do(
        PostTransaction,
        transaction_id=exchange,
        date=day("2026-03-01"),
        postings=[
            Posting(wise, amount(-110), "USD"),
            Posting(between, amount(110), "USD"),
            Posting(between, amount(-100), "EUR"),
            Posting(wise, amount(100), "EUR"),
        ],
    )
    dollars = book.reconcile("wise", "2026-03-31", -110, exchange)
    book.currency = "EUR"
    euros = book.reconcile("wise", "2026-03-31", 100, exchange)
    assert book.transaction(exchange).reconciled == {dollars: wise, euros: wise}
    book.do(UnlockReconciliation, reconciliation_id=dollars)
    assert book.transaction(exchange).reconciled == {euros: wise}
    book.refuses(ReconciledLocked, VoidTransaction, transaction_id=exchange)


def test_both_legs_on_one_account_count(book: Scenario) -> None:
    cash = book.accounts["cash"]
    fee = book.fresh()
    book.do(
        PostTransaction,
        transaction_id=fee,
        date=day("2026-03-01"),
        postings=[
            Posting(cash, amount(-10), "USD"),
            Posting(cash, amount(-1), "USD"),
            Posting(book.accounts["food"], amount(11), "USD"),
        ],
    )
    book.reconcile("cash", "2026-03-31", -11, fee)


def test_what_cannot_be_on_a_statement(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12)
    held = book.hold(cash=-5, food=5)
    voided = book.post(cash=-1, food=1)
    book.do(VoidTransaction, transaction_id=voided)
    elsewhere = book.post(card=-3, food=3)
    later = book.post("2026-04-01", cash=-4, food=4)
    whole = ("cash", "2026-03-31", -12)
    assert refuses(book, NotOnStatement, *whole, lunch, held).field == "transaction_ids.1"
    assert refuses(book, NotOnStatement, *whole, lunch, voided).facts["state"] == "voided"
    refuses(book, NotOnAccount, *whole, lunch, elsewhere)
    refuses(book, AfterStatement, *whole, lunch, later)
    refuses(book, UnknownTransaction, *whole, lunch, book.fresh())
    refuses(book, InvalidValue, *whole, lunch, lunch)
    book.reconcile(*whole, lunch)
    refuses(book, AlreadyReconciled, "cash", "2026-03-31", -24, lunch)


def test_another_books_things_are_unknown(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12)
    statement = book.reconcile("cash", "2026-03-31", -12, lunch)
    other = Scenario(book.ledger.handle, name="other").household()
    refuses(other, UnknownTransaction, "cash", "2026-03-31", -12, lunch)
    refuses(other, UnknownAccount, "cash", "2026-03-31", -12, account_id=book.accounts["cash"])
    other.refuses(UnknownReconciliation, UnlockReconciliation, reconciliation_id=statement)
    book.refuses(UnknownReconciliation, UnlockReconciliation, reconciliation_id=lunch)


def test_statements_are_of_assets_and_liabilities_in_a_currency_they_hold(book: Scenario) -> None:
    refuses(book, NotGuardable, "food", "2026-03-31", 0)
    refuses(book, WrongCurrency, "cash", "2026-03-31", 0, currency="EUR")
    refuses(book, InvalidAmount, "cash", "2026-03-31", "0.001")
    refuses(book, InvalidValue, "cash", "0001-01-01", 0)
    many = [book.fresh() for _ in range(5_001)]
    refuses(book, InvalidValue, "cash", "2026-03-31", 0, *many)


def test_an_id_is_used_once(book: Scenario) -> None:
    statement = book.reconcile("cash", "2026-03-31", 0)
    refuses(book, InvalidValue, "cash", "2026-03-31", 0, reconciliation_id=statement)


@pytest.mark.parametrize("account", ["cash", "card"])
def test_a_reconciled_transaction_is_locked_from_either_leg(book: Scenario, account: str) -> None:
    transfer = book.post("2026-03-01", cash=-12, card=12)
    closing = -12 if account == "cash" else 12
    book.reconcile(account, "2026-03-31", closing, transfer)
    change: dict[str, Any] = {"transaction_id": transfer}
    refusal = book.refuses(ReconciledLocked, VoidTransaction, **change)
    assert refusal.facts["account_id"] == str(book.accounts[account])
    same = book.legs(cash=-12, card=12)
    for date, legs in (
        ("2026-03-01", book.legs(cash=-13, card=13)),
        ("2026-03-02", same),
        ("2026-03-01", book.legs(cash=-12, food=12)),
    ):
        book.refuses(ReconciledLocked, AmendTransaction, date=day(date), postings=legs, **change)
    book.refuses(ReconciledLocked, MarkCleared, account_id=book.accounts[account], cleared=False, **change)
    book.do(AmendTransaction, date=day("2026-03-01"), postings=same, text={"payee": "Bank"}, **change)
    assert book.transaction(transfer).text == {"payee": "Bank"}


def test_unlocking_frees_the_transactions_and_leaves_them_cleared(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12)
    statement = book.reconcile("cash", "2026-03-31", -12, lunch)
    unlocked = book.do(UnlockReconciliation, reconciliation_id=statement, reason="typo")
    assert unlocked.facts[0].fact.text == {"reason": "typo"}
    assert not book.transaction(lunch).reconciled
    assert book.transaction(lunch).cleared == {book.accounts["cash"]}
    book.refuses(AlreadyUnlocked, UnlockReconciliation, reconciliation_id=statement)
    book.amend(lunch, cash=-13, food=13)
    book.reconcile("cash", "2026-03-31", -13, lunch)


def test_only_the_last_statement_is_unlocked(book: Scenario) -> None:
    first = book.reconcile("cash", "2026-02-28", -12, book.post("2026-02-10", cash=-12, food=12))
    second = book.reconcile("cash", "2026-03-31", -12)
    refusal = book.refuses(NotLastStatement, UnlockReconciliation, reconciliation_id=first)
    assert refusal.facts["reconciliation_id"] == str(second)
    book.do(UnlockReconciliation, reconciliation_id=second)
    book.do(UnlockReconciliation, reconciliation_id=first)
    book.reconcile("cash", "2026-01-31", 0)


def test_a_statement_of_five_thousand_transactions_is_reconciled_and_undone(book: Scenario) -> None:
    lunches = [book.post(cash=-1, food=1) for _ in range(5_000)]
    completed = book.do(
        CompleteReconciliation, **book.statement(book.fresh(), "cash", "2026-03-31", -5_000, *lunches)
    )
    assert len(completed.facts) == 5_002
    book.undo(completed)
    assert not book.transaction(lunches[4_999]).reconciled


def test_the_last_day_of_a_statement_is_on_it_and_chains_go_on(book: Scenario) -> None:
    closing = 0
    for month in range(1, 5):
        closing -= month
        spent = book.post(f"2026-0{month}-28", cash=-month, food=month)
        book.reconcile("cash", f"2026-0{month}-28", closing, spent)
    assert [s.closing_balance for s in book.named("cash").locked_in("USD")] == [-1, -3, -6, -10]

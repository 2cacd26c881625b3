"""Undoing around reconciled statements: locks come and go with all their transactions."""

import pytest

from ledger.reconciliations.commands import CompleteReconciliation, UnlockReconciliation
from ledger.reconciliations.refusals import StatementDiffers
from ledger.transactions.changes import (
    AmendTransaction,
    MarkCleared,
)
from ledger.transactions.refusals import ReconciledLocked
from ledger.undo.refusals import (
    ChangedSince,
)
from tests.support.scenario import Scenario, day


@pytest.fixture
def book() -> Scenario:
    return Scenario().household()


def test_a_reconciled_posting_is_not_undone(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12)
    posted = book.last()
    book.reconcile("cash", "2026-03-31", -12, lunch)
    book.refuses_undo(ReconciledLocked, posted)


def test_words_of_a_reconciled_transaction_are_undone(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12, fields={"text": {"payee": "Bistro"}})
    book.reconcile("cash", "2026-03-31", -12, lunch)
    amended = book.do(
        AmendTransaction,
        transaction_id=lunch,
        date=day("2026-03-01"),
        postings=book.legs(cash=-12, food=12),
        text={"payee": "Brasserie"},
    )
    book.undo(amended)
    assert book.transaction(lunch).text == {"payee": "Bistro"}


def test_a_reconciliation_is_undone_and_redone_with_all_its_transactions(book: Scenario) -> None:
    lunch, dinner = book.post(cash=-12, food=12), book.post(cash=-30, food=30)
    book.do(MarkCleared, transaction_id=lunch, account_id=book.accounts["cash"])
    before = [book.transaction(t) for t in (lunch, dinner)]
    statement = book.fresh()
    completed = book.do(
        CompleteReconciliation, **book.statement(statement, "cash", "2026-03-31", -42, lunch, dinner)
    )
    undone = book.undo(completed)
    for transaction in before:
        now = book.transaction(transaction.transaction_id)
        assert (now.cleared, now.reconciled) == (transaction.cleared, {})
    assert not book.named("cash").statements

    book.undo(undone)
    assert book.transaction(dinner).reconciled == {statement: book.accounts["cash"]}
    assert book.transaction(dinner).cleared
    assert book.named("cash").statements[-1].closing_balance == -42


def test_an_unlocking_is_not_undone_when_the_statement_no_longer_adds_up(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12)
    statement = book.reconcile("cash", "2026-03-31", -12, lunch)
    unlocked = book.do(UnlockReconciliation, reconciliation_id=statement)
    book.amend(lunch, cash=-15, food=15)
    refusal = book.refuses_undo(StatementDiffers, unlocked)
    assert refusal.facts["difference"] == "3"


def test_an_unlocking_is_not_undone_after_another_statement(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12)
    statement = book.reconcile("cash", "2026-03-31", -12, lunch)
    unlocked = book.do(UnlockReconciliation, reconciliation_id=statement)
    book.reconcile("cash", "2026-04-30", -12, lunch)
    book.refuses_undo(ChangedSince, unlocked)


def test_only_the_last_statement_is_undone(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12)
    book.reconcile("cash", "2026-03-31", -12, lunch)
    first = book.last()
    book.reconcile("cash", "2026-04-30", -12)
    book.refuses_undo(ChangedSince, first)

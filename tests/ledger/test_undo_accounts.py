"""Undoing what was done to accounts: opening, naming, placing, guarding, asserting."""

import pytest

from ledger.accounts.asserting import AssertBalance, WithdrawAssertion
from ledger.accounts.commands import AmendAccount, ArchiveAccount, ReopenAccount
from ledger.accounts.events import Guard
from ledger.accounts.refusals import (
    AccountArchivedAlready,
    AssertionBroken,
    AssertionFailed,
    CurrencyInUse,
    NameTaken,
)
from ledger.postings import Posting
from ledger.refusals import InvalidValue
from ledger.transactions.changes import (
    VoidTransaction,
)
from ledger.transactions.commands import PostTransaction
from ledger.undo.refusals import (
    AccountInUse,
    ChangedSince,
    UndoBlocked,
)
from tests.support.scenario import Scenario, amount, day


@pytest.fixture
def book() -> Scenario:
    return Scenario().household()


def test_everything_that_an_amendment_of_an_account_changed_comes_back(book: Scenario) -> None:
    book.account("assets")
    before = book.named("cash")
    amended = book.do(
        AmendAccount,
        account_id=book.accounts["cash"],
        text={"name": "Wallet", "notes": "brown", "icon": "w"},
        type="purse",
        parent_id=book.accounts["assets"],
        guard=Guard(amount(0)),
        net_worth=False,
        currencies=("EUR",),
        archived=True,
    )
    after = book.named("cash")
    undone = book.undo(amended)
    assert book.named("cash") == before
    book.undo(undone)
    assert book.named("cash") == after


def test_a_name_that_somebody_else_took_is_not_taken_back(book: Scenario) -> None:
    renamed = book.do(AmendAccount, account_id=book.accounts["cash"], text={"name": "Wallet"})
    book.account("other", text={"name": "CASH"})
    book.refuses_undo(NameTaken, renamed)
    assert book.named("cash").name == "Wallet"


def test_archiving_and_reopening_are_undone(book: Scenario) -> None:
    archived = book.do(ArchiveAccount, account_id=book.accounts["cash"])
    book.undo(archived)
    assert not book.named("cash").archived
    book.do(ArchiveAccount, account_id=book.accounts["cash"])
    reopened = book.do(ReopenAccount, account_id=book.accounts["cash"])
    book.undo(reopened)
    assert book.named("cash").archived


def test_an_unused_account_is_withdrawn_and_its_name_is_free(book: Scenario) -> None:
    book.account("savings")
    opened = book.last()
    undone = book.undo(opened)
    assert book.topics(undone) == ["account.withdrawn", "command.undone"]
    book.account("savings")
    refusal = book.refuses_undo(NameTaken, undone)
    assert refusal.status == 409


def test_an_account_is_withdrawn_with_its_opening_balance_and_comes_back_with_it(book: Scenario) -> None:
    book.account("savings", opening=500)
    opened = book.last()
    for _ in range(2):
        undone = book.undo(opened)
        assert book.topics(undone) == ["transaction.voided", "account.withdrawn", "command.undone"]
        assert book.posted("savings") == 0
        redone = book.undo(undone)
        assert redone.facts[1].topic == "account.reinstated"
        assert book.posted("savings") == 500
        assert not book.named("savings").withdrawn


def test_an_account_that_was_posted_on_is_not_withdrawn(book: Scenario) -> None:
    book.account("savings", opening=500)
    opened = book.last()
    book.post(savings=-5, food=5)
    book.refuses_undo(AccountInUse, opened)
    posted = book.last()
    book.undo(posted)
    book.refuses_undo(AccountInUse, opened)
    assert book.posted("savings") == 500


def test_a_category_that_was_posted_on_is_not_withdrawn_even_at_zero(book: Scenario) -> None:
    book.account("travel", "expense")
    opened = book.last()
    book.post(cash=-5, travel=5)
    book.post(cash=5, travel=-5)
    book.refuses_undo(AccountInUse, opened)


def test_a_held_account_is_not_withdrawn(book: Scenario) -> None:
    book.account("travel", "expense")
    opened = book.last()
    book.hold(cash=-5, travel=5)
    book.refuses_undo(AccountInUse, opened)


def test_a_parent_is_not_withdrawn_while_it_has_children(book: Scenario) -> None:
    book.account("home", "expense")
    opened = book.last()
    book.account("rent", "expense", parent_id=book.accounts["home"])
    child = book.last()
    book.refuses_undo(AccountInUse, opened)
    book.undo(child)
    book.undo(opened)
    assert book.named("home").withdrawn


def test_a_child_does_not_come_back_under_a_parent_that_is_gone(book: Scenario) -> None:
    book.account("home", "expense")
    opened = book.last()
    book.account("rent", "expense", parent_id=book.accounts["home"])
    undone = book.undo(book.last())
    book.undo(opened)
    refusal = book.refuses_undo(UndoBlocked, undone)
    assert refusal.facts["because"] == "unknown_account"


def test_an_account_that_was_changed_since_is_not_withdrawn(book: Scenario) -> None:
    book.account("savings")
    opened = book.last()
    book.do(AmendAccount, account_id=book.accounts["savings"], text={"name": "Nest egg"})
    book.refuses_undo(ChangedSince, opened)


def test_a_move_is_not_undone_into_a_circle(book: Scenario) -> None:
    for name in ("a", "b"):
        book.account(name, "expense")
    book.do(AmendAccount, account_id=book.accounts["a"], parent_id=book.accounts["b"])
    moved_up = book.do(AmendAccount, account_id=book.accounts["a"], parent_id=None)
    book.do(AmendAccount, account_id=book.accounts["b"], parent_id=book.accounts["a"])
    refusal = book.refuses_undo(UndoBlocked, moved_up)
    assert refusal.facts["because"] == "wrong_parent"


def test_an_asserted_balance_is_not_undone(book: Scenario) -> None:
    book.post(cash=-12, food=12)
    posted = book.last()
    assertion = {"account_id": book.accounts["cash"], "currency": "USD", "date": day("2026-03-31")}
    asserted = book.do(AssertBalance, assertion_id=book.fresh(), amount=amount(-12), **assertion)
    book.refuses_undo(AssertionBroken, posted)
    book.undo(asserted)
    book.undo(posted)


def test_an_assertion_comes_back_only_while_it_is_true(book: Scenario) -> None:
    assertion_id = book.fresh()
    cash = book.accounts["cash"]
    book.do(
        AssertBalance,
        account_id=cash,
        assertion_id=assertion_id,
        amount=amount(0),
        currency="USD",
        date=day("2026-03-31"),
        text={"notes": "counted"},
    )
    asserted = book.named("cash").assertions
    withdrawn = book.do(WithdrawAssertion, account_id=cash, assertion_id=assertion_id)
    undone = book.undo(withdrawn)
    assert undone.facts[0].fact.text == {"notes": "counted"}
    assert book.named("cash").assertions == asserted
    withdrawn_again = book.undo(undone)
    book.post(cash=-12, food=12)
    refusal = book.refuses_undo(AssertionFailed, withdrawn_again)
    assert refusal.facts["actual"] == "-12"


def test_an_assertion_that_was_flagged_as_broken_comes_back_as_it_was(book: Scenario) -> None:
    cash = book.accounts["cash"]
    book.do(AmendAccount, account_id=cash, guard=Guard(None, "flag"))
    asserted = book.do(
        AssertBalance,
        account_id=cash,
        assertion_id=book.fresh(),
        amount=amount(0),
        currency="USD",
        date=day("2026-03-31"),
    )
    book.post(cash=-12, food=12)
    assertions = book.named("cash").assertions
    book.undo(book.undo(asserted))
    assert book.named("cash").assertions == assertions
    strict = {"account_id": cash, "guard": Guard(None, "reject")}
    refusal = book.refuses(InvalidValue, AmendAccount, **strict)
    assert (refusal.field, refusal.facts["actual"]) == ("floor_policy", "-12")
    book.do(WithdrawAssertion, account_id=cash, assertion_id=assertions[0].assertion_id)
    book.do(AmendAccount, **strict)


def test_a_policy_to_reject_does_not_come_back_to_a_broken_assertion(book: Scenario) -> None:
    cash = book.accounts["cash"]
    asserted = {"assertion_id": book.fresh(), "amount": amount(0), "date": day("2026-03-31")}
    book.do(AssertBalance, account_id=cash, currency="USD", **asserted)
    loosened = book.do(AmendAccount, account_id=cash, guard=Guard(None, "allow"))
    book.post(cash=-12, food=12)
    assert book.refuses_undo(UndoBlocked, loosened).facts["actual"] == "-12"


def test_a_floor_that_was_broken_since_does_not_come_back(book: Scenario) -> None:
    book.do(AmendAccount, account_id=book.accounts["cash"], guard=Guard(amount(0)))
    loosened = book.do(AmendAccount, account_id=book.accounts["cash"], guard=Guard(None))
    book.post(cash=-12, food=12)
    refusal = book.refuses_undo(UndoBlocked, loosened)
    assert refusal.facts["date"] == "2026-03-01"


def test_a_currency_in_use_is_not_given_up(book: Scenario) -> None:
    widened = book.do(AmendAccount, account_id=book.accounts["cash"], currencies=("EUR",))
    book.account("coffee", "expense", currency="EUR")
    book.do(
        PostTransaction,
        transaction_id=book.fresh(),
        date=day("2026-03-01"),
        postings=[
            Posting(book.accounts["cash"], amount(-3), "EUR"),
            Posting(book.accounts["coffee"], amount(3), "EUR"),
        ],
    )
    book.refuses_undo(CurrencyInUse, widened)


def test_what_stood_on_an_archived_account_comes_back_to_it(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12)
    voided = book.do(VoidTransaction, transaction_id=lunch)
    book.do(ArchiveAccount, account_id=book.accounts["food"])
    book.undo(voided)
    assert book.posted("food") == 12
    book.refuses_posting(AccountArchivedAlready, cash=-1, food=1)


def test_a_posting_is_undone_even_from_an_archived_account(book: Scenario) -> None:
    book.post(cash=-12, food=12)
    posted = book.last()
    book.do(ArchiveAccount, account_id=book.accounts["food"])
    book.undo(posted)
    assert book.posted("food") == 0

"""Undoing a command: all of it, in reverse, or nothing; and undoing the undoing."""

import datetime as dt

import pytest

from ledger.accounts.asserting import AssertBalance, WithdrawAssertion
from ledger.accounts.commands import AmendAccount, ArchiveAccount, ReopenAccount
from ledger.accounts.events import Guard
from ledger.accounts.refusals import (
    AccountArchivedAlready,
    AssertionBroken,
    AssertionFailed,
    CurrencyInUse,
    FloorBreached,
    NameTaken,
)
from ledger.books.book import Book
from ledger.books.commands import AmendBook
from ledger.identity.commands import AmendUser, RegisterUser
from ledger.identity.user import User
from ledger.ids import derived_id
from ledger.postings import Posting
from ledger.reconciliations.commands import CompleteReconciliation, UnlockReconciliation
from ledger.reconciliations.refusals import StatementDiffers
from ledger.transactions.changes import (
    AmendTransaction,
    ExpireTransaction,
    MarkCleared,
    SettleTransaction,
    VoidTransaction,
)
from ledger.transactions.commands import PostTransaction
from ledger.transactions.refusals import HoldExpired, ReconciledLocked
from ledger.undo.commands import UndoCommand
from ledger.undo.refusals import (
    AccountInUse,
    AlreadyUndone,
    ChangedSince,
    NotUndoable,
    UndoBlocked,
    UnknownCommand,
)
from ledger.undo.undoing import Undoing
from tests.support.scenario import Scenario, amount, day


@pytest.fixture
def book() -> Scenario:
    return Scenario().household()


def test_undoing_a_posting_voids_it_and_undoing_that_puts_it_back(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12, fields={"text": {"payee": "Bistro"}})
    posted = book.last()

    undone = book.undo(posted)
    assert book.topics(undone) == ["transaction.voided", "command.undone"]
    assert book.posted("food") == 0
    assert book.transaction(lunch).state == "voided"

    redone = book.undo(undone)
    assert book.topics(redone) == ["command.redone", "transaction.restored", "command.undone"]
    assert book.posted("food") == 12
    assert book.transaction(lunch).text == {"payee": "Bistro"}


def test_a_command_can_be_undone_and_redone_again_and_again(book: Scenario) -> None:
    book.post(cash=-12, food=12)
    posted = latest = book.last()
    for turn in range(6):
        latest = book.undo(latest)
        assert book.posted("food") == (0 if turn % 2 == 0 else 12)
    again = book.undo(posted)
    assert book.posted("food") == 0
    book.undo(again)
    assert book.posted("food") == 12


def test_a_command_is_undone_once(book: Scenario) -> None:
    book.post(cash=-12, food=12)
    posted = book.last()
    by = book.undo(posted).command_id
    refusal = book.refuses_undo(AlreadyUndone, posted)
    assert refusal.facts["undone_by"] == str(by)
    assert refusal.status == 409


def test_an_undone_command_says_by_which_command(book: Scenario) -> None:
    book.post(cash=-12, food=12)
    posted = book.last()
    undone = book.undo(posted)
    undoing = book.ledger.state.entity(Undoing, posted.command_id)
    assert undoing is not None
    assert undoing.undone_by == undone.command_id
    book.undo(undone)
    undoing = book.ledger.state.entity(Undoing, posted.command_id)
    assert undoing is not None
    assert undoing.undone_by is None


def test_an_amendment_is_undone_to_the_terms_and_words_before(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12, fields={"text": {"payee": "Bistro", "notes": "with Ana"}})
    before = book.transaction(lunch)
    amended = book.amend(lunch, "2026-03-05", card=-15, food=15)
    book.undo(amended)
    after = book.transaction(lunch)
    assert (after.terms, after.text) == (before.terms, before.text)
    assert (book.posted("cash"), book.posted("card"), book.posted("food")) == (-12, 0, 12)


def test_an_amendment_that_lost_a_cleared_mark_gets_it_back(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12)
    book.do(MarkCleared, transaction_id=lunch, account_id=book.accounts["cash"])
    amended = book.amend(lunch, cash=-15, food=15)
    assert not book.transaction(lunch).cleared
    book.undo(amended)
    assert book.transaction(lunch).cleared == {book.accounts["cash"]}


def test_a_void_is_undone_with_its_words(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12, fields={"text": {"payee": "Bistro"}})
    voided = book.do(VoidTransaction, transaction_id=lunch, reason="typo")
    undone = book.undo(voided)
    assert book.topics(undone) == ["transaction.restored", "command.undone"]
    assert book.transaction(lunch).text == {"payee": "Bistro"}
    assert book.posted("cash") == -12
    book.undo(undone)
    assert book.transaction(lunch).state == "voided"


def test_a_hold_is_released_and_held_again(book: Scenario) -> None:
    book.hold(cash=-40, food=40)
    held = book.last()
    undone = book.undo(held)
    assert book.balance("cash").available == 0
    book.undo(undone)
    assert book.balance("cash") == (0, -40, -40)


def test_a_settled_hold_is_pending_again(book: Scenario) -> None:
    hold = book.hold(cash=-40, food=40)
    settled = book.do(SettleTransaction, transaction_id=hold, amount=amount(25))
    undone = book.undo(settled)
    assert book.transaction(hold).state == "pending"
    assert book.balance("cash") == (0, -40, -40)
    book.undo(undone)
    assert book.balance("cash") == (-25, 0, 0)


def test_a_hold_is_not_brought_back_after_it_would_have_lapsed(book: Scenario) -> None:
    hold = book.hold(cash=-40, food=40, expires="2026-03-02T00:00:00+00:00")
    voided = book.do(VoidTransaction, transaction_id=hold)
    book.now += dt.timedelta(days=2)
    book.refuses_undo(HoldExpired, voided)


def test_a_lapsed_hold_stays_lapsed(book: Scenario) -> None:
    hold = book.hold(cash=-40, food=40, expires="2026-03-02T00:00:00+00:00")
    book.now += dt.timedelta(days=2)
    expired = book.do(ExpireTransaction, transaction_id=hold)
    book.refuses_undo(HoldExpired, expired)
    assert book.transaction(hold).expired


def test_a_mark_is_undone(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12)
    marked = book.do(MarkCleared, transaction_id=lunch, account_id=book.accounts["cash"])
    undone = book.undo(marked)
    assert not book.transaction(lunch).cleared
    book.undo(undone)
    assert book.transaction(lunch).cleared


def test_later_changes_are_named_and_block(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12)
    posted = book.last()
    amended = book.amend(lunch, cash=-15, food=15)
    refusal = book.refuses_undo(ChangedSince, posted)
    assert [later["command_id"] for later in refusal.facts["later"]] == [str(amended.command_id)]
    assert [later["topic"] for later in refusal.facts["later"]] == ["transaction.amended"]
    book.undo(amended)
    book.undo(posted)
    assert book.posted("food") == 0


def test_changes_of_other_parts_do_not_block(book: Scenario) -> None:
    renamed = book.do(AmendAccount, account_id=book.accounts["cash"], text={"name": "Wallet"})
    book.do(AmendAccount, account_id=book.accounts["cash"], guard=Guard(amount(-100)), net_worth=False)
    book.undo(renamed)
    assert book.named("cash").name == "cash"
    assert book.named("cash").guard == Guard(amount(-100))
    assert book.named("cash").net_worth is False


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


def test_income_that_was_spent_is_not_undone_below_the_floor(book: Scenario) -> None:
    book.account("purse", floor=0)
    book.post(purse=100, salary=-100)
    earned = book.last()
    book.post("2026-03-02", purse=-80, food=80)
    refusal = book.refuses_undo(FloorBreached, earned)
    assert refusal.facts["date"] == "2026-03-02"
    assert book.posted("purse") == 20


def test_a_floor_with_the_policy_to_flag_is_flagged(book: Scenario) -> None:
    book.account("purse", floor=0, policy="flag")
    book.post(purse=100, salary=-100)
    earned = book.last()
    book.post("2026-03-02", purse=-80, food=80)
    undone = book.undo(earned)
    assert undone.facts[0].fact.flagged == (book.accounts["purse"],)


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


def test_a_void_is_not_undone_onto_an_archived_account(book: Scenario) -> None:
    lunch = book.post(cash=-12, food=12)
    voided = book.do(VoidTransaction, transaction_id=lunch)
    book.do(ArchiveAccount, account_id=book.accounts["food"])
    book.refuses_undo(AccountArchivedAlready, voided)


def test_a_posting_is_undone_even_from_an_archived_account(book: Scenario) -> None:
    book.post(cash=-12, food=12)
    posted = book.last()
    book.do(ArchiveAccount, account_id=book.accounts["food"])
    book.undo(posted)
    assert book.posted("food") == 0


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


def test_a_book_is_called_and_kept_as_before(book: Scenario) -> None:
    before = book.ledger.state.entity(Book, book.book_id)
    amended = book.do(AmendBook, title="Ours", currency="EUR", time_zone="Asia/Tokyo")
    after = book.ledger.state.entity(Book, book.book_id)
    undone = book.undo(amended)
    assert book.ledger.state.entity(Book, book.book_id) == before
    book.undo(undone)
    assert book.ledger.state.entity(Book, book.book_id) == after


def test_opening_a_book_registering_and_changing_a_password_are_for_good() -> None:
    book = Scenario()
    book.refuses_undo(NotUndoable, book.last())
    person = {"currency": "USD", "time_zone": "UTC"}
    registered = book.do(
        RegisterUser,
        email="a@example.org",
        password="argon",
        display_name="A",
        book_id=derived_id("home"),
        **person,
    )
    book.book_id = derived_id("home")
    book.refuses_undo(NotUndoable, registered)
    changed = book.do(AmendUser, password="other", display_name="B")
    book.refuses_undo(NotUndoable, changed)
    user = book.ledger.state.entity(User, book.actor_id)
    assert user is not None
    assert user.text["name"] == "B"


def test_a_persons_name_and_preferences_are_undone() -> None:
    book = Scenario()
    book.do(
        RegisterUser,
        email="a@example.org",
        password="argon",
        display_name="A",
        currency="USD",
        time_zone="UTC",
    )
    before = book.ledger.state.entity(User, book.actor_id)
    amended = book.do(AmendUser, display_name="B", currency="EUR", locale="de")
    book.undo(amended)
    assert book.ledger.state.entity(User, book.actor_id) == before


def test_what_nobody_did_cannot_be_undone(book: Scenario) -> None:
    book.post(cash=-12, food=12)
    posted = book.last()
    wrong = {"first": posted.first, "last": posted.last}
    book.refuses(UnknownCommand, UndoCommand, undone_id=book.fresh(), **wrong)
    book.refuses(UnknownCommand, UndoCommand, undone_id=posted.command_id, first=0, last=0)
    book.refuses(UnknownCommand, UndoCommand, undone_id=posted.command_id, first=9, last=1)
    book.refuses(UnknownCommand, UndoCommand, undone_id=posted.command_id, first=1, last=10**9)


def test_another_books_command_is_unknown(book: Scenario) -> None:
    book.post(cash=-12, food=12)
    posted = book.last()
    book.book_id = derived_id("another book")
    book.refuses_undo(UnknownCommand, posted)


def test_half_a_command_cannot_be_undone(book: Scenario) -> None:
    book.account("savings", opening=500)
    opened = book.last()
    for first, last in ((opened.first, opened.first), (opened.last, opened.last)):
        book.refuses(UnknownCommand, UndoCommand, undone_id=opened.command_id, first=first, last=last)


def test_a_refused_undoing_leaves_nothing(book: Scenario) -> None:
    book.account("savings", opening=500)
    opened = book.last()
    book.post(savings=-500, food=500)
    facts = len(book.ledger.record)
    book.refuses_undo(AccountInUse, opened)
    assert len(book.ledger.record) == facts
    assert book.posted("savings") == 0
    assert not book.named("savings").withdrawn

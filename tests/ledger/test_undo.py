"""Undoing a command: all of it, in reverse, or nothing; and undoing the undoing."""

import datetime as dt

import pytest

from ledger.accounts.commands import AmendAccount
from ledger.accounts.events import Guard
from ledger.accounts.refusals import (
    FloorBreached,
)
from ledger.books.book import Book
from ledger.books.commands import AmendBook
from ledger.identity.commands import AmendUser, RegisterUser
from ledger.identity.user import User
from ledger.ids import derived_id
from ledger.transactions.changes import (
    ExpireTransaction,
    MarkCleared,
    SettleTransaction,
    VoidTransaction,
)
from ledger.transactions.refusals import HoldExpired
from ledger.undo.commands import UndoCommand
from ledger.undo.refusals import (
    AccountInUse,
    AlreadyUndone,
    ChangedSince,
    NotUndoable,
    UnknownCommand,
)
from ledger.undo.undoing import Undoing
from tests.support.scenario import Scenario, amount


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


def test_a_hold_that_is_pending_again_is_on_no_statement_until_it_is_settled_again(book: Scenario) -> None:
    hold = book.hold(cash=-40, food=40)
    settled = book.do(SettleTransaction, transaction_id=hold)
    book.do(MarkCleared, transaction_id=hold, account_id=book.accounts["cash"])
    undone = book.undo(settled)
    assert not book.transaction(hold).cleared
    book.undo(undone)
    assert book.transaction(hold).cleared == {book.accounts["cash"]}

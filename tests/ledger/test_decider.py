"""Deciding ahead: while one batch is on its way into the database, the next is decided as if it were there."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from ledger.accounts.commands import AmendAccount
from ledger.accounts.events import Guard
from ledger.accounts.refusals import FloorBreached
from ledger.batch import Batch
from ledger.clock import system_clock
from ledger.command import Outcome
from ledger.decider import Decider
from ledger.queue import Submission
from ledger.reconciliations.commands import UnlockReconciliation
from ledger.refusals import InvalidValue
from ledger.store import HeadMoved, Store, connect, read_head
from ledger.transactions.changes import AmendTransaction, MarkCleared, VoidTransaction
from ledger.transactions.refusals import AlreadyVoided
from ledger.undo.commands import UndoCommand
from ledger.undo.refusals import AccountInUse, ChangedSince
from ledger.writer import Writer
from tests.ledger.test_idempotency import keyed
from tests.support.keys import MemoryKeys
from tests.support.registers import assert_sound, balance
from tests.support.scenario import Scenario, amount, day, posting


class Ahead:
    """A decider and a store whose turns the test decides."""

    def __init__(self, url: str, keys: MemoryKeys) -> None:
        self.connection = connect(url)
        self.decider = Decider(self.connection, keys, system_clock, self.settle)
        self.store = Store(url, 1_000)
        self.decider.catch_up(read_head(self.connection))
        self.flying: list[tuple[Batch, Any]] = []

    def decide(self, *commands: Any) -> list[Any]:
        (results,) = self.decider.decide([Submission(commands, False, lambda _: None, 0)])
        return results

    def hand_over(self) -> None:
        """Closes the batch; it is on its way from now on."""
        self.flying.append(self.decider.finish())

    def arrive(self) -> None:
        """The first of what is on its way arrives."""
        batch, parameters = self.flying.pop(0)
        self.store.commit(batch.head, parameters)
        self.decider.stored(batch, [later for later, _ in self.flying])

    def settle(self) -> None:
        """What is on its way arrives."""
        while self.flying:
            self.arrive()


@pytest.fixture
def ahead(writer: Writer, book: Scenario, database: str, keys: MemoryKeys) -> Iterator[Ahead]:
    ahead = Ahead(database, keys)
    with closing(ahead.connection), closing(ahead.store):
        yield ahead


def test_a_batch_sees_what_the_one_before_will_have_changed(
    ahead: Ahead, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    first = posting(book, cash=-1, food=1)
    ahead.decide(first)
    ahead.hand_over()
    void = book.command(VoidTransaction, transaction_id=first.transaction_id)
    (voided,) = ahead.decide(void)
    assert isinstance(voided, Outcome)
    assert voided.facts[0].version == 2
    ahead.settle()
    ahead.hand_over()
    ahead.settle()
    assert balance(database, book.accounts["food"])[0] == 0
    assert_sound(database, keys)


def test_what_the_open_batch_changed_is_kept_when_the_one_before_arrives(
    ahead: Ahead, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    first = posting(book, cash=-1, food=1)
    ahead.decide(first)
    ahead.hand_over()
    ahead.decide(book.command(VoidTransaction, transaction_id=first.transaction_id))
    ahead.settle()
    (again,) = ahead.decide(book.command(VoidTransaction, transaction_id=first.transaction_id))
    assert isinstance(again, AlreadyVoided)
    ahead.hand_over()
    ahead.settle()
    assert_sound(database, keys)


@pytest.mark.parametrize("between", [0, 1])
def test_marks_of_the_open_batch_are_kept_when_the_one_that_posted_arrives(
    ahead: Ahead, book: Scenario, database: str, keys: MemoryKeys, between: int
) -> None:
    """A mark moves no money; the open batch has changed the transaction all the same."""
    first = posting(book, cash=-1, food=1)
    mark = {"transaction_id": first.transaction_id, "account_id": book.accounts["cash"]}
    ahead.decide(first)
    ahead.hand_over()
    for _ in range(between):
        ahead.decide(posting(book, cash=-1, food=1))
        ahead.hand_over()
    ahead.decide(book.command(MarkCleared, **mark))
    ahead.arrive()
    (unmarked,) = ahead.decide(book.command(MarkCleared, **mark, cleared=False))
    (marked,) = ahead.decide(book.command(MarkCleared, **mark))
    assert [fact.version for outcome in (unmarked, marked) for fact in outcome.facts] == [3, 4]
    ahead.settle()
    ahead.hand_over()
    ahead.settle()
    assert_sound(database, keys)


def test_a_floor_is_held_against_money_that_is_on_its_way_out(
    ahead: Ahead, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    ahead.decide(
        book.command(AmendAccount, account_id=book.accounts["cash"], guard=Guard(amount(0))),
        posting(book, cash=10, salary=-10),
    )
    ahead.hand_over()
    (spent,) = ahead.decide(posting(book, "2026-03-02", cash=-8, food=8))
    assert isinstance(spent, Outcome)
    ahead.settle()
    ahead.hand_over()
    (refused,) = ahead.decide(posting(book, "2026-03-01", cash=-8, food=8))
    assert isinstance(refused, FloorBreached)
    ahead.hand_over()
    ahead.settle()
    assert balance(database, book.accounts["cash"])[0] == 2
    assert_sound(database, keys)


def test_a_key_on_its_way_is_answered_as_the_first_time(
    ahead: Ahead, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    (first,) = ahead.decide(keyed(book, "k"))
    ahead.hand_over()
    (second,) = ahead.decide(keyed(book, "k"))
    ahead.settle()
    (third,) = ahead.decide(keyed(book, "k"))
    ahead.hand_over()
    ahead.settle()
    assert [first.replayed, second.replayed, third.replayed] == [False, True, True]
    assert {(o.first, o.last) for o in (first, second, third)} == {(first.first, first.last)}
    assert [f.fact for f in second.facts] == [f.fact for f in first.facts]
    assert balance(database, book.accounts["food"])[0] == 12
    assert_sound(database, keys)


def test_what_was_decided_on_an_old_head_is_not_stored(
    ahead: Ahead, writer: Writer, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    ahead.decide(posting(book, cash=-1, food=1))
    ahead.hand_over()
    writer.handle_sync(posting(book, cash=-5, food=5))
    with pytest.raises(HeadMoved):
        ahead.settle()
    assert balance(database, book.accounts["food"])[0] == 5
    assert_sound(database, keys)


def test_refusals_alone_are_not_answered_on_an_old_head(ahead: Ahead, writer: Writer, book: Scenario) -> None:
    first = posting(book, cash=-1, food=1)
    ahead.decide(book.command(VoidTransaction, transaction_id=first.transaction_id))
    ahead.hand_over()
    writer.handle_sync(first)
    with pytest.raises(HeadMoved):
        ahead.settle()


def test_a_floor_is_not_set_over_money_that_is_on_its_way_out(
    ahead: Ahead, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    ahead.decide(posting(book, cash=-30, food=30))
    ahead.hand_over()
    guard = book.command(AmendAccount, account_id=book.accounts["cash"], guard=Guard(amount(-10)))
    (refused,) = ahead.decide(guard)
    assert isinstance(refused, InvalidValue)
    ahead.hand_over()
    ahead.settle()
    assert_sound(database, keys)


def test_an_account_that_is_being_posted_on_is_not_withdrawn(
    ahead: Ahead, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    opened = next(o for c, o in book.begun if getattr(c, "account_id", None) == book.accounts["food"])
    ahead.decide(posting(book, cash=-30, food=30))
    ahead.hand_over()
    undo = book.command(UndoCommand, undone_id=opened.command_id, first=opened.first, last=opened.last)
    (refused,) = ahead.decide(undo)
    assert isinstance(refused, AccountInUse)
    ahead.settle()
    ahead.hand_over()
    ahead.settle()
    assert_sound(database, keys)


def test_an_undoing_sees_the_change_that_is_on_its_way(
    ahead: Ahead, writer: Writer, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    posted = writer.handle_sync(first := posting(book, cash=-1, food=1))
    ahead.decider.catch_up(read_head(ahead.connection))
    ahead.decide(book.command(VoidTransaction, transaction_id=first.transaction_id))
    ahead.hand_over()
    undo = book.command(UndoCommand, undone_id=posted.command_id, first=posted.first, last=posted.last)
    (refused,) = ahead.decide(undo)
    assert isinstance(refused, ChangedSince)
    assert [later["topic"] for later in refused.facts["later"]] == ["transaction.voided"]
    ahead.hand_over()
    ahead.settle()
    assert_sound(database, keys)


@pytest.mark.parametrize("amended", [False, True])
def test_a_statement_is_unlocked_by_the_writer_that_locked_it(
    writer: Writer, book: Scenario, database: str, keys: MemoryKeys, amended: bool
) -> None:
    """Unlocking does not look at the transactions, which the writer may have let go of since."""
    paid = book.post(cash=-12, food=12)
    statement = book.reconcile("cash", "2026-03-31", -12, paid)
    if amended:
        said = {"date": day("2026-03-01"), "postings": book.legs(cash=-12, food=12)}
        book.do(AmendTransaction, transaction_id=paid, **said, text={"notes": "at the market"})
    book.post(cash=-1, food=1)
    unlocked = book.do(UnlockReconciliation, reconciliation_id=statement)
    assert [fact.topic for fact in unlocked.facts][1] == "transaction.unreconciled"
    book.undo(unlocked)
    assert_sound(database, keys)

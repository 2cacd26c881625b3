"""Several processes write at once: each sees what the others did, totals are exact and floors are held."""

import random
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from ledger.accounts.commands import AmendAccount, ArchiveAccount, ReopenAccount
from ledger.accounts.events import Guard
from ledger.accounts.refusals import AccountArchivedAlready, FloorBreached, NameTaken
from ledger.command import Outcome
from ledger.transactions.changes import VoidTransaction
from ledger.transactions.commands import PostTransaction
from ledger.transactions.refusals import AlreadyVoided
from ledger.undo.commands import UndoCommand
from ledger.undo.refusals import ChangedSince
from ledger.writer import Writer
from tests.support.keys import MemoryKeys
from tests.support.registers import assert_sound, balance
from tests.support.scenario import Scenario, amount, day

Start = Callable[..., Writer]


@pytest.fixture
def beside(start_writer: Start, book: Scenario) -> Scenario:
    """The same book through another process."""
    other = Scenario(start_writer().handle_sync, name="beside")
    other.book_id, other.accounts = book.book_id, book.accounts
    other.handle(other.command(AmendAccount, account_id=book.accounts["cash"]))
    return other


def test_an_account_archived_by_another_process_is_seen(book: Scenario, beside: Scenario) -> None:
    beside.post(cash=-1, food=1)
    book.do(ArchiveAccount, account_id=book.accounts["food"])
    beside.refuses_posting(AccountArchivedAlready, cash=-1, food=1)
    book.do(ReopenAccount, account_id=book.accounts["food"])
    beside.post(cash=-1, food=1)


def test_a_name_taken_by_another_process_is_seen(book: Scenario, beside: Scenario) -> None:
    food = book.accounts["food"]
    book.do(AmendAccount, account_id=food, text={"name": "Groceries"})
    refusal = beside.refuses(
        NameTaken, AmendAccount, account_id=book.accounts["salary"], text={"name": "groceries"}
    )
    assert refusal.facts["account_id"] == str(food)
    book.do(AmendAccount, account_id=food, text={"name": "Food"})
    beside.do(AmendAccount, account_id=book.accounts["salary"], text={"name": "groceries"})


def test_a_transaction_voided_by_another_process_is_seen(book: Scenario, beside: Scenario) -> None:
    lunch = book.post(cash=-12, food=12)
    beside.do(VoidTransaction, transaction_id=lunch)
    book.refuses(AlreadyVoided, VoidTransaction, transaction_id=lunch)


def test_money_spent_through_another_process_is_gone(book: Scenario, beside: Scenario) -> None:
    book.do(AmendAccount, account_id=book.accounts["cash"], guard=Guard(amount(0)))
    book.post("2026-02-01", cash=100, salary=-100)
    beside.post("2026-02-20", cash=-70, food=70)
    book.refuses_posting(FloorBreached, "2026-02-10", cash=-40, food=40)
    book.post("2026-02-10", cash=-30, food=30)
    beside.refuses_posting(FloorBreached, "2026-02-15", cash=-1, food=1)


def test_an_undoing_sees_what_another_process_changed(book: Scenario, beside: Scenario) -> None:
    transaction_id = book.fresh()
    posted = book.do(
        PostTransaction,
        transaction_id=transaction_id,
        date=day("2026-03-01"),
        postings=book.legs(cash=-12, food=12),
    )
    amended = beside.amend(transaction_id, cash=-15, food=15)
    refusal = book.refuses_undo(ChangedSince, posted)
    assert refusal.facts["later"][0]["command_id"] == str(amended.command_id)
    undone = book.do(UndoCommand, undone_id=amended.command_id, first=amended.first, last=amended.last)
    assert undone.facts[0].topic == "transaction.restored"
    beside.undo(posted)


def test_processes_that_interleave_lose_nothing_and_hold_every_floor(
    start_writer: Start, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    for name in ("a", "b", "c"):
        book.account(name, floor=0, opening=200)
    writers = [start_writer(), start_writer()]
    plans = [(random.Random(number), writers[number % 2]) for number in range(4)]
    lock = threading.Lock()
    moved: list[PostTransaction] = []
    met: list[Any] = []

    def work(chance: random.Random, writer: Writer) -> None:
        for _ in range(25):
            commands = []
            for _ in range(chance.randint(1, 8)):
                source, target = chance.sample(["a", "b", "c"], 2)
                value = chance.randint(1, 60)
                date = f"2026-0{chance.randint(1, 6)}-{chance.randint(10, 28)}"
                with lock:
                    transaction_id, command_id = book.fresh(), book.fresh()
                command = book.command(
                    PostTransaction,
                    command_id=command_id,
                    transaction_id=transaction_id,
                    date=day(date),
                    postings=book.legs(**{source: -value, target: value}),
                )
                commands.append(command)
            results = writer.handle_all_sync(commands, atomic=chance.random() < 0.3)
            with lock:
                met.extend(r for r in results if not isinstance(r, Outcome))
                moved.extend(c for c, r in zip(commands, results, strict=True) if isinstance(r, Outcome))

    threads = [threading.Thread(target=work, args=plan) for plan in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    facts = assert_sound(database, keys)
    assert {f.stream_id for f in facts} >= {command.transaction_id for command in moved}
    totals = {name: Decimal(200) for name in ("a", "b", "c")}
    by_id = {book.accounts[name]: name for name in totals}
    for command in moved:
        for leg in command.postings:
            totals[by_id[leg.account_id]] += leg.amount
    assert totals == {name: balance(database, book.accounts[name])[0] for name in totals}
    assert moved
    assert any(isinstance(refusal, FloorBreached) for refusal in met)
    for name in totals:
        assert_never_below_zero(facts, book.accounts[name])


def assert_never_below_zero(facts: list[Any], account_id: Any) -> None:
    """On every day, after every fact: the floor held all along, not only at the end."""
    days: dict[Any, Decimal] = {}
    for recorded in facts:
        terms = getattr(recorded.fact, "terms", None)
        if terms is None:
            continue
        legs = [p.amount for p in terms.postings if p.account_id == account_id]
        if not legs:
            continue
        days[terms.date] = days.get(terms.date, Decimal(0)) + sum(legs)
        running = Decimal(0)
        for date in sorted(days):
            running += days[date]
            assert running >= 0 or sum(legs) > 0

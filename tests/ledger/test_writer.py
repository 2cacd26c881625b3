"""The writer: many commands share a commit, each stands or falls alone, and nothing is answered before it is safe."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from ledger.accounts.asserting import AssertBalance
from ledger.accounts.commands import AmendAccount, OpenAccount
from ledger.accounts.events import Guard
from ledger.accounts.refusals import AssertionBroken, FloorBreached, UnknownAccount, WrongParent
from ledger.command import Command, Draft, Outcome, State
from ledger.decider import NotCarriedOut
from ledger.postings import Unbalanced
from ledger.queue import Limits
from ledger.transactions.changes import VoidTransaction
from ledger.transactions.commands import PostTransaction
from ledger.transactions.refusals import AlreadyVoided
from ledger.writer import Writer
from tests.support.keys import MemoryKeys
from tests.support.registers import assert_sound, balance
from tests.support.scenario import Scenario, amount, day, posting

Start = Callable[..., Writer]


def test_what_is_answered_is_stored(writer: Writer, book: Scenario, database: str, keys: MemoryKeys) -> None:
    outcome = writer.handle_sync(posting(book, cash=-12, food=12))
    facts = assert_sound(database, keys)
    assert facts[-1].position == outcome.first == outcome.last
    assert facts[-1].fact == outcome.facts[0].fact
    assert [(a, b.posted) for a, _, b in outcome.balances] == [
        (book.accounts["cash"], -12),
        (book.accounts["food"], 12),
    ]


def test_many_commands_share_one_commit(
    start_writer: Start, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    batches: list[int] = []
    writer = start_writer(on_batch=lambda commands, seconds: batches.append(commands))
    results = writer.handle_all_sync([posting(book, cash=-1, food=1) for _ in range(500)])
    assert all(isinstance(result, Outcome) for result in results)
    assert max(batches) >= 250
    assert balance(database, book.accounts["food"])[0] == 500
    assert_sound(database, keys)


def test_a_submission_larger_than_a_batch_is_answered_whole_and_in_order(
    start_writer: Start, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    writer = start_writer(limits=Limits(batch_commands=7))
    commands = [posting(book, cash=-1, food=1) for _ in range(50)]
    results = writer.handle_all_sync(commands)
    assert [r.command_id for r in results if isinstance(r, Outcome)] == [c.command_id for c in commands]
    assert_sound(database, keys)


def test_commands_from_many_threads_are_all_carried_out(
    writer: Writer, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    batches = [[posting(book, cash=-1, food=1) for _ in range(20)] for _ in range(8)]

    def work(commands: list[PostTransaction]) -> None:
        for command in commands:
            writer.handle_sync(command)

    threads = [threading.Thread(target=work, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert balance(database, book.accounts["cash"])[0] == -160
    assert_sound(database, keys)


def test_callers_on_an_event_loop_await_their_own_result(writer: Writer, book: Scenario) -> None:
    async def together() -> list[Any]:
        good = [writer.handle(posting(book, cash=-1, food=1)) for _ in range(20)]
        bad = writer.handle(posting(book, cash=-1, food=2))
        return await asyncio.gather(*good, bad, return_exceptions=True)

    *good, bad = asyncio.run(together())
    assert all(isinstance(result, Outcome) for result in good)
    assert isinstance(bad, Unbalanced)


def test_a_refused_command_costs_only_itself(
    writer: Writer, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    results = writer.handle_all_sync(
        [posting(book, cash=-1, food=1), posting(book, cash=-1, food=2), posting(book, cash=-4, food=4)]
    )
    assert [type(result) for result in results] == [Outcome, Unbalanced, Outcome]
    assert balance(database, book.accounts["food"])[0] == 5
    assert_sound(database, keys)


class Broken(Command):
    """A command with a defect."""

    name = "test.broken"
    breaks = "decide"

    def streams(self) -> Any:
        return 1 / 0 if self.breaks == "streams" else ()

    def balances(self, state: State) -> Any:
        return 1 / 0 if self.breaks == "balances" else ()

    def weight(self) -> int:
        return 1 // 0 if self.breaks == "weight" else 100

    def decide(self, state: State) -> list[Draft]:
        raise ZeroDivisionError


@pytest.mark.parametrize("where", ["decide", "streams", "balances", "weight"])
def test_a_command_with_a_defect_costs_only_itself(writer: Writer, book: Scenario, where: str) -> None:
    broken = type("Broken", (Broken,), {"breaks": where})
    done: list[Any] = []

    def beside() -> None:
        done.append(writer.handle_sync(posting(book, cash=-1, food=1)))

    thread = threading.Thread(target=beside)
    thread.start()
    with pytest.raises(ZeroDivisionError):
        book.do(broken)
    thread.join(5)
    assert isinstance(done[0], Outcome)
    assert isinstance(writer.handle_sync(posting(book, cash=-1, food=1)), Outcome)


def test_an_atomic_set_is_carried_out_whole(writer: Writer, book: Scenario, database: str) -> None:
    results = writer.handle_all_sync([posting(book, cash=-1, food=1) for _ in range(3)], atomic=True)
    assert [type(result) for result in results] == [Outcome] * 3
    assert balance(database, book.accounts["food"])[0] == 3


def test_an_atomic_set_with_a_refusal_leaves_nothing(
    writer: Writer, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    good = posting(book, cash=-1, food=1)
    results = writer.handle_all_sync([good, posting(book, cash=-1, food=2), good], atomic=True)
    assert [type(result) for result in results] == [NotCarriedOut, Unbalanced, NotCarriedOut]
    assert results[0].facts["item"] == 1
    assert balance(database, book.accounts["food"])[0] == 0
    facts = assert_sound(database, keys)
    writer.handle_sync(posting(book, cash=-1, food=1))
    assert len(assert_sound(database, keys)) == len(facts) + 1


def test_an_atomic_set_larger_than_a_batch_stays_whole(
    start_writer: Start, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    writer = start_writer(limits=Limits(batch_commands=10))
    commands = [posting(book, cash=-1, food=1) for _ in range(35)] + [posting(book, cash=-1, food=2)]
    results = writer.handle_all_sync(commands, atomic=True)
    assert isinstance(results[-1], Unbalanced)
    assert balance(database, book.accounts["food"])[0] == 0
    assert_sound(database, keys)


def test_an_atomic_set_that_is_taken_back_leaves_the_commands_around_it(
    writer: Writer, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    async def together() -> list[Any]:
        before = writer.handle(posting(book, cash=-1, food=1))
        refused = writer.handle_all(
            [posting(book, cash=-10, food=10), posting(book, cash=-1, food=2)], atomic=True
        )
        after = writer.handle(posting(book, cash=-100, food=100))
        return await asyncio.gather(before, refused, after)

    asyncio.run(together())
    assert balance(database, book.accounts["food"])[0] == 101
    assert_sound(database, keys)


def test_a_dry_run_tells_the_outcome_and_stores_nothing(
    writer: Writer, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    before = len(assert_sound(database, keys))
    trial = book.command(
        PostTransaction,
        transaction_id=book.fresh(),
        date=day("2026-03-01"),
        postings=book.legs(cash=-12, food=12),
        dry_run=True,
    )
    outcome = writer.handle_sync(trial)
    assert [b.posted for _, _, b in outcome.balances] == [-12, 12]
    assert (outcome.first, outcome.last) == (0, 0)
    assert len(assert_sound(database, keys)) == before
    assert writer.handle_sync(posting(book, cash=-1, food=1)).balances[0][2].posted == -1


def test_a_dry_run_meets_the_same_refusal(writer: Writer, book: Scenario) -> None:
    book.refuses_posting(Unbalanced, cash=-1, food=2, fields={"dry_run": True})


def test_the_items_of_a_dry_run_see_each_other(writer: Writer, book: Scenario, database: str) -> None:
    book.account("purse", floor=0, opening=10)
    trial = [posting(book, purse=-8, food=8), posting(book, purse=-8, food=8)]
    trial = [book.command(type(c), **fields_of(c), dry_run=True) for c in trial]
    results = writer.handle_all_sync(trial, atomic=True)
    assert [type(result) for result in results] == [NotCarriedOut, FloorBreached]
    assert balance(database, book.accounts["purse"])[0] == 10


def fields_of(command: PostTransaction) -> dict[str, Any]:
    return {
        "transaction_id": command.transaction_id,
        "date": command.date,
        "postings": command.postings,
    }


def test_commands_of_one_batch_see_each_other(
    writer: Writer, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    purse = book.fresh()
    book.accounts["purse"] = purse
    transaction_id = book.fresh()
    commands = [
        book.command(
            OpenAccount,
            account_id=purse,
            kind="asset",
            type="cash",
            currency="USD",
            text={"name": "purse"},
        ),
        book.command(AmendAccount, account_id=purse, guard=Guard(amount(0))),
        posting(book, purse=20, salary=-20),
        posting(book, "2026-03-02", purse=-15, food=15),
        posting(book, "2026-03-02", purse=-15, food=15),
        posting(book, "2026-02-28", purse=-1, food=1),
        book.command(
            AssertBalance,
            account_id=purse,
            assertion_id=book.fresh(),
            date=day("2026-03-31"),
            amount=amount(5),
            currency="USD",
        ),
        posting(book, "2026-03-03", purse=-1, food=1),
        book.command(
            PostTransaction,
            transaction_id=transaction_id,
            date=day("2026-04-01"),
            postings=book.legs(purse=-5, food=5),
        ),
        book.command(VoidTransaction, transaction_id=transaction_id),
        book.command(VoidTransaction, transaction_id=transaction_id),
    ]
    results = writer.handle_all_sync(commands)
    kinds = [type(result) for result in results]
    assert kinds == [
        Outcome,
        Outcome,
        Outcome,
        Outcome,
        FloorBreached,
        FloorBreached,
        Outcome,
        AssertionBroken,
        Outcome,
        Outcome,
        AlreadyVoided,
    ]
    assert balance(database, purse)[0] == 5
    assert_sound(database, keys)


def test_back_dating_is_judged_against_what_the_same_batch_did(
    writer: Writer, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    purse = book.accounts["purse"] = book.fresh()
    opened = book.command(
        OpenAccount,
        account_id=purse,
        kind="asset",
        type="cash",
        currency="USD",
        guard=Guard(amount(0)),
        text={"name": "purse"},
    )
    results = writer.handle_all_sync(
        [
            opened,
            posting(book, "2026-03-05", purse=20, salary=-20),
            posting(book, "2026-03-01", purse=-15, food=15),
            posting(book, "2026-03-06", purse=-15, food=15),
            posting(book, "2026-03-06", purse=-15, food=15),
            posting(book, "2026-03-05", purse=-6, food=6),
        ]
    )
    kinds = [type(result) for result in results]
    assert kinds == [Outcome, Outcome, FloorBreached, Outcome, FloorBreached, FloorBreached]
    assert_sound(database, keys)


def test_a_cold_writer_finds_what_it_needs(start_writer: Start, book: Scenario) -> None:
    names = [f"level{n}" for n in range(6)]
    for above, name in zip([None, *names], names, strict=False):
        parent = book.accounts[above] if above else None
        book.account(name, "expense", parent_id=parent)
    cold = Scenario(start_writer().handle_sync, name="other")
    cold.book_id, cold.accounts = book.book_id, book.accounts
    refusal = cold.refuses(
        WrongParent,
        AmendAccount,
        account_id=book.accounts["level0"],
        parent_id=book.accounts["level5"],
    )
    assert refusal.status == 422


def test_a_rename_with_a_move_never_takes_the_name_of_a_bystander(
    book: Scenario, database: str, keys: MemoryKeys
) -> None:
    book.account("home", "expense")
    book.account("Rent", "expense")
    book.do(
        AmendAccount,
        account_id=book.accounts["food"],
        text={"name": "rent"},
        parent_id=book.accounts["home"],
    )
    assert_sound(database, keys)


def test_an_unknown_account_is_refused(book: Scenario) -> None:
    book.accounts["nowhere"] = book.fresh()
    refusal = book.refuses_posting(UnknownAccount, cash=-1, nowhere=1)
    assert refusal.field == "postings.1.account_id"

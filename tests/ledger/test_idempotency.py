"""One idempotency key, one effect: whenever, wherever and however often the same command comes again."""

import threading
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from ledger import decider
from ledger.accounts.refusals import FloorBreached
from ledger.command import Outcome
from ledger.ids import derived_id
from ledger.postings import Unbalanced
from ledger.refusals import KeyReused
from ledger.transactions.commands import PostTransaction
from ledger.writer import Writer
from tests.support.keys import MemoryKeys
from tests.support.registers import assert_sound, balance
from tests.support.scenario import Scenario, day, posting

Start = Callable[..., Writer]


@pytest.fixture(autouse=True, params=[decider.WARY, 1], ids=["wary", "bold"])
def wary(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer asks beforehand which commands came before, or learns it from the record when it stores them."""
    monkeypatch.setattr(decider, "WARY", request.param)


def keyed(book: Scenario, key: str, cash: int = -12, **fields: Any) -> PostTransaction:
    """What a request with an idempotency key becomes: its id told by the key, its content by a digest."""
    command: PostTransaction = book.command(
        PostTransaction,
        command_id=derived_id("idempotency", book.actor_id.bytes, book.book_id.bytes, key),
        request=sha256(f"{cash}".encode()).digest(),
        transaction_id=book.fresh(),
        date=day("2026-03-01"),
        **{"postings": book.legs(cash=cash, food=-cash), **fields},
    )
    return command


def same(first: Outcome, again: Outcome) -> bool:
    """Whether a repetition is answered as the first time."""
    return again.replayed and (first.first, first.last, list(first.balances)) == (
        again.first,
        again.last,
        list(again.balances),
    )


def test_a_key_that_comes_again_gets_the_first_answer(
    writer: Writer, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    first = writer.handle_sync(keyed(book, "k"))
    writer.handle_sync(keyed(book, "other", cash=-1))
    again = writer.handle_sync(keyed(book, "k"))
    assert same(first, again)
    assert [f.fact for f in again.facts] == [f.fact for f in first.facts]
    assert balance(database, book.accounts["food"])[0] == 13
    assert_sound(database, keys)


def test_a_key_that_comes_twice_in_one_batch_has_one_effect(
    writer: Writer, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    first, again, other = writer.handle_all_sync([keyed(book, "k"), keyed(book, "k"), keyed(book, "l")])
    assert isinstance(first, Outcome)
    assert isinstance(again, Outcome)
    assert isinstance(other, Outcome)
    assert same(first, again)
    assert not other.replayed
    assert balance(database, book.accounts["food"])[0] == 24
    assert_sound(database, keys)


def test_a_key_that_comes_again_with_another_request_is_refused(
    writer: Writer, book: Scenario, database: str
) -> None:
    writer.handle_sync(keyed(book, "k"))
    results = writer.handle_all_sync([keyed(book, "k", cash=-99), keyed(book, "k")])
    assert isinstance(results[0], KeyReused)
    assert isinstance(results[1], Outcome)
    assert balance(database, book.accounts["food"])[0] == 12


def test_a_conflicting_request_in_the_same_batch_is_refused(writer: Writer, book: Scenario) -> None:
    first, other = writer.handle_all_sync([keyed(book, "k"), keyed(book, "k", cash=-99)])
    assert isinstance(first, Outcome)
    assert isinstance(other, KeyReused)


def test_a_refused_command_does_not_use_its_key_up(writer: Writer, book: Scenario, database: str) -> None:
    crooked = keyed(book, "k")
    crooked = book.command(
        PostTransaction,
        command_id=crooked.command_id,
        request=crooked.request,
        transaction_id=crooked.transaction_id,
        date=crooked.date,
        postings=book.legs(cash=-12, food=11),
    )
    refused, carried_out = writer.handle_all_sync([crooked, keyed(book, "k")])
    assert isinstance(refused, Unbalanced)
    assert isinstance(carried_out, Outcome)
    assert not carried_out.replayed
    assert balance(database, book.accounts["food"])[0] == 12


def test_a_dry_run_does_not_use_its_key_up(writer: Writer, book: Scenario, database: str) -> None:
    writer.handle_sync(keyed(book, "k", dry_run=True))
    assert not writer.handle_sync(keyed(book, "k")).replayed
    assert balance(database, book.accounts["food"])[0] == 12


def test_an_atomic_set_that_was_refused_does_not_use_its_keys_up(
    writer: Writer, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    crooked = book.command(
        PostTransaction,
        transaction_id=book.fresh(),
        date=day("2026-03-01"),
        postings=book.legs(cash=-12, food=11),
    )
    writer.handle_all_sync([keyed(book, "k"), crooked], atomic=True)
    assert not writer.handle_sync(keyed(book, "k")).replayed
    assert balance(database, book.accounts["food"])[0] == 12
    assert_sound(database, keys)


def test_a_key_is_known_to_every_process_and_after_a_restart(
    start_writer: Start, book: Scenario, database: str
) -> None:
    one, other = start_writer(), start_writer()
    first = one.handle_sync(keyed(book, "k"))
    assert same(first, other.handle_sync(keyed(book, "k")))
    one.stop()
    assert same(first, start_writer().handle_sync(keyed(book, "k")))
    assert balance(database, book.accounts["food"])[0] == 12


def test_a_key_that_comes_at_the_same_instant_everywhere_has_one_effect(
    start_writer: Start, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    writers = [start_writer() for _ in range(3)]
    rounds = [[keyed(book, f"k{n}") for _ in range(6)] for n in range(15)]
    outcomes: list[list[Any]] = [[] for _ in rounds]

    def work(number: int) -> None:
        for turn, commands in enumerate(rounds):
            outcomes[turn].append(writers[number % 3].handle_sync(commands[number]))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for turn in outcomes:
        assert [outcome.replayed for outcome in turn].count(False) == 1
        assert len({(outcome.first, outcome.last) for outcome in turn}) == 1
    assert balance(database, book.accounts["food"])[0] == 12 * len(rounds)
    assert_sound(database, keys)


def test_what_would_be_refused_by_now_still_gets_the_first_answer(
    start_writer: Start, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    writer = start_writer()
    book.account("purse", floor=0)
    writer.handle_sync(posting(book, cash=-10, purse=10))
    spend = {"postings": book.legs(purse=-8, food=8)}
    first = writer.handle_sync(keyed(book, "k", **spend))
    calm(writer, book)
    again, fresh, known, other = writer.handle_all_sync(
        [keyed(book, key, **spend) for key in ("k", "l")] + [keyed(book, "k", **spend), keyed(book, "m")]
    )
    assert same(first, again)
    assert isinstance(fresh, FloorBreached)
    assert same(first, known)
    assert isinstance(other, Outcome)
    assert_sound(database, keys)


def test_a_dry_run_of_what_was_carried_out_gets_the_first_answer(
    start_writer: Start, book: Scenario, database: str
) -> None:
    writer = start_writer()
    first = writer.handle_sync(keyed(book, "k"))
    calm(writer, book)
    assert same(first, writer.handle_sync(keyed(book, "k", dry_run=True)))
    assert balance(database, book.accounts["food"])[0] == 12


def test_keys_that_come_again_among_many_new_ones_cost_nobody_an_answer(
    start_writer: Start, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    writer = start_writer()
    known = writer.handle_all_sync([keyed(book, f"k{n}") for n in range(20)])
    calm(writer, book)
    answers: list[Any] = []

    def work(number: int) -> None:
        commands = [keyed(book, f"new {number} {n}") for n in range(50)] + [keyed(book, f"k{number}")]
        answers.append((number, writer.handle_all_sync(commands, atomic=number % 2 == 0)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, results in answers:
        assert [result.replayed for result in results] == [False] * 50 + [True]
        assert same(known[number], results[-1])
    assert balance(database, book.accounts["food"])[0] == 12 * (20 + 8 * 50)
    assert_sound(database, keys)


def calm(writer: Writer, book: Scenario) -> None:
    """Batches without any repetition: a bold writer asks for nothing after them."""
    for _ in range(2):
        writer.handle_sync(posting(book, cash=1, salary=-1))

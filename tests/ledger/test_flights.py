"""Batches handed over before the one ahead of them is stored: each stands or falls with what it was decided on."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from ledger.batch import Head
from ledger.command import Command, Outcome
from ledger.queue import Limits
from ledger.refusals import NotStored
from ledger.store import Store
from ledger.writer import Writer
from tests.support.keys import MemoryKeys
from tests.support.registers import assert_sound, balance
from tests.support.scenario import Scenario, posting

# As many as it takes for the writer to decide ahead.
FULL = 64
Start = Callable[..., Writer]


@pytest.fixture
def writer(start_writer: Start) -> Writer:
    return start_writer(limits=Limits(batch_commands=FULL))


def full(book: Scenario, **amounts: int) -> list[Command]:
    return [posting(book, **amounts) for _ in range(FULL)]


def handed_in(writer: Writer, batches: Sequence[Sequence[Command]]) -> list[list[Any]]:
    """What each batch was answered, all of them handed in within a moment and in order."""
    with ThreadPoolExecutor(len(batches)) as callers:
        answers = []
        for batch in batches:
            answers.append(callers.submit(writer.handle_all_sync, batch))
            time.sleep(0.02)
        return [answer.result() for answer in answers]


def test_batches_in_line_are_stored_in_order(
    writer: Writer, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    results = handed_in(writer, [full(book, cash=-1, food=1) for _ in range(8)])
    firsts = [outcome.first for batch in results for outcome in batch]
    assert firsts == sorted(firsts)
    assert balance(database, book.accounts["food"])[0] == 8 * FULL
    assert_sound(database, keys)


def test_a_batch_is_not_stored_without_the_one_before_it(
    writer: Writer, start_writer: Start, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    """Another process moves the log exactly as far as the first batch would have: the second, which spends what
    the first brings in, must not take that for its first."""
    book.account("purse", floor=0)
    # What is known need not be read, which would wait for what is being stored.
    book.post(salary=-1, purse=1)
    book.post(purse=-1, food=1)
    book.post(cash=-1, food=1)
    beside = start_writer(limits=Limits(batch_commands=FULL))
    others = full(book, cash=-2, food=2)
    batches = [full(book, salary=-1, purse=1), full(book, purse=-1, food=1), full(book, cash=-1, food=1)]
    with psycopg.connect(database) as held, ThreadPoolExecutor(2) as callers:
        held.execute("SELECT FROM record.head FOR UPDATE")
        other = callers.submit(beside.handle_all_sync, others)
        time.sleep(0.2)
        mine = callers.submit(handed_in, writer, batches)
        time.sleep(0.4)
        held.rollback()
        assert all(isinstance(outcome, Outcome) for outcome in other.result())
        firsts = [outcome.first for batch in mine.result() for outcome in batch]
    assert firsts == sorted(firsts)
    assert balance(database, book.accounts["purse"])[0] == 0
    assert_sound(database, keys)


@pytest.mark.parametrize("stored", [True, False])
def test_of_a_lost_connection_only_the_batch_that_was_being_stored_can_be_in_the_record(
    writer: Writer,
    book: Scenario,
    database: str,
    keys: MemoryKeys,
    monkeypatch: pytest.MonkeyPatch,
    stored: bool,
) -> None:
    commit = Store.commit
    in_line = threading.Event()

    def losing(self: Store, head: Head, parameters: Sequence[bytes] | None) -> None:
        monkeypatch.setattr(Store, "commit", commit)
        in_line.wait(5)
        if stored:
            commit(self, head, parameters)
        self.close()
        raise psycopg.OperationalError("consuming input failed")

    monkeypatch.setattr(Store, "commit", losing)
    batches = [full(book, salary=-1, cash=1), full(book, cash=-1, food=1)]
    with ThreadPoolExecutor(1) as callers:
        answers = callers.submit(handed_in, writer, batches)
        time.sleep(0.3)
        in_line.set()
        first, second = answers.result()
    assert {type(result) for result in first} == {Outcome if stored else NotStored}
    assert {type(result) for result in second} == {NotStored}
    again = batches[1:] if stored else batches
    assert all(isinstance(result, Outcome) for batch in handed_in(writer, again) for result in batch)
    assert balance(database, book.accounts["food"])[0] == FULL
    assert_sound(database, keys)

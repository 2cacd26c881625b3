"""The writer when the database is slow, busy or gone: it says so, and what it answered is safe."""

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from ledger.command import Outcome
from ledger.queue import Limits
from ledger.refusals import NotStored, Overloaded
from ledger.transactions.commands import PostTransaction
from ledger.writer import Writer
from tests.support.keys import MemoryKeys
from tests.support.registers import assert_sound, balance, rows
from tests.support.scenario import Scenario, posting

Start = Callable[..., Writer]


def test_a_full_queue_turns_commands_away(start_writer: Start, book: Scenario, database: str) -> None:
    writer = start_writer(limits=Limits(queued_commands=3, lock_ms=3_000))
    with psycopg.connect(database) as other:
        other.execute("SELECT * FROM record.head FOR UPDATE")
        waiting = [
            threading.Thread(target=lambda: writer.handle_sync(posting(book, cash=-1, food=1)))
            for _ in range(3)
        ]
        for thread in waiting:
            thread.start()
        while writer.waiting < 3:
            time.sleep(0.01)
        with pytest.raises(Overloaded) as turned_away:
            writer.handle_sync(posting(book, cash=-1, food=1))
        assert turned_away.value.retry_after > 0
    for thread in waiting:
        thread.join()
    assert balance(database, book.accounts["food"])[0] == 3


def test_a_stalled_writer_turns_commands_away(start_writer: Start, book: Scenario, database: str) -> None:
    writer = start_writer(limits=Limits(stalled_seconds=0.2, lock_ms=3_000))
    with psycopg.connect(database) as other:
        other.execute("SELECT * FROM record.head FOR UPDATE")
        first = threading.Thread(target=lambda: writer.handle_sync(posting(book, cash=-1, food=1)))
        first.start()
        time.sleep(0.5)
        with pytest.raises(Overloaded):
            writer.handle_sync(posting(book, cash=-1, food=1))
    first.join()
    assert balance(database, book.accounts["food"])[0] == 1


def test_who_cannot_get_the_lock_is_told_that_nothing_was_stored(
    start_writer: Start, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    writer = start_writer(limits=Limits(lock_ms=100))
    command = posting(book, cash=-1, food=1)
    with psycopg.connect(database) as other:
        other.execute("SELECT * FROM record.head FOR UPDATE")
        with pytest.raises(NotStored):
            writer.handle_sync(command)
    writer.handle_sync(command)
    assert balance(database, book.accounts["food"])[0] == 1
    assert_sound(database, keys)


def test_a_warm_writer_that_cannot_get_the_lock_is_told_so_too(
    start_writer: Start, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    writer = start_writer(limits=Limits(lock_ms=100))
    writer.handle_sync(posting(book, cash=-1, food=1))
    with psycopg.connect(database) as other:
        other.execute("SELECT * FROM record.head FOR UPDATE")
        results = writer.handle_all_sync([posting(book, cash=-1, food=1) for _ in range(20)])
        assert {type(result) for result in results} == {NotStored}
    writer.handle_sync(posting(book, cash=-1, food=1))
    assert balance(database, book.accounts["food"])[0] == 2
    assert_sound(database, keys)


def test_a_database_that_dies_in_the_middle_costs_nothing_that_was_answered(
    writer: Writer, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    stop = threading.Event()
    answered: list[Any] = []
    failed: list[Exception] = []

    def work() -> None:
        while not stop.is_set():
            results = writer.handle_all_sync([posting_of(book, lock) for _ in range(20)])
            answered.extend(r.command_id for r in results if isinstance(r, Outcome))
            failed.extend(r for r in results if not isinstance(r, Outcome))

    lock = threading.Lock()
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        time.sleep(0.15)
        rows(database, _KILL)
    stop.set()
    for thread in threads:
        thread.join()
    assert all(isinstance(failure, NotStored) for failure in failed)
    assert failed
    writer.handle_sync(posting(book, cash=-1, food=1))
    facts = assert_sound(database, keys)
    assert set(answered) <= {fact.command_id for fact in facts}
    assert len(answered) == len(set(answered))


def test_a_server_that_was_restarted_meanwhile_costs_nobody_anything(
    writer: Writer, book: Scenario, database: str, keys: MemoryKeys
) -> None:
    for count in range(1, 4):
        rows(database, _KILL)
        while rows(database, _RUNNING):
            time.sleep(0.01)
        writer.handle_sync(posting(book, cash=-1, food=1))
        assert balance(database, book.accounts["food"])[0] == count
    assert_sound(database, keys)


_KILL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name = 'numina writer' AND datname = current_database()"
)

_RUNNING = (
    "SELECT pid FROM pg_stat_activity "
    "WHERE application_name = 'numina writer' AND datname = current_database()"
)


def posting_of(book: Scenario, lock: threading.Lock) -> PostTransaction:
    with lock:
        return posting(book, cash=-1, food=1)


def test_a_writer_that_stops_finishes_what_is_queued(
    start_writer: Start, book: Scenario, database: str
) -> None:
    writer = start_writer()
    answers: list[Any] = []
    thread = threading.Thread(
        target=lambda: answers.extend(
            writer.handle_all_sync([posting(book, cash=-1, food=1) for _ in range(2_000)])
        )
    )
    thread.start()
    while not writer.waiting:
        time.sleep(0.001)
    writer.stop()
    thread.join()
    assert len(answers) == 2_000
    assert balance(database, book.accounts["food"])[0] == 2_000
    with pytest.raises(Overloaded):
        writer.handle_sync(posting(book, cash=-1, food=1))

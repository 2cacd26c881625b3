"""A connection that is lost while a batch is being stored: the record says whether it was, and so do the answers."""

from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from ledger import store
from ledger.batch import Head
from ledger.queue import Limits
from ledger.refusals import InDoubt, NotStored
from ledger.store import Store
from ledger.writer import Writer
from tests.support.keys import MemoryKeys
from tests.support.registers import assert_sound, balance
from tests.support.scenario import Scenario, posting

Commit = Callable[[Store, Head, Sequence[Any] | None], None]


def lose(monkeypatch: pytest.MonkeyPatch, *, stored: bool, error: psycopg.Error) -> None:
    """The next batch is stored or not, and its connection is lost either way."""
    commit: Commit = Store.commit

    def losing(self: Store, head: Head, parameters: Sequence[Any] | None) -> None:
        monkeypatch.setattr(Store, "commit", commit)
        if stored:
            commit(self, head, parameters)
        self.close()
        raise error

    monkeypatch.setattr(Store, "commit", losing)


LOST = (psycopg.OperationalError("consuming input failed"), psycopg.errors.AdminShutdown("terminating"))


@pytest.mark.parametrize("error", LOST)
@pytest.mark.parametrize("warm", [False, True])
def test_a_batch_that_was_stored_is_answered_so(
    start_writer: Callable[..., Writer],
    book: Scenario,
    database: str,
    keys: MemoryKeys,
    monkeypatch: pytest.MonkeyPatch,
    error: psycopg.Error,
    warm: bool,
) -> None:
    writer = start_writer()
    if warm:
        writer.handle_sync(posting(book, cash=-1, food=1))
    lose(monkeypatch, stored=True, error=error)
    outcome = writer.handle_sync(posting(book, cash=-5, food=5))
    assert outcome.balances
    writer.handle_sync(posting(book, cash=-2, food=2))
    assert balance(database, book.accounts["food"])[0] == 7 + warm
    assert_sound(database, keys)


@pytest.mark.parametrize("warm", [False, True])
def test_a_batch_that_was_not_stored_is_answered_so(
    start_writer: Callable[..., Writer],
    book: Scenario,
    database: str,
    keys: MemoryKeys,
    monkeypatch: pytest.MonkeyPatch,
    warm: bool,
) -> None:
    writer = start_writer()
    if warm:
        writer.handle_sync(posting(book, cash=-1, food=1))
    lose(monkeypatch, stored=False, error=LOST[0])
    with pytest.raises(NotStored):
        writer.handle_sync(posting(book, cash=-5, food=5))
    writer.handle_sync(posting(book, cash=-2, food=2))
    assert balance(database, book.accounts["food"])[0] == 2 + warm
    assert_sound(database, keys)


def test_when_nobody_can_say_the_answer_says_so(
    start_writer: Callable[..., Writer],
    book: Scenario,
    database: str,
    keys: MemoryKeys,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writer = start_writer(limits=Limits(stalled_seconds=0.3))
    lose(monkeypatch, stored=True, error=LOST[0])
    holds = Store.holds
    monkeypatch.setattr(store.Store, "holds", unreachable)
    command = replace(posting(book, cash=-5, food=5), request=bytes(32))
    with pytest.raises(InDoubt) as answered:
        writer.handle_sync(command)
    assert "Idempotency-Key" in answered.value.detail
    monkeypatch.setattr(store.Store, "holds", holds)
    assert writer.handle_sync(command).replayed
    assert balance(database, book.accounts["food"])[0] == 5
    assert_sound(database, keys)


def unreachable(*_: Any) -> bool:
    raise psycopg.OperationalError("the database system is starting up")

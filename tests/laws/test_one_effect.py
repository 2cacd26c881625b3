"""Law 5: one idempotency key, one effect, however the repetitions fall into batches and processes."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import decider
from ledger.command import Outcome
from ledger.ids import derived_id
from ledger.queue import Limits
from ledger.refusals import KeyReused
from ledger.transactions.commands import PostTransaction
from ledger.writer import Writer
from tests.support.keys import MemoryKeys
from tests.support.registers import assert_sound, balance
from tests.support.scenario import Scenario, day

told = st.lists(
    st.tuples(
        st.integers(0, 1),  # which process
        st.booleans(),  # all or nothing
        st.lists(st.tuples(st.integers(0, 4), st.integers(1, 2)), min_size=1, max_size=6),  # key, amount
    ),
    min_size=1,
    max_size=6,
)


class World:
    """Two writers on one database; each example has a book of its own."""

    def __init__(self, url: str, writers: int) -> None:
        self.url, self.keys, self.books = url, MemoryKeys(), 0
        self.writers = [Writer(url, self.keys, limits=Limits(batch_commands=4)) for _ in range(writers)]
        for writer in self.writers:
            writer.start()

    def book(self) -> Scenario:
        self.books += 1
        return Scenario(self.writers[0].handle_sync, name=f"keys {self.books}").household()


@pytest.fixture(scope="module", params=[(2, decider.WARY), (1, 1)], ids=["two", "a bold one"])
def world(
    fresh_database: Callable[[], AbstractContextManager[str]], request: pytest.FixtureRequest
) -> Iterator[World]:
    """Two writers that ask beforehand which commands came before, or one that mostly does not."""
    writers, wary = request.param
    with fresh_database() as url, pytest.MonkeyPatch.context() as patch:
        patch.setattr(decider, "WARY", wary)
        world = World(url, writers)
        yield world
        for writer in world.writers:
            writer.stop()
        assert_sound(url, world.keys)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=told)
def test_each_key_has_the_effect_of_its_first_request_and_no_other(world: World, story: Any) -> None:
    book = world.book()
    first: dict[int, tuple[int, Any]] = {}
    for process, atomic, items in story:
        commands = [keyed(book, key, value) for key, value in items]
        results = world.writers[process % len(world.writers)].handle_all_sync(commands, atomic=atomic)
        if atomic and any(isinstance(result, KeyReused) for result in results):
            continue
        for (key, value), result in zip(items, results, strict=True):
            if key not in first:
                assert isinstance(result, Outcome)
                assert not result.replayed
                first[key] = value, (result.first, result.last, list(result.balances))
            elif first[key][0] == value:
                assert isinstance(result, Outcome)
                assert result.replayed
                assert (result.first, result.last, list(result.balances)) == first[key][1]
            else:
                assert isinstance(result, KeyReused)
    expected = sum(value for value, _ in first.values())
    assert balance(world.url, book.accounts["food"])[0] == expected


def keyed(book: Scenario, key: int, value: int) -> Any:
    return book.command(
        PostTransaction,
        command_id=derived_id("idempotency", book.actor_id.bytes, book.book_id.bytes, str(key)),
        request=sha256(str(value).encode()).digest(),
        transaction_id=book.fresh(),
        date=day("2026-03-01"),
        postings=book.legs(cash=-value, food=value),
    )

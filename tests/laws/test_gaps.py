"""Law 3: streams have no gaps, positions rise, and what was answered is in the log exactly once, whatever was
refused, taken back, repeated or cut off."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.command import Command, Outcome
from ledger.queue import Limits
from ledger.refusals import NotStored
from ledger.transactions.changes import VoidTransaction
from ledger.writer import Writer
from tests.support.keys import MemoryKeys
from tests.support.registers import assert_sound, rows
from tests.support.scenario import Scenario, posting

_CUT_OFF = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name = 'numina writer' AND datname = current_database()"
)

submissions = st.lists(
    st.tuples(
        st.integers(0, 1),  # which process
        st.booleans(),  # all or nothing
        st.sampled_from([False, False, False, True]),  # the connections are cut off before it
        st.lists(st.sampled_from(["good", "good", "crooked", "void", "void again"]), min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=8,
)


class World:
    """Two writers on one database."""

    def __init__(self, url: str) -> None:
        self.url, self.keys, self.books = url, MemoryKeys(), 0
        self.writers = [Writer(url, self.keys, limits=Limits(batch_commands=5)) for _ in range(2)]
        for writer in self.writers:
            writer.start()
        self.answered: list[Any] = []
        self.refused: list[Any] = []

    def book(self) -> Scenario:
        self.books += 1
        # Its accounts are opened when the connections may just have been cut off.
        return Scenario(self.persistent, name=f"gaps {self.books}").household()

    def persistent(self, command: Command) -> Outcome:
        for _ in range(3):
            (result,) = self.writers[0].handle_all_sync([command])
            if not isinstance(result, NotStored):
                break
        assert isinstance(result, Outcome)
        return result


@pytest.fixture(scope="module")
def world(fresh_database: Callable[[], AbstractContextManager[str]]) -> Iterator[World]:
    with fresh_database() as url:
        world = World(url)
        yield world
        for writer in world.writers:
            writer.stop()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=submissions)
def test_the_log_holds_what_was_answered_once_and_nothing_that_was_refused(world: World, story: Any) -> None:
    book = world.book()
    posted: list[Any] = []
    for process, atomic, cut_off, items in story:
        if cut_off:
            rows(world.url, _CUT_OFF)
        commands = [command(book, item, posted) for item in items]
        results = world.writers[process].handle_all_sync(commands, atomic=atomic)
        for asked, result in zip(commands, results, strict=True):
            if isinstance(result, Outcome):
                world.answered.append(asked.command_id)
                if hasattr(asked, "postings"):
                    posted.append(asked.transaction_id)
            elif not isinstance(result, NotStored):
                world.refused.append(asked.command_id)
    facts = assert_sound(world.url, world.keys)
    stored = Counter(recorded.command_id for recorded in facts)
    assert all(stored[command_id] == 1 for command_id in world.answered)
    assert not any(stored[command_id] for command_id in world.refused)


def command(book: Scenario, item: str, posted: list[Any]) -> Any:
    if item == "crooked":
        return posting(book, cash=-1, food=2)
    if item == "good" or not posted:
        return posting(book, cash=-1, food=1)
    chosen = posted[-1] if item == "void" else posted[0]
    return book.command(VoidTransaction, transaction_id=chosen)

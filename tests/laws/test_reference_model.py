"""The whole ledger against a naive model: the writer with its database, its memory and its batches must say what
plain lists and additions say, and what the same commands lead to one by one in memory."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ledger.command import Command, Outcome
from ledger.decider import NotCarriedOut
from ledger.queue import Limits
from ledger.refusals import Refusal
from ledger.writer import Writer
from tests.laws.test_floors import in_force
from tests.support.keys import MemoryKeys
from tests.support.registers import assert_sound
from tests.support.story import Story, steps


class World:
    """One database with two writers on it, for as many stories as are told; each has a book of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.keys = MemoryKeys()
        self.writers = [Writer(url, self.keys, limits=Limits(batch_commands=40)) for _ in range(2)]
        for writer in self.writers:
            writer.start()
        self.told = 0

    def close(self) -> None:
        for writer in self.writers:
            writer.stop()


@pytest.fixture(scope="module")
def world(fresh_database: Callable[[], AbstractContextManager[str]]) -> Iterator[World]:
    with ExitStack() as stack:
        world = World(stack.enter_context(fresh_database()))
        stack.callback(world.close)
        yield world


def machine(world: World) -> type[RuleBasedStateMachine]:
    """The state machine on a world."""

    class Ledger(RuleBasedStateMachine):
        """Each command goes to the in-memory ledger and to one of the writers: both must say the same."""

        def __init__(self) -> None:
            super().__init__()
            world.told += 1
            self.story = Story(name=f"story {world.told}")
            self.offset = self.replay_beginning()

        def replay_beginning(self) -> dict[int, int]:
            """Carries out in the database what the story begins with; positions there by positions here."""
            places: dict[int, int] = {}
            for command, outcome in self.story.book.begun:
                stored = world.writers[0].handle_sync(command)
                self.note(outcome, stored, places)
            return places

        @staticmethod
        def note(here: Outcome, there: Outcome, places: dict[int, int]) -> None:
            for mine, theirs in zip(here.facts, there.facts, strict=True):
                places[mine.position] = theirs.position

        @rule(numbers=steps, chosen=st.integers(0, 1))
        def something_happens(self, numbers: Any, chosen: int) -> None:
            command = self.story.command(numbers)
            if command is not None:
                self.both([command], chosen, atomic=False)

        @rule(several=st.lists(steps, min_size=2, max_size=6), chosen=st.integers(0, 1))
        def several_things_happen_in_one_batch(self, several: list[Any], chosen: int) -> None:
            commands = [self.story.command(numbers) for numbers in several]
            self.both([command for command in commands if command is not None], chosen, atomic=False)

        @rule(several=st.lists(steps, min_size=2, max_size=4), chosen=st.integers(0, 1))
        def several_things_happen_at_once_or_not_at_all(self, several: list[Any], chosen: int) -> None:
            commands = [command for numbers in several if (command := self.story.command(numbers))]
            self.both(commands, chosen, atomic=True)

        @rule(numbers=steps, chosen=st.integers(0, 1))
        def something_is_tried_out(self, numbers: Any, chosen: int) -> None:
            command = self.story.command(numbers)
            if command is not None:
                trial = type(command)(**{**fields_of(command), "dry_run": True})
                self.both([trial], chosen, atomic=False)

        @precondition(lambda self: self.story.told)
        @rule(one=st.integers(0, 50), chosen=st.integers(0, 1))
        def the_latest_is_undone(self, one: int, chosen: int) -> None:
            recent = self.story.told[-1 - one % len(self.story.told)][1]
            self.both([self.story.undoing(recent)], chosen, atomic=False)

        def both(self, commands: list[Command], chosen: int, *, atomic: bool) -> None:
            self.story.book.now += timedelta(hours=1)
            theirs = world.writers[chosen].handle_all_sync([self.there(c) for c in commands], atomic=atomic)
            if atomic and any(isinstance(result, Exception) for result in theirs):
                self.refused_together(commands, theirs)
                return
            for command, there in zip(commands, theirs, strict=True):
                here = self.here(command)
                if isinstance(there, Outcome):
                    assert isinstance(here, Outcome), here
                    assert [(r.topic, r.stream_id, r.version, r.fact) for r in here.facts] == [
                        (r.topic, r.stream_id, r.version, r.fact) for r in there.facts
                    ]
                    if not command.dry_run:
                        self.note(here, there, self.offset)
                        assert list(there.balances) == list(here.balances)
                else:
                    assert type(here) is type(there), (here, there)

        def refused_together(self, commands: list[Command], theirs: list[Any]) -> None:
            """In memory the items before the one at fault are all right, and it meets the same refusal."""
            at_fault = [r for r in theirs if not isinstance(r, NotCarriedOut)]
            assert len(at_fault) == 1
            state = self.story.book.ledger.state
            mark, length = state.mark(), len(state.record)
            for command, there in zip(commands, theirs, strict=True):
                here = self.here(command, remember=False)
                if isinstance(here, Exception):
                    assert type(here) is type(there)
                    break
            state.roll_back(mark)
            for recorded in state.record[length:]:
                state.by_stream[recorded.stream_id].pop()
            del state.record[length:]

        def here(self, command: Command, *, remember: bool = True) -> Any:
            try:
                outcome = self.story.book.ledger.handle(command)
            except Refusal as refusal:
                return refusal
            if remember and not command.dry_run:
                self.story.remember(command, outcome)
            return outcome

        def there(self, command: Any) -> Any:
            """The command as the database knows it: what is undone stands elsewhere there."""
            if not hasattr(command, "undone_id"):
                return command
            places = {"first": self.offset[command.first], "last": self.offset[command.last]}
            return type(command)(**{**fields_of(command), **places})

        @invariant()
        def registers_say_what_the_terms_in_force_add_up_to(self) -> None:
            state = self.story.book.ledger.state
            posted: dict[Any, Any] = {}
            for terms in in_force(state.record).values():
                for leg in terms.postings if terms.state == "posted" else ():
                    key = (leg.account_id.int, leg.currency)
                    posted[key] = posted.get(key, 0) + leg.amount
            for key, balance in state.sums.items():
                assert balance.posted == posted.get(key, 0)

    return Ledger


def fields_of(command: Command) -> dict[str, Any]:
    return msgspec.structs.asdict(command)


def test_the_ledger_says_what_a_naive_model_says(world: World) -> None:
    run_state_machine_as_test(
        machine(world),
        settings=settings(
            max_examples=60,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
    assert_sound(world.url, world.keys)

"""Reactions: each fact once where nothing fails, at least once where something does, and none holds up another."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from typing import Any, Literal

import psycopg
import pytest

from ledger.identity.commands import AmendUser, RegisterUser
from ledger.record import Recorded
from ledger.writer import Writer
from projections.projector import Projector
from projections.rebuild import rebuild
from scheduler.reactions.progress import MOST_IN_AN_OUTAGE, MOST_TRIES
from scheduler.reactions.reaction import NotNow, SetAside
from scheduler.reactions.reactor import AT_ONCE, Reactor
from tests.support.keys import MemoryKeys
from tests.support.scenario import NOON, Scenario


class Greeter:
    """Notes whom it greeted; `fails` says with what it fails for whom."""

    name = "greeter"

    def __init__(self, begins: Literal["start", "head"] = "start", *topics: str) -> None:
        self.begins: Literal["start", "head"] = begins
        self.topics = topics or ("user.registered",)
        self.greeted: list[str] = []
        self.asked: list[str] = []
        self.fails: Callable[[str], BaseException | None] = lambda name: None

    def react(self, recorded: Recorded) -> None:
        name = recorded.fact.text["name"]
        self.asked.append(name)
        if (error := self.fails(name)) is not None:
            raise error
        self.greeted.append(name)


class World:
    """A record that people register in, and the reactors beside it."""

    def __init__(self, url: str, keys: MemoryKeys) -> None:
        self.url, self.keys, self.now = url, keys, NOON
        self.writer = Writer(url, keys)
        self.writer.start()
        self.book = Scenario(self.writer.handle_sync)
        self.reactors: list[Reactor] = []

    def register(self, *names: str) -> None:
        for name in names:
            self.book.do(
                RegisterUser,
                actor_id=self.book.fresh(),
                book_id=self.book.fresh(),
                email=f"{name}@example.org",
                password="$argon2id$",
                display_name=name,
                currency="EUR",
                time_zone="UTC",
            )

    def reactor(self, greeter: Greeter, **more: Any) -> Reactor:
        made = Reactor(self.url, self.keys, greeter, clock=lambda: self.now, **more)
        self.reactors.append(made)
        return made

    def later(self, **time: float) -> None:
        self.now += dt.timedelta(**time)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement).fetchall()

    def aside(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT tries, reason FROM reactions.trials WHERE set_aside_at IS NOT NULL")


@pytest.fixture
def world(database: str, keys: MemoryKeys) -> Iterator[World]:
    world = World(database, keys)
    yield world
    world.writer.stop()
    for reactor in world.reactors:
        reactor.close()


def test_each_fact_of_its_topics_is_reacted_to_once(world: World) -> None:
    greeter = Greeter()
    reactor = world.reactor(greeter)
    world.register("ada", "bob")
    assert reactor() == 2
    world.book.household()
    assert reactor() == 0
    world.register("eve")
    assert reactor() == 1
    assert greeter.asked == ["ada", "bob", "eve"]
    (position,) = world.rows("SELECT position FROM reactions.positions WHERE reaction = 'greeter'")
    assert position == world.rows("SELECT position FROM record.head")[0]


def test_topics_are_told_apart_to_the_letter(world: World) -> None:
    world.register("ada")
    world.book.do(AmendUser, actor_id=world.book.begun[-1][0].actor_id, display_name="Ada L.")
    beginning, other = Greeter("start", "user.re*"), Greeter("start", "user.renamed")
    joker = Greeter("start", "user_re%", "transaction.posted")
    for greeter, name in ((beginning, "a"), (other, "b"), (joker, "c")):
        greeter.name = name
        world.reactor(greeter)()
    assert beginning.greeted == ["ada", "Ada L."]
    assert other.greeted == ["Ada L."]
    assert joker.asked == []


def test_a_new_reaction_begins_where_it_says(world: World) -> None:
    world.register("ada")
    head, start = Greeter("head"), Greeter("start")
    start.name = "another"
    reactors = [world.reactor(head), world.reactor(start)]
    for reactor in reactors:
        reactor()
    world.register("bob")
    for reactor in reactors:
        reactor()
    assert (head.greeted, start.greeted) == (["bob"], ["ada", "bob"])


def test_many_facts_are_worked_off_in_few_turns(world: World) -> None:
    greeter = Greeter()
    names = [f"p{number}" for number in range(AT_ONCE + 5)]
    world.register(*names)
    world.reactor(greeter, seconds=60)()
    assert greeter.greeted == names


def test_a_turn_ends_when_its_time_is_over(world: World) -> None:
    world.register("ada", "bob")
    greeter = Greeter()
    assert world.reactor(greeter, seconds=0)() == 0
    assert greeter.asked == []


def test_a_process_that_dies_before_it_is_noted_does_it_again(world: World) -> None:
    world.register("ada", "bob")
    dying, greeter = Greeter(), Greeter()

    def die(name: str) -> BaseException | None:
        dying.greeted.append(name)
        return SystemExit()

    dying.fails = die
    reactor = world.reactor(dying)
    with pytest.raises(SystemExit):
        reactor()
    reactor.close()
    assert dying.greeted == ["ada"]
    world.reactor(greeter)()
    assert greeter.greeted == ["ada", "bob"]


def test_a_connection_that_is_lost_before_it_is_noted_does_it_again(world: World) -> None:
    world.register("ada")
    greeter = Greeter()

    def cut(name: str) -> None:
        if len(greeter.asked) == 1:
            world.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'numina reactions'"
            )

    greeter.fails = cut
    reactor = world.reactor(greeter)
    with pytest.raises(psycopg.OperationalError):
        reactor()
    assert reactor() == 1
    assert greeter.greeted == ["ada", "ada"]


def test_several_processes_do_it_once(world: World) -> None:
    """The second looks while the first is at it, and then again."""
    world.register("ada", "bob")
    first, second = Greeter(), Greeter()
    at_it, go_on = threading.Event(), threading.Event()

    def wait(name: str) -> None:
        at_it.set()
        go_on.wait(10)

    first.fails = wait
    turns = [world.reactor(first), world.reactor(second)]
    thread = threading.Thread(target=turns[0])
    thread.start()
    at_it.wait(10)
    assert turns[1]() == 0
    go_on.set()
    thread.join(10)
    assert turns[1]() == 0
    assert (first.greeted, second.asked) == (["ada", "bob"], [])


def test_a_fact_that_fails_is_tried_again_and_holds_up_nobody(world: World) -> None:
    world.register("ada", "bob", "eve")
    greeter = Greeter()
    greeter.fails = lambda name: RuntimeError("eve@example.org") if name == "bob" else None
    reactor = world.reactor(greeter)
    assert reactor() == 2
    assert greeter.greeted == ["ada", "eve"]
    assert reactor() == 0
    world.later(seconds=4)
    assert greeter.asked.count("bob") == 1
    world.later(seconds=1)
    reactor()
    assert greeter.asked.count("bob") == 2
    world.later(seconds=9)
    reactor()
    assert greeter.asked.count("bob") == 2
    greeter.fails = lambda name: None
    world.later(seconds=1)
    assert reactor() == 1
    assert greeter.greeted == ["ada", "eve", "bob"]
    assert world.rows("SELECT * FROM reactions.trials") == []


def test_poison_is_set_aside_with_a_reason_after_so_many_tries(world: World) -> None:
    world.register("bob")
    greeter = Greeter()
    greeter.fails = lambda name: RuntimeError("bob@example.org is to blame")
    reactor = world.reactor(greeter)
    for _ in range(MOST_TRIES + 5):
        reactor()
        world.later(minutes=30)
    assert len(greeter.asked) == MOST_TRIES
    assert world.aside() == [(MOST_TRIES, "RuntimeError")]
    world.register("ada")
    greeter.fails = lambda name: None
    assert reactor() == 1


def test_what_can_never_be_done_is_set_aside_at_once(world: World) -> None:
    world.register("bob", "ada")
    greeter = Greeter()
    greeter.fails = lambda name: SetAside("refused for good") if name == "bob" else None
    assert world.reactor(greeter)() == 1
    assert world.aside() == [(1, "refused for good")]


def test_when_nothing_can_be_done_one_is_tried_after_each_rest(world: World) -> None:
    names = [f"p{number}" for number in range(30)]
    world.register(*names)
    greeter = Greeter()
    greeter.fails = lambda name: NotNow("no server")
    reactor = world.reactor(greeter)
    for _ in range(600):
        reactor()
        world.later(seconds=1)
    assert 10 < len(greeter.asked) < 20
    greeter.fails = lambda name: None
    world.later(minutes=1)
    reactor()
    world.later(minutes=30)
    reactor()
    assert sorted(greeter.greeted) == sorted(names)
    assert world.aside() == []


def test_an_outage_is_sat_out_for_days_and_not_for_ever(world: World) -> None:
    world.register("ada")
    greeter = Greeter()
    greeter.fails = lambda name: NotNow("no server")
    reactor = world.reactor(greeter)
    reactor()
    for _ in range(3 * 48):
        world.later(minutes=30)
        reactor()
    assert world.aside() == []
    for _ in range(2 * 48):
        world.later(minutes=30)
        reactor()
    assert world.aside() == [(MOST_IN_AN_OUTAGE, "no server")]


def test_a_fact_that_cannot_be_read_is_one_that_fails(world: World) -> None:
    world.register("ada", "bob")
    greeter = Greeter()
    reactor = world.reactor(greeter)
    broken = world.rows("SELECT notification_id FROM record.stored_events WHERE topic = 'user.registered'")[
        0
    ][0]
    with psycopg.connect(world.url) as connection:
        connection.execute("ALTER TABLE record.stored_events DISABLE TRIGGER append_only")
        connection.execute(
            "UPDATE record.stored_events SET topic = 'user.registered_anew' WHERE notification_id = %s",
            (broken,),
        )
    greeter.topics = ("user.registered*",)
    assert reactor() == 1
    assert greeter.greeted == ["bob"]
    assert world.rows("SELECT position, reason FROM reactions.trials") == [(broken, "UnknownTopic")]


def test_a_rebuild_does_nothing_in_the_world(world: World) -> None:
    greeter = Greeter()
    reactor = world.reactor(greeter)
    world.register("ada")
    reactor()
    Projector(world.url, world.keys).catch_up()
    rebuild(world.url, world.keys)
    Projector(world.url, world.keys).catch_up()
    assert reactor() == 0
    assert greeter.asked == ["ada"]


def test_facts_about_money_are_not_looked_at(world: World) -> None:
    """The statement finds the small index by its condition."""
    world.register("ada")
    captured: list[str] = []
    reactor = world.reactor(Greeter())
    connection = reactor._open()
    original = connection.execute
    connection.execute = lambda s, *a, **k: captured.append(s) or original(s, *a, **k)  # type: ignore[method-assign]  # to see
    reactor()
    statement = next(s for s in captured if "LIKE ANY" in s)
    with psycopg.connect(world.url) as asking:
        asking.execute("SET enable_seqscan = off")
        given = (0, 10**6, ["user.registered"], 100)
        plan = "\n".join(row[0] for row in asking.execute("EXPLAIN " + statement, given))
    assert "stored_events_standing_idx" in plan

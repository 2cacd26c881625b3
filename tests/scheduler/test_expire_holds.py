"""Lapsed holds are released by the clock: each once, and no other."""

import datetime as dt
from collections.abc import Iterator

import pytest

from ledger.ids import NIL
from ledger.transactions.changes import AmendTransaction, SettleTransaction, VoidTransaction
from ledger.writer import Writer
from projections.projector import Projector
from scheduler.jobs.expire_holds import ExpireHolds
from tests.support.keys import MemoryKeys
from tests.support.registers import assert_sound, balance
from tests.support.scenario import NOON, Scenario, day


class World:
    """A household, its projector, and a clock that is set by hand."""

    def __init__(self, url: str, keys: MemoryKeys) -> None:
        self.url, self.keys = url, keys
        self.now = NOON
        self.writer = Writer(url, keys)
        self.writer.start()
        self.book = Scenario(self.writer.handle_sync).household()
        self.job = ExpireHolds(url, self.writer, clock=lambda: self.now, at_once=3)

    def after(self, **time: float) -> "World":
        self.now = self.book.now = NOON + dt.timedelta(**time)
        Projector(self.url, self.keys).catch_up()
        return self


@pytest.fixture
def world(database: str, keys: MemoryKeys) -> Iterator[World]:
    world = World(database, keys)
    yield world
    world.writer.stop()


EVENING = "2026-03-01T18:00:00+00:00"


def test_without_read_models_nothing_is_due(world: World) -> None:
    assert world.job() == 0


def test_a_hold_is_released_when_its_time_has_come_and_not_before(world: World) -> None:
    hold = world.book.hold(cash=-40, food=40, expires=EVENING)
    assert world.after(hours=5.9).job() == 0
    assert balance(world.url, world.book.accounts["cash"]) == (0, -40, -40)
    assert world.after(hours=6).job() == 1
    assert balance(world.url, world.book.accounts["cash"]) == (0, 0, 0)
    last = assert_sound(world.url, world.keys)[-1]
    assert (last.stream_id, last.topic, last.actor_id) == (hold, "transaction.expired", NIL)
    assert last.book_id == world.book.book_id


def test_running_twice_before_it_is_projected_expires_it_once(world: World) -> None:
    world.book.hold(cash=-40, food=40, expires=EVENING)
    world.after(hours=7)
    assert [world.job(), world.job()] == [1, 0]
    assert len([f for f in assert_sound(world.url, world.keys) if f.topic == "transaction.expired"]) == 1
    assert world.after(hours=7).job() == 0


def test_what_was_settled_voided_or_prolonged_meanwhile_is_left_alone(world: World) -> None:
    book = world.book
    settled, voided, prolonged = (book.hold(cash=-1, food=1, expires=EVENING) for _ in range(3))
    world.after(hours=5)
    book.do(SettleTransaction, transaction_id=settled)
    book.do(VoidTransaction, transaction_id=voided)
    book.do(
        AmendTransaction,
        transaction_id=prolonged,
        date=day("2026-03-01"),
        postings=book.legs(cash=-1, food=1),
        expires_at=NOON + dt.timedelta(days=3),
    )
    world.now = NOON + dt.timedelta(hours=7)
    assert world.job() == 0
    assert world.after(hours=7).job() == 0
    assert world.after(days=4).job() == 1


def test_holds_without_an_expiry_stay(world: World) -> None:
    world.book.hold(cash=-40, food=40)
    assert world.after(days=10_000).job() == 0


def test_those_that_lapsed_first_come_first_and_a_long_sleep_is_made_up_for(world: World) -> None:
    for hour in range(7):
        world.book.hold(cash=-1, food=1, expires=f"2026-03-0{2 + hour}T00:00:00+00:00")
    counts = []
    for _ in range(4):
        counts.append(world.after(days=30).job())
    assert counts == [3, 3, 1, 0]
    assert balance(world.url, world.book.accounts["cash"]) == (0, 0, 0)

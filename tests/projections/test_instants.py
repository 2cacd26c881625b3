"""From instants to positions: the record as it stood at any moment."""

import datetime as dt

from projections.instants import position_at
from tests.support.history import START, History
from tests.support.keys import MemoryKeys
from tests.support.projected import ask
from tests.support.walk import Walk

MOMENT = dt.timedelta(microseconds=1)


def test_an_instant_is_after_all_that_was_recorded_by_then(database: str, keys: MemoryKeys) -> None:
    history, walk = History(database, keys), Walk(3)
    ends: list[tuple[dt.datetime, int]] = []
    for _ in range(12):
        begun = START + dt.timedelta(seconds=history.position)
        ends.append((begun, history.append(walk.steps(1))))
    before = 0
    for instant, position in ends:
        assert ask(database, lambda c, at=instant: position_at(c, at - MOMENT)) == before
        assert ask(database, lambda c, at=instant: position_at(c, at)) == position
        before = position


def test_before_the_first_fact_the_record_was_empty(database: str, keys: MemoryKeys) -> None:
    assert ask(database, lambda c: position_at(c, START)) == 0
    History(database, keys).append(Walk(3).steps(1))
    assert ask(database, lambda c: position_at(c, START - MOMENT)) == 0
    assert ask(database, lambda c: position_at(c, dt.datetime(1, 1, 1, tzinfo=dt.UTC))) == 0
    assert ask(database, lambda c: position_at(c, dt.datetime(9999, 12, 31, tzinfo=dt.UTC))) > 0

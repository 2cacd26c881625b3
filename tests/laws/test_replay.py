"""Law 2: replaying the log gives the live tables, whatever the window size, restart points or order."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from random import Random
from typing import Any

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.sql import SQL, Identifier

from projections.all import ALL
from projections.projector import Projector
from projections.rebuild import rebuild
from tests.support.history import History
from tests.support.keys import MemoryKeys
from tests.support.walk import Walk

Fresh = Callable[[], AbstractContextManager[str]]
calm = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def tables(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all projections, in an order that does not depend on how they came there."""
    found = {}
    with psycopg.connect(url, options="-c search_path=views") as connection:
        for projection in ALL:
            for table in projection.tables:
                rows = connection.execute(
                    SQL("SELECT t::text FROM {} t").format(Identifier(table))
                ).fetchall()
                found[table] = sorted(rows)
    return found


@calm
@given(seed=st.integers(0, 10**9), window=st.integers(1, 40), stops=st.lists(st.integers(1, 60), max_size=4))
def test_replay_gives_the_live_tables_whatever_the_windows_restarts_and_order(
    fresh_database: Fresh, seed: int, window: int, stops: list[int]
) -> None:
    keys = MemoryKeys()
    with fresh_database() as url:
        walk, history = Walk(seed), History(url, keys)
        shuffled = list(ALL)
        Random(seed).shuffle(shuffled)

        def projector() -> Projector:
            return Projector(url, keys, projections=shuffled, most_facts=window)

        projector().catch_up()
        for count in (*stops, 40):
            history.append(walk.steps(count))
            assert projector().catch_up() == history.position
        live = tables(url)
        assert rebuild(url, keys, comparing=True).differences == ()
        assert tables(url) == live


@calm
@given(seed=st.integers(0, 10**9))
def test_each_projection_is_rebuilt_alone_to_the_same_rows(fresh_database: Fresh, seed: int) -> None:
    keys = MemoryKeys()
    with fresh_database() as url:
        history = History(url, keys)
        history.append(Walk(seed).steps(80))
        Projector(url, keys, most_facts=7).catch_up()
        live = tables(url)
        for projection in ALL:
            rebuild(url, keys, [projection.name])
        assert tables(url) == live

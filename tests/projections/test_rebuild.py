"""A rebuild makes the same tables anew beside the live ones; nobody ever sees a half-built one."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, LiteralString

import psycopg
import pytest

from ledger.session import session_url
from projections import tables
from projections.all import ALL
from projections.projector import Projector
from projections.rebuild import RebuildRunning, UnknownProjection, rebuild
from projections.verify import verify
from tests.support.history import History
from tests.support.keys import MemoryKeys
from tests.support.walk import Walk


@pytest.fixture
def walk() -> Walk:
    return Walk(11)


@pytest.fixture
def history(database: str, keys: MemoryKeys, walk: Walk) -> History:
    history = History(database, keys)
    history.append(walk.steps(200))
    return history


@pytest.fixture
def projected(database: str, keys: MemoryKeys, history: History) -> str:
    """The URL of a database with a projected history."""
    assert Projector(database, keys).catch_up() == history.position
    return database


def read_on(url: str, stop: threading.Event) -> int:
    """Reads like the service does, over one connection; the number of reads."""
    reads = 0
    with psycopg.connect(
        url, autocommit=True, options="-c role=numina_service -c search_path=views"
    ) as connection:
        connection.prepare_threshold = 2
        expected = connection.execute("SELECT count(*), sum(posted) FROM balances").fetchone()
        facts = connection.execute("SELECT count(*) FROM audit").fetchone()
        while not stop.is_set():
            assert connection.execute("SELECT count(*), sum(posted) FROM balances").fetchone() == expected
            assert connection.execute("SELECT count(*) FROM audit").fetchone() == facts
            reads += 1
    return reads


@pytest.mark.parametrize("names", [None, {"balances"}, {"audit", "balances"}])
def test_readers_never_see_a_half_built_table(
    projected: str, keys: MemoryKeys, names: set[str] | None
) -> None:
    stop = threading.Event()
    with ThreadPoolExecutor(3) as readers:
        reading = [readers.submit(read_on, projected, stop) for _ in range(3)]
        try:
            for _ in range(3):
                assert rebuild(projected, keys, names, comparing=True).differences == ()
        finally:
            stop.set()
        assert all(done.result() > 10 for done in reading)


def test_a_rebuild_beside_a_working_projector_loses_nothing(
    projected: str, keys: MemoryKeys, walk: Walk, history: History
) -> None:
    stop = threading.Event()
    projecting = threading.Thread(target=Projector(projected, keys, most_facts=20).run, args=(stop,))
    projecting.start()
    done = threading.Event()

    def record() -> None:
        while not done.is_set():
            history.append(walk.steps(3))
            time.sleep(0.01)

    recording = threading.Thread(target=record)
    recording.start()
    try:
        for names in (None, {"register"}, {"seal", "rollup"}, None):
            assert rebuild(projected, keys, names, comparing=True).differences == ()
    finally:
        done.set()
        recording.join()
        stop.set()
        projecting.join()
    assert Projector(projected, keys).catch_up() == history.position
    assert not [m for m in verify(projected, keys).mismatches if m.rule.startswith("views")]


@pytest.mark.parametrize("names", [None, {"balances", "register"}])
@pytest.mark.parametrize("comparing", [False, True])
def test_a_rebuild_while_the_projector_is_away_gives_nobody_a_fact_twice(
    projected: str, keys: MemoryKeys, walk: Walk, history: History, names: set[str] | None, comparing: bool
) -> None:
    behind = history.position
    history.append(walk.steps(100))
    outcome = rebuild(projected, keys, names, comparing=comparing)
    assert outcome.differences == ()
    assert outcome.position == (behind if names or comparing else history.position)
    assert Projector(projected, keys).catch_up() == history.position
    assert not [m for m in verify(projected, keys).mismatches if m.rule.startswith("views")]


def test_a_rebuild_repairs_what_was_changed_and_says_so(projected: str, keys: MemoryKeys) -> None:
    with psycopg.connect(projected, options="-c role=numina_projector") as connection:
        connection.execute("UPDATE views.balances SET posted = posted + 1")
        connection.execute("DELETE FROM views.audit WHERE position <= 5")
    found = {d.table: d for d in rebuild(projected, keys, comparing=True).differences}
    assert found.keys() == {"balances", "audit"}
    assert (found["audit"].missing, found["audit"].surplus) == (5, 0)
    assert found["balances"].missing == found["balances"].surplus > 0
    assert rebuild(projected, keys, comparing=True).differences == ()


def test_progress_is_told_up_to_the_end(projected: str, keys: MemoryKeys) -> None:
    told: list[tuple[int, int]] = []
    outcome = rebuild(projected, keys, progress=lambda done, of: told.append((done, of)))
    assert told[-1] == (outcome.position, outcome.position)


def test_what_an_interrupted_rebuild_left_is_cleared_away(projected: str, keys: MemoryKeys) -> None:
    with tables.connect(projected, "views_next") as connection:
        tables.create(connection, "views_next", ALL[:2], indexes=False)
    rebuild(projected, keys)
    with psycopg.connect(projected) as connection:
        rows = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'views%'").fetchall()
    assert rows == [("views",)]


def test_two_rebuilds_do_not_run_at_once(projected: str, keys: MemoryKeys) -> None:
    with tables.connect(projected, "views") as connection:
        assert tables.try_lock(connection, tables.REBUILDING)
        with pytest.raises(RebuildRunning):
            rebuild(projected, keys)


def test_an_unknown_projection_is_refused(projected: str, keys: MemoryKeys) -> None:
    with pytest.raises(UnknownProjection):
        rebuild(projected, keys, ["nonsense"])


def test_a_reader_in_the_way_delays_the_swap_of_one_projection_and_not_of_all(
    projected: str, keys: MemoryKeys
) -> None:
    with psycopg.connect(session_url(projected, "numina_service", search_path="views")) as reader:
        reader.execute("SELECT count(*) FROM balances")
        rebuild(projected, keys)
        assert reader.execute("SELECT count(*) > 0 FROM balances").fetchone() == (True,)
        with ThreadPoolExecutor(1) as rebuilding:
            waiting = rebuilding.submit(rebuild, projected, keys, ["balances"])
            time.sleep(1)
            assert not waiting.done()
            reader.rollback()
            assert waiting.result().names == ("balances",)


def test_an_answer_of_several_statements_sees_no_other_tables_half_way(
    projected: str, keys: MemoryKeys, history: History
) -> None:
    async def count(reader: psycopg.AsyncConnection[Any], table: LiteralString) -> int:
        row = await (await reader.execute("SELECT count(*) FROM " + table)).fetchone()
        assert row is not None
        return int(row[0])

    async def answer() -> tuple[int, bool, int]:
        url = session_url(projected, "numina_service", search_path="views")
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as reader:
            await tables.keep(reader)
            balances = await count(reader, "balances")
            rebuilding = asyncio.create_task(asyncio.to_thread(rebuild, projected, keys))
            await asyncio.wait([rebuilding], timeout=1.5)
            swapped = rebuilding.done()
            facts = await count(reader, "audit")
            await reader.rollback()
            await rebuilding
            return balances, swapped, facts

    balances, swapped, facts = asyncio.run(answer())
    assert balances > 0
    assert not swapped
    assert facts == history.position

"""A process of its own for the projections that need no text: the same rows, and never a process or table left."""

import os
import signal
import subprocess
import sys
import time

import psutil
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from projections import filling, tables
from projections.all import ALL
from projections.apart import Apart, Failed, able
from projections.projector import Projector
from projections.rebuild import rebuild
from tests.support.history import History
from tests.support.keys import MemoryKeys
from tests.support.walk import Walk

_ABLE = [p for p in ALL if able(p)]


@pytest.fixture(autouse=True)
def every_rebuild_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "MANY", 1)


@pytest.fixture
def projected(database: str, keys: MemoryKeys) -> str:
    """The URL of a database with a projected history."""
    history = History(database, keys)
    history.append(Walk(17).steps(200))
    assert Projector(database, keys).catch_up() == history.position
    return database


@pytest.fixture
def waiting(projected: str) -> str:
    """The same, with empty tables for a process to fill."""
    with tables.connect(projected, "views_next") as connection:
        tables.create(connection, "views_next", ALL, indexes=False)
    return projected


def schemas(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'views%'").fetchall()
    return [name for (name,) in rows]


def children() -> list[psutil.Process]:
    return [
        child for child in psutil.Process().children() if "projections.apart" in " ".join(child.cmdline())
    ]


def gone(pid: int, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("names", [None, {"balances"}, {"register", "seal"}, {"register"}])
def test_a_rebuild_with_two_processes_makes_the_same_rows(
    projected: str, keys: MemoryKeys, names: set[str] | None
) -> None:
    told: list[tuple[int, int]] = []
    done = rebuild(projected, keys, names, comparing=True, progress=lambda at, of: told.append((at, of)))
    assert done.differences == ()
    assert told[-1] == (done.position, done.position)
    assert [at for at, _ in told] == sorted(at for at, _ in told)
    assert children() == []


def test_what_needs_text_stays_where_the_keys_are() -> None:
    assert {p.name for p in ALL if p.worded} == {
        "books",
        "accounts",
        "invitations",
        "keys",
        "transactions",
        "sessions",
        "statements",
    }
    assert {p.name for p in _ABLE} == {
        "audit",
        "balances",
        "erasures",
        "people",
        "register",
        "rollup",
        "seal",
        "security",
    }


def test_a_rebuild_fails_when_its_second_process_is_killed_and_leaves_nothing(
    projected: str, keys: MemoryKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Doomed(Apart):
        def go(self, goal: int) -> None:
            super().go(goal)
            os.kill(self.pid, signal.SIGKILL)

    with monkeypatch.context() as patch:
        patch.setattr(filling, "Apart", Doomed)
        with pytest.raises(Failed, match="-9"):
            rebuild(projected, keys)
    assert schemas(projected) == ["views"]
    assert children() == []
    assert rebuild(projected, keys, comparing=True).differences == ()


def test_a_defect_in_the_second_process_is_told_with_its_traceback(waiting: str) -> None:
    with psycopg.connect(waiting, options="-c role=numina_projector") as connection:
        connection.execute("DROP TABLE views_next.rollup")
    with Apart(waiting, "views_next", _ABLE) as apart:
        apart.go(200)
        with pytest.raises(Failed, match='relation "rollup" does not exist'):
            apart.wait(200, seconds=30)


def test_a_lost_database_is_told_as_such(projected: str) -> None:
    nowhere = make_conninfo(projected, dbname="nowhere")
    with Apart(nowhere, "views_next", _ABLE) as apart, pytest.raises(psycopg.OperationalError):
        apart.wait(10, seconds=30)


def test_leaving_ends_the_process_whatever_it_is_doing(waiting: str) -> None:
    with psycopg.connect(waiting, options="-c role=numina_projector") as connection:
        connection.execute("LOCK TABLE views_next.balances")
        with Apart(waiting, "views_next", _ABLE) as apart:
            apart.go(100)
            assert not apart.wait(100, seconds=1)
        assert gone(apart.pid, seconds=1)


_PARENT = """
import signal, sys, time
# Whoever runs this in the background may have had SIGINT ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
from projections.all import ALL
from projections.apart import Apart, able
with Apart(sys.argv[1], "views_next", [p for p in ALL if able(p)]) as apart:
    apart.go(100)
    print(apart.pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_second_process_goes_with_the_first(waiting: str, sent: signal.Signals) -> None:
    with psycopg.connect(waiting, options="-c role=numina_projector") as connection:
        connection.execute("LOCK TABLE views_next.balances")
        parent = subprocess.Popen(
            [sys.executable, "-c", _PARENT, waiting],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(1)
        assert psutil.pid_exists(child)
        parent.send_signal(sent)
        parent.communicate(timeout=20)
        assert gone(child)

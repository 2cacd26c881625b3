"""Homes and servers of their own for what starts and stops them."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp

import psutil
import pytest

from numina import cluster
from numina.embedded import EmbeddedPostgres


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every account may enter; pytest's own tmp_path is closed to others."""
    path = Path(mkdtemp(prefix="numina-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where root's unreachable homes keep their data instead, for this test."""
    place = folder / "elsewhere"
    monkeypatch.setattr(cluster, "ELSEWHERE", place)
    return place


Start = Callable[[Path], EmbeddedPostgres]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a server in a home, and stops it after the test."""
    started: list[EmbeddedPostgres] = []

    def go(home: Path) -> EmbeddedPostgres:
        server = EmbeddedPostgres(home, durable=False)
        started.append(server)
        server.start()
        return server

    yield go
    for server in started:
        server.stop()


def postmaster_of(home: Path) -> psutil.Process:
    """The running server of a home."""
    text = (home / "cluster" / "data" / "postmaster.pid").read_text()
    return psutil.Process(int(text.splitlines()[0]))


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def alive(process: psutil.Process) -> bool:
    """Whether it still works: one that ended counts as gone before anybody asked for its exit code."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def eventually(condition: Callable[[], bool], limit: float = 20.0) -> bool:
    """Whether the condition came true within `limit` seconds."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()

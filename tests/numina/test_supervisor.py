"""The supervisor keeps workers running, paces those that keep dying, and ends them all."""

import sys
import time
from pathlib import Path

import psutil
import pytest

from numina.supervisor import FIRST_PAUSE, LONGEST_PAUSE, Supervisor, Worker
from tests.numina.conftest import alive, eventually, kill

SLEEPING = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
DYING = "raise SystemExit(7)"


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def worker(program: str, name: str = "one") -> Worker:
    return Worker(name, (sys.executable, "-c", program), {})


def test_a_killed_worker_is_started_again() -> None:
    said: list[str] = []
    supervisor = Supervisor([worker(SLEEPING)], said.append)
    try:
        supervisor.tend()
        first = supervisor.processes()["one"]
        kill(first)

        def another_one() -> bool:
            supervisor.tend()
            return supervisor.processes().get("one", first) != first

        assert eventually(another_one)
        assert said == [f"one was killed by signal 9; starting it again in {FIRST_PAUSE:g} s"]
    finally:
        supervisor.stop(5)


def test_a_worker_that_keeps_dying_is_started_ever_more_rarely() -> None:
    said: list[str] = []
    clock = Time()
    supervisor = Supervisor([worker(DYING)], said.append, clock)
    pauses = []
    for turn in range(1, 10):

        def died(times: int = turn) -> bool:
            supervisor.tend()
            return supervisor.failures("one") == times

        assert eventually(died)
        pause = 0.0
        while not supervisor.processes():
            clock.now += 0.25
            pause += 0.25
            supervisor.tend()
        pauses.append(pause)
    supervisor.stop(5)
    assert pauses == sorted(pauses)
    assert pauses[0] == FIRST_PAUSE
    assert pauses[-1] == LONGEST_PAUSE
    assert all("exit code 7" in line for line in said)


def test_a_worker_that_was_steady_starts_again_at_once() -> None:
    clock = Time()
    supervisor = Supervisor([worker(SLEEPING)], lambda line: None, clock)
    try:
        supervisor.tend()
        for _ in range(3):
            clock.now += 60
            process = psutil.Process(supervisor.processes()["one"])
            process.kill()
            assert eventually(lambda process=process: not alive(process))
            supervisor.tend()
            clock.now += FIRST_PAUSE
            supervisor.tend()
            assert supervisor.failures("one") == 1
    finally:
        supervisor.stop(5)


def test_stopping_ends_every_worker() -> None:
    supervisor = Supervisor([worker(SLEEPING, "a"), worker(SLEEPING, "b")], lambda line: None)
    supervisor.tend()
    processes = [psutil.Process(pid) for pid in supervisor.processes().values()]
    assert len(processes) == 2
    supervisor.stop(5)
    assert not any(map(alive, processes))
    assert supervisor.processes() == {}


@pytest.mark.parametrize("impatient", [False, True])
def test_a_worker_that_will_not_end_is_killed(tmp_path: Path, impatient: bool) -> None:
    supervisor = Supervisor([worker(STUBBORN)], lambda line: None)
    supervisor.tend()
    process = psutil.Process(supervisor.processes()["one"])
    time.sleep(0.3)
    begun = time.monotonic()
    supervisor.stop(60 if impatient else 0.5, impatient=lambda: impatient)
    assert not alive(process)
    assert time.monotonic() - begun < 5

"""The clock runs every job at once and again, never beside itself, whatever becomes of it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from scheduler.clock import Job, run

OFTEN = timedelta(milliseconds=50)


@contextmanager
def ticking(*jobs: Job) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(jobs, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_a_job_runs_at_once_and_then_at_its_interval() -> None:
    turns: list[float] = []
    with ticking(Job("count", OFTEN, lambda: turns.append(time.monotonic()))):
        assert eventually(lambda: len(turns) >= 3)


def test_a_job_that_raises_gets_its_next_turn() -> None:
    turns: list[int] = []

    def fail() -> None:
        turns.append(1)
        raise RuntimeError("on purpose")

    with ticking(Job("fail", OFTEN, fail)):
        assert eventually(lambda: len(turns) >= 2)


def test_a_slow_job_never_runs_beside_itself() -> None:
    running, most, turns = 0, 0, 0

    def work() -> None:
        nonlocal running, most, turns
        running += 1
        most = max(most, running)
        time.sleep(0.15)
        running -= 1
        turns += 1

    with ticking(Job("slow", OFTEN, work)):
        assert eventually(lambda: turns >= 3)
    assert most == 1


def test_stopping_finishes_the_job_at_work() -> None:
    began, finished = threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        time.sleep(0.3)
        finished.set()

    with ticking(Job("long", timedelta(hours=1), work)):
        assert began.wait(10)
    assert finished.is_set()


def test_no_jobs_at_all_is_fine() -> None:
    with ticking():
        time.sleep(0.05)

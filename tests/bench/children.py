"""Work in fresh processes, so that a client's interpreter, memory and settings are its own."""

from __future__ import annotations

import multiprocessing
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from threading import Barrier
from typing import Any, TypeVar

R = TypeVar("R")

_spawn = multiprocessing.get_context("spawn")


class ChildFailed(Exception):
    """A child process raised; the message is its traceback."""


def in_child(function: Callable[..., R], *arguments: object, limit: float = 1800) -> R:
    """The result of `function(*arguments)`, run in a process started for it alone.

    Raises ChildFailed when it raised, died, or took longer than `limit` seconds.
    """
    results: list[R] = together(1, _alone, function, arguments, limit=limit)
    return results[0]


def _alone(_ready: Barrier, _index: int, function: Callable[..., R], arguments: tuple[object, ...]) -> R:
    return function(*arguments)


def together(count: int, function: Callable[..., R], *arguments: object, limit: float = 1800) -> list[R]:
    """The results of `count` processes, each running `function(ready, index, *arguments)`.

    A child calls `ready.wait()` when it has connected; all of them go on at that moment.
    Raises ChildFailed when one raised, died, or they took longer than `limit` seconds.
    """
    deadline = time.monotonic() + limit
    ready = _spawn.Barrier(count)
    ends, processes = [], []
    for index in range(count):
        ours, theirs = _spawn.Pipe(duplex=False)
        order = (theirs, function, ready, index, *arguments)
        process = _spawn.Process(target=_report, args=order, daemon=True)
        process.start()
        theirs.close()
        ends.append(ours)
        processes.append(process)
    try:
        return [_result(end, deadline) for end in ends]
    finally:
        for process in processes:
            process.join(0.5)
            process.kill()


@contextmanager
def beside(function: Callable[..., R], *arguments: object) -> Iterator[Callable[[], R]]:
    """Runs `function(ready, stop, *arguments)` in a process of its own while the block runs.

    The block begins when the child has set `ready`. The yielded callable sets `stop` and gives the result.
    """
    ready, stop = _spawn.Event(), _spawn.Event()
    ours, theirs = _spawn.Pipe(duplex=False)
    process = _spawn.Process(
        target=_report_beside, args=(theirs, function, ready, stop, *arguments), daemon=True
    )
    process.start()
    theirs.close()

    def result() -> R:
        stop.set()
        return _result(ours, time.monotonic() + 60)  # type: ignore[no-any-return]  # as the function says

    try:
        if not ready.wait(60):
            _result(ours, time.monotonic() + 1)
        yield result
    finally:
        stop.set()
        process.join(1)
        process.kill()


def _report_beside(end: Connection, function: Callable[..., Any], *arguments: object) -> None:
    try:
        end.send((True, function(*arguments)))
    except Exception:
        end.send((False, traceback.format_exc()))


def _report(end: Connection, function: Callable[..., Any], ready: Barrier, *arguments: object) -> None:
    try:
        end.send((True, function(ready, *arguments)))
    except Exception:
        ready.abort()
        end.send((False, traceback.format_exc()))


def _result(end: Connection, deadline: float) -> Any:
    if not end.poll(max(0.0, deadline - time.monotonic())):
        raise ChildFailed("no result within the time limit")
    try:
        fine, value = end.recv()
    except EOFError:
        raise ChildFailed("the process ended without a result") from None
    if not fine:
        raise ChildFailed(value)
    return value

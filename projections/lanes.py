"""Rebuilding on two cores: projections do not know of each other, so each is applied in a transaction of its own."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from projections.projection import Projection, Window
from projections.tables import Connection

LANES = 2
"""Two keep Python busy while PostgreSQL works; more only wait for Python's lock."""


class Lanes:
    """Connections to one schema, and a thread for each."""

    def __init__(self, connections: Iterable[Connection]) -> None:
        self._free: SimpleQueue[Connection] = SimpleQueue()
        self._connections = list(connections)
        for connection in self._connections:
            self._free.put(connection)
        self._threads = ThreadPoolExecutor(len(self._connections), thread_name_prefix="lane")
        self._seconds: dict[str, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown()
        for connection in self._connections:
            connection.close()

    def apply(self, window: Window, projections: Iterable[Projection]) -> None:
        """Brings every projection past `window`; the tracking position is left to the caller."""

        # The longest first, so that the others fill the second lane beside it.
        order = sorted(projections, key=lambda p: -self._seconds.get(p.name, 0.0))
        self.run([partial(self._apply, projection, window) for projection in order])

    def run(self, tasks: Iterable[Callable[[Connection], object]]) -> None:
        """Carries out all tasks, each with a connection that is its own meanwhile. Raises what one raised."""

        def lend(task: Callable[[Connection], object]) -> None:
            connection = self._free.get()
            try:
                task(connection)
            finally:
                self._free.put(connection)

        for done in [self._threads.submit(lend, task) for task in tasks]:
            done.result()

    def _apply(self, projection: Projection, window: Window, connection: Connection) -> None:
        start = time.perf_counter()
        with connection.transaction(), connection.cursor() as cursor:
            projection.apply(window, cursor)
        known = self._seconds.get(projection.name, 0.0)
        self._seconds[projection.name] = known + time.perf_counter() - start


@contextmanager
def calm() -> Iterator[None]:
    """Sets Python up for going through millions of objects that live for a moment.

    The collector would walk each window several times for nothing, as facts make no cycles. And a thread
    that hears from PostgreSQL must not wait the usual five milliseconds for the one that decodes.
    """
    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(500_000, *thresholds[1:])
    sys.setswitchinterval(0.001)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        sys.setswitchinterval(interval)

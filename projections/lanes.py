"""Rebuilding on two cores: projections do not know of each other, so each is applied in transactions of its own."""

from __future__ import annotations

import gc
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from projections.projection import Projection, Window
from projections.tables import Connection

LANES = 2
"""Two keep Python busy while PostgreSQL works; more only wait for Python's lock."""
AHEAD = 2
"""Windows that one lane may be ahead of another."""


class Lanes:
    """Connections to one schema, a thread for each, and the projections dealt out among them."""

    def __init__(self, connections: Iterable[Connection], projections: Sequence[Projection]) -> None:
        self._lanes = [_Lane(connection) for connection in connections]
        self._projections = projections
        self._dealt = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for lane in self._lanes:
            lane.close()

    def apply(self, windows: Iterable[Window]) -> Iterator[int]:
        """Brings every projection past each window; yields the positions that all have reached. The tracking
        position is left to the caller."""
        under_way: deque[tuple[int, list[Future[None]]]] = deque()
        for window in windows:
            if not self._dealt:
                self._deal(window)
                yield window.last
                continue
            under_way.append((window.last, [lane.apply(window) for lane in self._lanes]))
            if len(under_way) > AHEAD:
                yield _wait(*under_way.popleft())
        while under_way:
            yield _wait(*under_way.popleft())

    def run(self, tasks: Sequence[Callable[[Connection], object]]) -> None:
        """Carries out all tasks, each with a connection that is its own meanwhile. Raises what one raised."""
        waiting = deque(tasks)

        def work(connection: Connection) -> None:
            while waiting:
                waiting.popleft()(connection)

        for done in [lane.thread.submit(work, lane.connection) for lane in self._lanes]:
            done.result()

    def _deal(self, window: Window) -> None:
        """Applies the first window, and gives each projection to the lane with the least work, longest first."""
        seconds = {p: self._lanes[0].apply_one(p, window) for p in self._projections}
        for projection in sorted(seconds, key=lambda p: -seconds[p]):
            lane = min(self._lanes, key=lambda lane: sum(seconds[p] for p in lane.projections))
            lane.projections.append(projection)
        self._dealt = True


class _Lane:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="lane")
        self.projections: list[Projection] = []

    def apply(self, window: Window) -> Future[None]:
        """All of the lane's projections, once it is through with the windows before."""
        return self.thread.submit(self._apply, window)

    def apply_one(self, projection: Projection, window: Window) -> float:
        """The seconds that it took."""
        start = time.perf_counter()
        with self.connection.transaction(), self.connection.cursor() as cursor:
            projection.apply(window, cursor)
        return time.perf_counter() - start

    def close(self) -> None:
        self.thread.shutdown(cancel_futures=True)
        self.connection.close()

    def _apply(self, window: Window) -> None:
        for projection in self.projections:
            self.apply_one(projection, window)


def _wait(position: int, lanes: Iterable[Future[None]]) -> int:
    for lane in lanes:
        lane.result()
    return position


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

"""Load at little cost to the machine: requests encoded beforehand, sent closed loop or at a fixed rate."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import uvloop

from tests.bench.connection import Address, Connection, LoadFailed

SILENCE_LIMIT = 60.0
"""Seconds without any answer after which a run is given up."""
TICK = 0.001
"""Seconds between looks at what is due in an open loop."""


@dataclass
class Answers:
    """What a run gave: latencies in seconds in the order of the answers, and the span of them."""

    latencies: list[float] = field(default_factory=list)
    started: float = 0.0
    ended: float = 0.0
    kept: list[bytes] = field(default_factory=list)
    client: float = 0.0
    """Processor seconds that the load itself took within the span."""

    @property
    def span(self) -> float:
        return self.ended - self.started

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.span


def closed(
    address: Address, requests: Iterable[bytes], connections: int, *, warm: int = 0, keep: bool = False
) -> Answers:
    """Every request once, each connection sending the next when its last was answered.

    The first `warm` answers are not counted. `keep` returns the answers whole, in the order of their arrival.
    Raises LoadFailed.
    """
    return _run(_Closed(address, requests, connections, warm=warm, keep=keep))


def until(
    address: Address, requests: Iterable[bytes], connections: int, stopped: Callable[[], bool]
) -> Answers:
    """Like closed, and ends as well when `stopped()` says so. Raises LoadFailed."""
    return _run(_Closed(address, requests, connections, stopped=stopped))


def at_rate(address: Address, requests: Iterable[bytes], connections: int, rate: float) -> Answers:
    """Every request once, `rate` a second whatever the answers do; latencies count from when each was due.

    Raises LoadFailed.
    """
    return _run(_AtRate(address, requests, connections, rate))


class _Closed:
    """A closed loop."""

    def __init__(
        self,
        address: Address,
        requests: Iterable[bytes],
        connections: int,
        *,
        warm: int = 0,
        keep: bool = False,
        stopped: Callable[[], bool] | None = None,
    ) -> None:
        self.answers = Answers()
        self._address = address
        self._requests: Iterator[bytes] = iter(requests)
        self._count = connections
        self._warm = warm
        self._keep = keep
        self._stopped = stopped
        self._under_way = 0
        self._last = 0.0
        self._client = 0.0
        self._connections: list[Connection] = []
        self._done: asyncio.Future[None] | None = None

    async def drive(self) -> None:
        loop = asyncio.get_running_loop()
        self._done = loop.create_future()
        try:
            for _ in range(self._count):
                _, connection = await loop.create_connection(
                    lambda: Connection(self._answered, self._failed), self._address.host, self._address.port
                )
                self._connections.append(connection)
            self.answers.started = self._last = time.perf_counter()
            self._client = time.process_time()
            self._begin()
            while not self._done.done():
                await asyncio.wait([self._done], timeout=SILENCE_LIMIT / 4)
                if time.perf_counter() - self._last > SILENCE_LIMIT:
                    self._failed("the service stopped answering")
            self._done.result()
        finally:
            for connection in self._connections:
                connection.close()

    def _begin(self) -> None:
        for connection in self._connections:
            self._next(connection)

    def _next(self, connection: Connection) -> None:
        """Gives the connection its next request, or ends the run with the last answer."""
        message = None if self._stopped is not None and self._stopped() else next(self._requests, None)
        if message is not None:
            self._under_way += 1
            connection.send(message, time.perf_counter())
        elif not self._under_way:
            self._finish()

    def _answered(self, connection: Connection, answer: bytes) -> None:
        self._under_way -= 1
        self._count_answer(connection, answer)
        self._next(connection)

    def _count_answer(self, connection: Connection, answer: bytes) -> None:
        self._last = now = time.perf_counter()
        if self._warm:
            self._warm -= 1
            self.answers.started = now
            self._client = time.process_time()
            return
        self.answers.latencies.append(now - connection.since)
        if self._keep:
            self.answers.kept.append(answer)

    def _finish(self) -> None:
        self.answers.ended = self._last
        self.answers.client = time.process_time() - self._client
        if self._done is not None and not self._done.done():
            self._done.set_result(None)

    def _failed(self, why: str) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(LoadFailed(why))


class _AtRate(_Closed):
    """An open loop: what is due and finds no free connection waits for one, and its wait counts."""

    def __init__(self, address: Address, requests: Iterable[bytes], connections: int, rate: float) -> None:
        super().__init__(address, requests, connections)
        self._rate = rate
        self._sent = 0
        self._idle: list[Connection] = []
        self._exhausted = False

    def _begin(self) -> None:
        self._idle = list(self._connections)
        self._tick()

    def _tick(self) -> None:
        while self._idle and not self._exhausted:
            due = self.answers.started + self._sent / self._rate
            if due > time.perf_counter():
                break
            message = next(self._requests, None)
            if message is None:
                self._exhausted = True
                break
            self._sent += 1
            self._under_way += 1
            self._idle.pop().send(message, due)
        if self._exhausted and not self._under_way:
            self._finish()
        elif not self._exhausted:
            asyncio.get_running_loop().call_later(TICK, self._tick)

    def _answered(self, connection: Connection, answer: bytes) -> None:
        self._under_way -= 1
        self._count_answer(connection, answer)
        self._idle.append(connection)
        if self._exhausted and not self._under_way:
            self._finish()


def _run(load: _Closed) -> Answers:
    """Drives the load without the garbage collector, whose pauses would be charged to the service."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(load.drive())
    finally:
        gc.enable()
        gc.unfreeze()
    return load.answers

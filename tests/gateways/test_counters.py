"""Counts are forgotten in time, bounded in memory, shared through Redis, and there even when Redis is not."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from gateways.counters import NONE, MemoryCounters
from gateways.shared_counters import RedisCounters
from tests.support.redis_server import RedisServer, needed, redis_server


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


def test_counts_begin_anew_after_their_time() -> None:
    clock = Clock()
    counters = MemoryCounters(clock=clock)

    async def run() -> None:
        assert await counters.hit(("a",), 10) == (1, 10)
        clock.seconds += 4
        assert await counters.hit(("a",), 10) == (2, 6)
        assert await counters.now(("a",)) == (2, 6)
        assert await counters.now(("b",)) == NONE
        clock.seconds += 6
        assert await counters.now(("a",)) == NONE
        assert await counters.hit(("a",), 10) == (1, 10)
        await counters.forget(("a",), ("never counted",))
        assert await counters.now(("a",)) == NONE
        await counters.close()

    asyncio.run(run())


def test_memory_is_bounded_and_what_is_over_makes_room() -> None:
    clock = Clock()
    counters = MemoryCounters(most=100, clock=clock)

    async def run() -> None:
        for number in range(1000):
            await counters.hit((number,), 10)
            assert len(counters._counts) <= 101
        assert await counters.now((0,)) == NONE
        assert await counters.now((999,)) != NONE
        clock.seconds += 11
        for number in range(60):
            await counters.hit(("later", number), 10)
        assert len(counters._counts) <= 61

    asyncio.run(run())


def test_counting_in_memory_costs_microseconds() -> None:
    counters = MemoryCounters()

    async def run() -> float:
        began = time.process_time()
        for _ in range(20_000):
            await counters.hit(("account", 12345), 10)
        return (time.process_time() - began) / 20_000

    assert asyncio.run(run()) < 10e-6


@needed
def test_two_processes_count_together_in_redis(redis: RedisServer) -> None:
    async def run() -> None:
        one, two = RedisCounters(redis.url), RedisCounters(redis.url)
        assert (await one.hit(("shared", 7), 0.3)).number == 1
        count = await two.hit(("shared", 7), 0.3)
        assert count.number == 2
        assert 0 < count.left <= 0.3
        assert (await one.now(("shared", 7))).number == 2
        assert await one.now(("other",)) == NONE
        await asyncio.sleep(0.35)
        assert await two.now(("shared", 7)) == NONE
        await one.hit(("shared", 7), 10)
        await two.forget(("shared", 7))
        assert await one.now(("shared", 7)) == NONE
        await one.close()
        await two.close()

    asyncio.run(run())


@needed
def test_without_redis_each_process_counts_for_itself_and_says_so_once() -> None:
    async def run(server: RedisServer) -> None:
        counters = RedisCounters(server.url, avoided=0.1)
        assert (await counters.hit(("key",), 10)).number == 1
        server.stop()
        with capture_logs() as logs:
            assert (await counters.hit(("key",), 10)).number == 1
            assert (await counters.hit(("key",), 10)).number == 2
            assert (await counters.now(("key",))).number == 2
            await asyncio.sleep(0.15)
            assert (await counters.now(("key",))).number == 2
            await asyncio.sleep(0.15)
            await counters.forget(("key",))
            assert await counters.now(("key",)) == NONE
            server.start()
            await asyncio.sleep(0.15)
            assert (await counters.hit(("key",), 10)).number == 1
        assert [entry["event"] for entry in logs] == [
            "Redis does not answer: this process counts for itself",
            "Redis answers again",
        ]
        await counters.close()

    with redis_server() as server:
        asyncio.run(run(server))


def test_a_redis_that_hangs_is_not_waited_for() -> None:
    async def run() -> float:
        silent = await asyncio.start_server(lambda reader, _writer: reader.read(), "127.0.0.1", 0)
        port = silent.sockets[0].getsockname()[1]
        counters = RedisCounters(f"redis://127.0.0.1:{port}/0")
        began = time.monotonic()
        for _ in range(100):
            await counters.hit(("key",), 10)
        waited = time.monotonic() - began
        await counters.close()
        silent.close()
        return waited

    assert asyncio.run(run()) < 1.5

"""What slows guessing down, apart from what is guessed at."""

import asyncio

import pytest

from api.throttle import MOST_AT_ONCE, PROOFS, Backoff, Throttle, TooManyAttempts
from gateways.counters import MemoryCounters

KEY = ("code", 7)


class WrongCode(Exception):
    pass


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(free=3, first=2, most=60)
    assert [backoff.pause(failed) for failed in range(1, 11)] == [0, 0, 2, 4, 8, 16, 32, 60, 60, 60]
    assert Backoff().pause(10_000) == 900


def test_codes_are_slowed_and_a_right_one_begins_anew() -> None:
    clock = Clock()
    throttle = Throttle(MemoryCounters(clock=clock))

    async def attempt(right: bool) -> None:
        async with throttle.guarded(KEY, PROOFS, WrongCode):
            if not right:
                raise WrongCode

    async def run() -> None:
        for _ in range(5):
            with pytest.raises(WrongCode):
                await attempt(False)
        with pytest.raises(TooManyAttempts) as paused:
            await attempt(True)
        assert paused.value.facts["retry_after"] == 2
        clock.seconds += 2
        await attempt(True)
        assert await throttle.count(KEY) == 0
        for _ in range(4):
            with pytest.raises(WrongCode):
                await attempt(False)
        await attempt(True)

    asyncio.run(run())


def test_what_goes_wrong_otherwise_is_no_attempt() -> None:
    throttle = Throttle(MemoryCounters())

    async def run() -> None:
        for _ in range(10):
            with pytest.raises(ZeroDivisionError):
                async with throttle.guarded(KEY, PROOFS, WrongCode):
                    raise ZeroDivisionError
        assert await throttle.count(KEY) == 0

    asyncio.run(run())


def test_a_volley_is_bounded() -> None:
    throttle = Throttle(MemoryCounters())
    checked = 0

    async def attempt() -> None:
        nonlocal checked
        async with throttle.guarded(KEY, PROOFS, WrongCode):
            checked += 1
            await asyncio.sleep(0.01)
            raise WrongCode

    async def run() -> None:
        results = await asyncio.gather(*(attempt() for _ in range(500)), return_exceptions=True)
        assert checked == MOST_AT_ONCE
        assert sum(isinstance(result, TooManyAttempts) for result in results) == 500 - MOST_AT_ONCE
        with pytest.raises(TooManyAttempts):
            await attempt()
        assert not throttle._under_way

    asyncio.run(run())

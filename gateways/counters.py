"""Counts that are forgotten after a while, in the memory of this process."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import NamedTuple, Protocol

Key = tuple[str | int, ...]

MOST_KEYS = 100_000


class Count(NamedTuple):
    """How often something happened, and in how many seconds that is forgotten."""

    number: int
    left: float


NONE = Count(0, 0.0)


class Counters(Protocol):
    """Neither raises anything nor waits for long, whatever becomes of the store."""

    async def hit(self, key: Key, seconds: float) -> Count:
        """Counts one more. What a key counts is forgotten `seconds` after the first."""

    async def now(self, key: Key) -> Count:
        """What is counted at the moment; NONE for nothing."""

    async def forget(self, *keys: Key) -> None:
        """Begins anew."""

    async def close(self) -> None: ...


class MemoryCounters:
    """For one event loop. At most `most` keys: beyond that, the oldest are forgotten early."""

    def __init__(self, most: int = MOST_KEYS, clock: Callable[[], float] = monotonic) -> None:
        """`clock` tells seconds since some moment."""
        self._most = most
        self._clock = clock
        # By key: how often, and until when. In the order in which they began.
        self._counts: dict[Key, tuple[int, float]] = {}

    async def hit(self, key: Key, seconds: float) -> Count:
        now = self._clock()
        number, until = self._counts.get(key, (0, 0.0))
        if until <= now:
            self._begin(key, now)
            number, until = 0, now + seconds
        self._counts[key] = (number + 1, until)
        return Count(number + 1, until - now)

    async def now(self, key: Key) -> Count:
        number, until = self._counts.get(key, NONE)
        left = until - self._clock()
        return Count(number, left) if left > 0 else NONE

    async def forget(self, *keys: Key) -> None:
        for key in keys:
            self._counts.pop(key, None)

    async def close(self) -> None:
        pass

    def _begin(self, key: Key, now: float) -> None:
        """Makes room: each key that comes takes up to two with it that are over."""
        counts = self._counts
        counts.pop(key, None)
        for _ in range(2):
            oldest = next(iter(counts), None)
            if oldest is None or (counts[oldest][1] > now and len(counts) < self._most):
                return
            del counts[oldest]

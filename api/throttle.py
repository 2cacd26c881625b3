"""Guessing gets slower: after some wrong answers there is a pause, and each further one doubles it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import ceil

from gateways.counters import Count, Counters, Key
from ledger.refusals import Refusal

MOST_AT_ONCE = 64
"""Attempts at one secret that may be under way: those are let on before it is known that they fail."""


class TooManyAttempts(Refusal):
    """There were too many wrong attempts; wait before the next."""

    code = "too_many_attempts"
    status = 429
    retry = True


@dataclass(frozen=True, slots=True)
class Backoff:
    """After `free` wrong attempts each is followed by a pause: of `first` seconds, doubled each time, and of no more
    than `most`. All is forgotten `forgotten` seconds after the first."""

    free: int = 5
    first: float = 2.0
    most: float = 900.0
    forgotten: float = 86_400.0

    def pause(self, failed: int) -> float:
        """Seconds to wait after so many wrong attempts."""
        over = failed - self.free
        return 0.0 if over < 0 else min(self.most, self.first * 2 ** min(over, 30))


PROOFS = Backoff()
"""For the passwords that whoever is signed in sends to prove that it is them, by person."""


class Throttle:
    """Keeps count of wrong attempts. A key names what is guessed at: ("code", user_id.int)."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._under_way: Counter[Key] = Counter()

    @asynccontextmanager
    async def guarded(self, key: Key, backoff: Backoff, *wrong: type[Exception]) -> AsyncIterator[None]:
        """Around the checking of a secret: what raises one of `wrong` was a wrong attempt, and what ends without an
        exception begins anew. Raises TooManyAttempts before anything is checked."""
        async with self.admitted([key]):
            try:
                yield
            except wrong:
                await self.failed(key, backoff)
                raise
            await self.forget(key)

    @asynccontextmanager
    async def admitted(self, keys: Sequence[Key]) -> AsyncIterator[None]:
        """Lets an attempt on if none of `keys` is in a pause and few are under way. Raises TooManyAttempts."""
        for key in keys:
            pausing = await self._counters.now((*key, "pause"))
            if pausing.number:
                raise _too_many(pausing.left)
        if any(self._under_way[key] >= MOST_AT_ONCE for key in keys):
            raise _too_many(1)
        self._under_way.update(keys)
        try:
            yield
        finally:
            for key in keys:
                self._under_way[key] -= 1
                if not self._under_way[key]:
                    del self._under_way[key]

    async def failed(self, key: Key, backoff: Backoff) -> Count:
        """Counts a wrong attempt: how many there were, and in how many seconds they are forgotten."""
        count = await self._counters.hit(key, backoff.forgotten)
        if (pause := backoff.pause(count.number)) > 0:
            await self._counters.forget((*key, "pause"))
            await self._counters.hit((*key, "pause"), pause)
        return count

    async def count(self, key: Key) -> int:
        """How many wrong attempts are remembered."""
        return (await self._counters.now(key)).number

    async def forget(self, *keys: Key) -> None:
        """Begins anew."""
        await self._counters.forget(*keys, *((*key, "pause") for key in keys))


def _too_many(left: float) -> TooManyAttempts:
    seconds = max(1, ceil(left))
    return TooManyAttempts(
        f"There were too many wrong attempts. Try again in {seconds} seconds.", retry_after=seconds
    )

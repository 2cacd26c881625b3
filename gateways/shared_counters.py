"""Counts that are forgotten after a while, in Redis, where every process shares them."""

from __future__ import annotations

from time import monotonic

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gateways.counters import NONE, Count, Key, MemoryCounters

PATIENCE = 0.25
"""Seconds that Redis has to answer."""
AVOIDED = 5.0
"""Seconds for which Redis is not asked again when it did not."""

_HIT = """
local number = redis.call('INCR', KEYS[1])
if number == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {number, redis.call('PTTL', KEYS[1])}
"""
_FAILURES = (RedisError, OSError, TimeoutError)
_log = structlog.get_logger("numina.counters")


class RedisCounters:
    """Shared by all processes that are given the same URL. While Redis does not answer, each counts for itself."""

    def __init__(self, url: str, *, prefix: str = "numina", avoided: float = AVOIDED) -> None:
        """Raises ValueError for a URL that is none of Redis."""
        self._redis = Redis.from_url(
            url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(NoBackoff(), 0)
        )
        self._hit = self._redis.register_script(_HIT)
        self._prefix = prefix
        self._avoided = avoided
        self._memory = MemoryCounters()
        self._avoided_until = 0.0
        self._lost = False

    async def hit(self, key: Key, seconds: float) -> Count:
        if monotonic() >= self._avoided_until:
            try:
                number, left = await self._hit(keys=[self._name(key)], args=[max(1, int(seconds * 1000))])
            except _FAILURES as error:
                self._fail(error)
            else:
                self._succeed()
                return Count(number, max(0, left) / 1000)
        return await self._memory.hit(key, seconds)

    async def now(self, key: Key) -> Count:
        if monotonic() >= self._avoided_until:
            name = self._name(key)
            try:
                async with self._redis.pipeline() as both:
                    both.get(name)
                    both.pttl(name)
                    number, left = await both.execute()
            except _FAILURES as error:
                self._fail(error)
            else:
                self._succeed()
                return Count(int(number), max(0, left) / 1000) if number is not None else NONE
        return await self._memory.now(key)

    async def forget(self, *keys: Key) -> None:
        await self._memory.forget(*keys)
        if monotonic() >= self._avoided_until:
            try:
                await self._redis.delete(*(self._name(key) for key in keys))
            except _FAILURES as error:
                self._fail(error)

    async def close(self) -> None:
        await self._redis.aclose()

    def _name(self, key: Key) -> str:
        return ":".join((self._prefix, *map(str, key)))

    def _fail(self, error: Exception) -> None:
        self._avoided_until = monotonic() + self._avoided
        if not self._lost:
            self._lost = True
            _log.warning("Redis does not answer: this process counts for itself", error=type(error).__name__)

    def _succeed(self) -> None:
        if self._lost:
            self._lost = False
            _log.warning("Redis answers again")

"""Passwords: hashed with argon2id (RFC 9106) on threads of their own, so that nobody else waits."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from argon2 import PasswordHasher, Type
from argon2.exceptions import Argon2Error, InvalidHashError


class Cost(NamedTuple):
    """What one hash costs: passes, memory in KiB, lanes. The default is OWASP's first choice for argon2id
    with one lane: 19 MiB and about 25 ms."""

    time: int = 2
    memory: int = 19_456
    lanes: int = 1


class Passwords:
    """Hashes and verifies, `threads` at a time; the memory of a burst is threads × memory."""

    def __init__(self, cost: Cost = Cost(), *, threads: int = 2) -> None:
        self._hasher = PasswordHasher(
            time_cost=cost.time, memory_cost=cost.memory, parallelism=cost.lanes, type=Type.ID
        )
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="password")
        self._nobody = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """The argon2id string (PHC format, salt included)."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Whether `password` is the hashed one. None (an unknown person) takes as long and is False."""
        matches = await asyncio.get_running_loop().run_in_executor(
            self._threads, self._matches, hashed or self._nobody, password
        )
        return matches and hashed is not None

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (Argon2Error, InvalidHashError):
            return False

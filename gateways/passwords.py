"""Passwords: hashed with argon2id (RFC 9106) on threads of their own, so that nobody else waits."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from time import perf_counter
from typing import NamedTuple, ParamSpec, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import Argon2Error, InvalidHashError

from gateways.strength import weakness
from ledger.refusals import Overloaded

NICENESS = 10
"""Beside others on the same core, what hashes gets a tenth of what they get (sched(7)); alone, all of it."""
P = ParamSpec("P")
T = TypeVar("T")


class Cost(NamedTuple):
    """What one hash costs: passes, memory in KiB, lanes. The default is thrice OWASP's first choice for
    argon2id with one lane, 46 MiB and one pass: about 80 ms."""

    time: int = 3
    memory: int = 47_104
    lanes: int = 1


class Passwords:
    """Hashes and verifies, `threads` at a time; the memory of a burst is threads × memory."""

    def __init__(self, cost: Cost = Cost(), *, threads: int = 2, waiting: int = 100) -> None:
        """`waiting` bounds how many may wait for a thread; more are told to come back."""
        self._hasher = PasswordHasher(
            time_cost=cost.time, memory_cost=cost.memory, parallelism=cost.lanes, type=Type.ID
        )
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="password", initializer=_step_back)
        self._room = waiting
        self._lock = threading.Lock()
        self._checks = 0
        self._seconds = 0.0
        self._nobody = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """The argon2id string (PHC format, salt included). Raises Overloaded."""
        return await self._run(self._hasher.hash, password)

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Whether `password` is the hashed one. None (an unknown person) takes as long and is False.
        Raises Overloaded."""
        matches = await self._run(self._matches, hashed or self._nobody, password)
        return matches and hashed is not None

    def outdated(self, hashed: str) -> bool:
        """Whether the hash was made at another cost than hashes are made at now."""
        return self._hasher.check_needs_rehash(hashed)

    async def weakness(self, password: str, about: Sequence[str]) -> str | None:
        """As strength.weakness says: why the password is easily guessed, or None. Raises Overloaded."""
        return await self._run(weakness, password, about)

    def gauges(self) -> dict[str, float]:
        """How many passwords were checked since the start, and the seconds that argon2 took for it."""
        return {"password_checks": self._checks, "password_check_seconds": self._seconds}

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        if self._room <= 0:
            raise Overloaded("Too many people are signing in at this moment.", retry_after=2)
        self._room -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, partial(work, *arguments, **named)
            )
        finally:
            self._room += 1

    def _matches(self, hashed: str, password: str) -> bool:
        began = perf_counter()
        try:
            return self._hasher.verify(hashed, password)
        except (Argon2Error, InvalidHashError):
            return False
        finally:
            with self._lock:
                self._checks += 1
                self._seconds += perf_counter() - began


def _step_back() -> None:
    """On Linux a niceness is a thread's own; elsewhere it would be the whole process's."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)

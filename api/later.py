"""What is done once the answer is on its way, so that the time it takes tells nobody anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from ledger.refusals import Overloaded, TryAgain

_log = structlog.get_logger("numina.later")


class Later:
    """At most `most` things at once, for one event loop. What is under way when the process ends is lost: only what
    can be asked for again belongs here."""

    def __init__(self, most: int = 200) -> None:
        self._most = most
        self._under_way: set[asyncio.Task[None]] = set()

    def do(self, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Begins with it soon. Raises Overloaded, whatever the work is."""
        if len(self._under_way) >= self._most:
            raise Overloaded("Too many people ask for this at the moment.", retry_after=5)
        task = asyncio.create_task(self._do(work))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def finish(self, seconds: float = 5) -> None:
        """Waits for what is under way, as long as that."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)

    async def _do(self, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
        try:
            await work()
        except TryAgain as error:
            _log.warning("what was to be done later was not done", reason=error.detail)
        except Exception as error:
            # Its words may tell whom it was about.
            _log.error("what was to be done later failed", reason=type(error).__name__)

"""The group-committing writer: many commands share one transaction, one lock and one flush."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from itertools import pairwise
from typing import Any

from ledger.clock import Clock, system_clock
from ledger.command import Command, Outcome
from ledger.committer import Committer
from ledger.queue import Deliver, Limits, Queue, Result, Submission
from ledger.sealing import Keys


class Writer:
    """Decides and appends whatever is queued, batch after batch, in a thread of its own.

    Nothing is answered before the commit. A refused command costs only itself; when the database fails, every
    command of the batch is answered NotStored. `on_batch(commands, seconds)` is told of each batch.
    """

    def __init__(
        self,
        url: str,
        keys: Keys,
        *,
        clock: Clock = system_clock,
        limits: Limits = Limits(),
        on_batch: Callable[[int, float], None] | None = None,
    ) -> None:
        self._limits = limits
        self._queue = Queue(limits)
        committer = Committer(url, keys, clock, limits, self._queue, on_batch)
        self._thread = threading.Thread(target=committer.run, name="writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finishes what is queued and ends the thread."""
        self._queue.close()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def waiting(self) -> int:
        """How many commands are queued."""
        return self._queue.waiting

    async def handle(self, command: Command) -> Outcome:
        """Carries out one command. Raises its Refusal, or TryAgain when nothing was stored."""
        return _succeed((await self.handle_all([command]))[0])

    async def handle_all(self, commands: Sequence[Command], *, atomic: bool = False) -> list[Result]:
        """The result of each command, in order: an Outcome, or the Refusal or TryAgain that it met.

        An atomic set is all outcomes, or all refused: the one at fault with its refusal, the others with
        NotCarriedOut. Raises Overloaded when the queue is full or stalled."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Result]] = loop.create_future()

        def deliver(results: list[Result]) -> None:
            with suppress(RuntimeError):  # the loop was closed while we worked: nobody waits any more
                loop.call_soon_threadsafe(_resolve, answer, results)

        self._submit(commands, atomic, deliver)
        return await answer

    def handle_sync(self, command: Command) -> Outcome:
        """`handle` for callers without an event loop."""
        return _succeed(self.handle_all_sync([command])[0])

    def handle_all_sync(self, commands: Sequence[Command], *, atomic: bool = False) -> list[Result]:
        """`handle_all` for callers without an event loop."""
        answer: Future[list[Result]] = Future()
        self._submit(commands, atomic, answer.set_result)
        return answer.result()

    def _submit(self, commands: Sequence[Command], atomic: bool, deliver: Deliver) -> None:
        self._queue.put(_parts(commands, atomic, deliver, self._limits))


def _parts(commands: Sequence[Command], atomic: bool, deliver: Deliver, limits: Limits) -> list[Submission]:
    """Commands cut to the size of a batch, answered when all parts are done; an atomic set stays whole.

    Weighed here, so that a command that cannot be weighed costs its caller and not the writer's thread.
    """
    weights = [command.weight() for command in commands]
    ends = [len(commands)] if atomic else _ends(weights, limits)
    if len(ends) == 1:
        return [Submission(commands, atomic, deliver, sum(weights))]
    slices = [slice(start, end) for start, end in pairwise([0, *ends])]
    done: dict[int, list[Result]] = {}

    def part(index: int) -> Deliver:
        def deliver_part(results: list[Result]) -> None:
            done[index] = results
            if len(done) == len(slices):
                deliver([result for i in range(len(slices)) for result in done[i]])

        return deliver_part

    return [Submission(commands[s], atomic, part(i), sum(weights[s])) for i, s in enumerate(slices)]


def _ends(weights: Sequence[int], limits: Limits) -> list[int]:
    """Where each part ends: none has too many commands, or too many bytes unless it is a single command."""
    ends, start, size = [], 0, 0
    for index, weight in enumerate(weights):
        size += weight
        full = index - start >= limits.batch_commands or size > limits.batch_bytes
        if full and index > start:
            ends.append(index)
            start, size = index, weight
    return [*ends, len(weights)]


def _resolve(answer: asyncio.Future[list[Any]], results: list[Any]) -> None:
    if not answer.done():
        answer.set_result(results)


def _succeed(result: Result) -> Outcome:
    if isinstance(result, Outcome):
        return result
    raise result

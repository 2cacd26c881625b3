"""The group-committing writer: many commands share one transaction, one lock and one flush."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from time import monotonic
from typing import Any, NamedTuple

import psycopg

from ledger.clock import Clock, system_clock
from ledger.command import Command, Outcome
from ledger.decider import Decider
from ledger.refusals import NotStored, Overloaded
from ledger.sealing import Keys

Result = Outcome | Exception
Deliver = Callable[[list[Result]], None]


class Limits(NamedTuple):
    """What bounds the writer: commands and bytes of a batch, commands waiting, seconds that the oldest may have
    waited before new ones are turned away, and milliseconds to wait for another process's lock."""

    batch_commands: int = 1_000
    batch_bytes: int = 4 * 1024 * 1024
    queued_commands: int = 20_000
    stalled_seconds: float = 5.0
    lock_ms: int = 5_000


class Submission(NamedTuple):
    """Commands handed in together; an `atomic` one is carried out whole or not at all."""

    commands: Sequence[Command]
    atomic: bool
    deliver: Deliver
    queued_at: float


class Writer:
    """One thread with one connection that decides and appends whatever is queued, batch after batch.

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
        self._url = url
        self._keys = keys
        self._clock = clock
        self._limits = limits
        self._on_batch = on_batch
        self._queue: deque[Submission] = deque()
        self._waiting = 0
        self._busy_since: float | None = None
        self._stopping = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._decider: Decider | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finishes what is queued and ends the thread."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def waiting(self) -> int:
        """How many commands are queued."""
        return self._waiting

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
        now = monotonic()
        with self._wake:
            self._refuse_when_full(len(commands), now)
            self._waiting += len(commands)
            for part, deliver_part in _parts(commands, atomic, deliver, self._limits.batch_commands):
                self._queue.append(Submission(part, atomic, deliver_part, now))
            self._wake.notify()

    def _refuse_when_full(self, more: int, now: float) -> None:
        if self._stopping:
            raise Overloaded("The service is stopping; nothing was stored.")
        oldest = self._busy_since
        if oldest is not None and now - oldest > self._limits.stalled_seconds:
            stalled = f"The writer has been stalled for {now - oldest:.0f} s; nothing was stored."
            raise Overloaded(stalled, retry_after=2)
        if self._waiting and self._waiting + more > self._limits.queued_commands:
            raise Overloaded(f"{self._waiting} commands are waiting; nothing was stored.")

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._queue and not self._stopping:
                    self._wake.wait()
                if not self._queue:
                    break
                batch = self._take()
                self._busy_since = monotonic()
            self._carry_out(batch)
        self._close()

    def _take(self) -> list[Submission]:
        """What is queued, up to the bounds of a batch (always at least one submission)."""
        batch: list[Submission] = []
        commands = size = 0
        while self._queue:
            following = self._queue[0]
            commands += len(following.commands)
            size += sum(command.weight() for command in following.commands)
            if batch and (commands > self._limits.batch_commands or size > self._limits.batch_bytes):
                break
            batch.append(self._queue.popleft())
        return batch

    def _carry_out(self, batch: list[Submission]) -> None:
        began = monotonic()
        try:
            results = self._decide_and_store(batch)
        except Exception as error:
            # Whatever it was, this batch is not known to be stored; say so and begin with a fresh connection.
            self._close()
            failed = NotStored(f"The batch could not be stored ({type(error).__name__}); send it again.")
            failed.__cause__ = error
            results = [[failed] * len(s.commands) for s in batch]
        count = sum(len(s.commands) for s in batch)
        with self._wake:
            self._waiting -= count
            self._busy_since = None
        for submission, result in zip(batch, results, strict=True):
            submission.deliver(result)
        if self._on_batch is not None:
            self._on_batch(count, monotonic() - began)

    def _decide_and_store(self, batch: list[Submission]) -> list[list[Result]]:
        if self._decider is None:
            connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=5,
                options="-c role=numina_service -c synchronous_commit=on -c statement_timeout=60000",
                application_name="numina writer",
            )
            self._decider = Decider(connection, self._keys, self._clock, self._limits.lock_ms)
        return self._decider.carry_out([(s.commands, s.atomic) for s in batch])

    def _close(self) -> None:
        if self._decider is not None:
            self._decider.close()
            self._decider = None


def _parts(
    commands: Sequence[Command], atomic: bool, deliver: Deliver, size: int
) -> list[tuple[Sequence[Command], Deliver]]:
    """A submission cut to the size of a batch, answered when all parts are done; an atomic one stays whole."""
    if atomic or len(commands) <= size:
        return [(commands, deliver)]
    slices = [commands[i : i + size] for i in range(0, len(commands), size)]
    done: dict[int, list[Result]] = {}

    def part(index: int) -> Deliver:
        def deliver_part(results: list[Result]) -> None:
            done[index] = results
            if len(done) == len(slices):
                deliver([result for i in range(len(slices)) for result in done[i]])

        return deliver_part

    return [(piece, part(i)) for i, piece in enumerate(slices)]


def _resolve(answer: asyncio.Future[list[Any]], results: list[Any]) -> None:
    if not answer.done():
        answer.set_result(results)


def _succeed(result: Result) -> Outcome:
    if isinstance(result, Outcome):
        return result
    raise result

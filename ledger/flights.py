"""Batches on their way into the record: stored one after the other, and answered when they are."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from typing import NamedTuple

from ledger.batch import Batch
from ledger.memory import NotSettled
from ledger.queue import Queue, Result, Submission
from ledger.store import HeadMoved, Replayed, Store


class Decided(NamedTuple):
    """A submission with its results, waiting for the commit."""

    submission: Submission
    results: list[Result]


class Flight:
    """A batch that is being stored or waits for the one before it, and what is answered when it is stored.

    `began` is the monotonic instant at which storing it began.
    """

    def __init__(self, batch: Batch, decided: list[Decided]) -> None:
        self.batch = batch
        self.decided = decided
        self.done: Future[None] = Future()
        self.began = 0.0

    @property
    def failure(self) -> BaseException | None:
        """Why it was not stored; waits until that is known. None when it was."""
        return self.done.exception()


class Flights:
    """The batches that were handed over and not settled yet, oldest first.

    Each was decided on top of the one before it, and is never sent when that one was not stored: another process
    may have moved the log just as far as it would have. `on_batch(commands, seconds)` is told of each.
    """

    def __init__(self, queue: Queue, on_batch: Callable[[int, float], None] | None) -> None:
        self._queue = queue
        self._on_batch = on_batch
        self._storing = ThreadPoolExecutor(1, "storing")
        self._line: deque[Flight] = deque()

    def __len__(self) -> int:
        return len(self._line)

    @property
    def flying(self) -> bool:
        """Whether any is still being stored."""
        return bool(self._line) and not self._line[-1].done.done()

    @property
    def landed(self) -> bool:
        """Whether it is known what became of the oldest."""
        return bool(self._line) and self._line[0].done.done()

    @property
    def batches(self) -> list[Batch]:
        return [flight.batch for flight in self._line]

    def hand_over(
        self,
        store: Store,
        batch: Batch,
        decided: list[Decided],
        parameters: Sequence[bytes] | None,
        *,
        here: bool,
    ) -> None:
        """Has a batch stored by the storing thread, or at once by this one if `here` and none is before it."""
        before = self._line[-1].done if self._line else None
        flight = Flight(batch, decided)
        self._line.append(flight)
        if here:
            self._store(store, flight, parameters, before)
        else:
            self._storing.submit(self._store, store, flight, parameters, before)

    def settle(self) -> Batch:
        """Waits for the oldest, and lets go of it. Raises NotSettled when it must be decided anew, or the error
        that met it; then it stays."""
        error = self._line[0].failure
        if isinstance(error, HeadMoved | Replayed):
            raise NotSettled from error
        if error is not None:
            raise error
        return self._line.popleft().batch

    def clear(self) -> list[Flight]:
        """Waits for all, and lets go of them: those that were not stored."""
        failed = [flight for flight in self._line if flight.failure is not None]
        self._line.clear()
        return failed

    def wait(self) -> None:
        """Until nobody uses a connection to store with; bounded as the statement is."""
        for flight in self._line:
            flight.done.exception()

    def stored(self, flight: Flight) -> None:
        """Answers those who wait for a batch that is stored."""
        count = self.answer(flight.decided)
        if self._on_batch is not None:
            self._on_batch(count, monotonic() - flight.began)

    def answer(self, decided: Iterable[Decided]) -> int:
        """Tells those who wait what came of their commands; how many commands that were."""
        count = 0
        for submission, results in decided:
            count += len(results)
            submission.deliver(results)
        self._queue.answered(count)
        return count

    def close(self) -> None:
        self._storing.shutdown()

    def _store(
        self, store: Store, flight: Flight, parameters: Sequence[bytes] | None, before: Future[None] | None
    ) -> None:
        flight.began = self._queue.storing_since = monotonic()
        try:
            if before is not None and before.exception() is not None:
                raise NotSettled("the batch before was not stored")
            store.commit(flight.batch.head, parameters)
        except BaseException as error:
            flight.done.set_exception(error)
        else:
            # What follows may begin to be stored from here on.
            self._queue.storing_since = None
            flight.done.set_result(None)
            self.stored(flight)
        finally:
            with self._queue.changed:
                self._queue.changed.notify_all()

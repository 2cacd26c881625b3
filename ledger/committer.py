"""The writer's thread: decides one batch while the one before is being stored."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from typing import NamedTuple

from ledger.batch import Batch
from ledger.clock import Clock
from ledger.decider import Decider
from ledger.memory import NotSettled
from ledger.queue import Limits, Queue, Result, Submission
from ledger.refusals import InDoubt, NotStored
from ledger.sealing import Keys
from ledger.store import HeadMoved, Replayed, Store, connect, lost, was_stored

# A batch this small is stored by the deciding thread itself: handing it over would take longer.
_SMALL = 4
# Deciding this many ahead is worth a look-up of its own.
_WORTHWHILE = 64


class Decided(NamedTuple):
    """A submission with its results, waiting for the commit."""

    submission: Submission
    results: list[Result]


class Flight(NamedTuple):
    """A batch that is being stored, and what is answered when it is."""

    batch: Batch
    decided: list[Decided]
    done: Future[None]
    began: float


class Committer:
    """Decides ahead: the memory already holds what the batch in flight will have changed, and the statement that
    moves the log's head refuses to store when another process has written meanwhile. Then, and at the start,
    everything unanswered is decided again with the lock held first.

    A failure of the database answers NotStored to everything decided so far, but for a batch that the record turns
    out to hold; the next batch begins afresh.
    """

    def __init__(
        self,
        url: str,
        keys: Keys,
        clock: Clock,
        limits: Limits,
        queue: Queue,
        on_batch: Callable[[int, float], None] | None,
    ) -> None:
        self._url = url
        self._keys = keys
        self._clock = clock
        self._limits = limits
        self._queue = queue
        self._on_batch = on_batch
        self._decider: Decider | None = None
        self._store: Store | None = None
        self._storing = ThreadPoolExecutor(1, "storing")
        self._flight: Flight | None = None
        self._decided: list[Decided] = []
        self._size = (0, 0)

    def run(self) -> None:
        """Works until the queue is closed and empty."""
        while True:
            taken = self._wait()
            if not taken and not self._decided and self._flight is None:
                break
            try:
                self._work(taken)
            except NotSettled:
                self._start_over()
            except Exception as error:
                self._give_up(error)
        self._storing.shutdown()
        self._close()

    def _wait(self) -> list[Submission]:
        """Blocks until there is something to do, and takes it off the queue.

        While a batch is being stored, few commands are left to gather: deciding them costs a look-up for each
        group, and they are stored no sooner.
        """
        queue = self._queue
        with queue.changed:
            while True:
                flying = self._flight is not None and not self._flight.done.done()
                if not flying or queue.commands >= _WORTHWHILE:
                    taken = queue.take(*self._size)
                    if taken or (not flying and (self._decided or self._flight is not None or queue.closed)):
                        return taken
                queue.changed.wait()

    def _work(self, taken: list[Submission]) -> None:
        """Decides what was taken, and hands over what is decided as soon as nothing is in flight."""
        try:
            decider = self._ready()
        except Exception:
            # They were taken off the queue: nobody else would ever answer them.
            self._decided.extend(Decided(submission, []) for submission in taken)
            raise
        if decider.head is None:
            self._under_lock(decider, taken)
            return
        if taken:
            self._decide(decider, taken)
        if self._flight is not None and self._flight.done.done():
            self._settle()
        if self._decided and self._flight is None:
            self._hand_over(decider)

    def _decide(self, decider: Decider, taken: list[Submission]) -> None:
        # Without results first: if deciding breaks off, they are answered or decided again with the rest.
        before = len(self._decided)
        self._decided.extend(Decided(submission, []) for submission in taken)
        self._decided[before:] = map(Decided, taken, decider.decide(taken))
        commands, size = self._size
        self._size = (
            commands + sum(len(s.commands) for s in taken),
            size + sum(s.weight for s in taken),
        )

    def _under_lock(self, decider: Decider, taken: list[Submission]) -> None:
        """Decides and stores with the lock held, because others are writing or nothing is known yet."""
        self._decided.extend(Decided(submission, []) for submission in taken)
        store = self._open_store()
        self._queue.storing_since = began = monotonic()
        head = store.lock()
        decider.catch_up(head)
        results = decider.decide(taken)
        batch, parameters = decider.finish()
        flight = Flight(batch, list(map(Decided, taken, results)), Future(), began)
        self._flight, self._decided = flight, []
        self._store_flight(store, flight, parameters)
        self._settle()

    def _hand_over(self, decider: Decider) -> None:
        store = self._open_store()
        batch, parameters = decider.finish()
        done: Future[None] = Future()
        flight = Flight(batch, self._decided, done, monotonic())
        self._flight, self._decided, self._size = flight, [], (0, 0)
        self._queue.storing_since = flight.began
        if len(batch.facts) <= _SMALL and not self._queue:
            self._store_flight(store, flight, parameters)
            self._settle()
        else:
            self._storing.submit(self._store_flight, store, flight, parameters)

    def _store_flight(self, store: Store, flight: Flight, parameters: list[bytes] | None) -> None:
        try:
            store.commit(flight.batch.head, parameters)
        except BaseException as error:
            flight.done.set_exception(error)
        else:
            flight.done.set_result(None)
            self._answer(flight)
        with self._queue.changed:
            self._queue.changed.notify_all()

    def _answer(self, flight: Flight) -> None:
        self._queue.storing_since = None
        count = 0
        for submission, results in flight.decided:
            count += len(results)
            submission.deliver(results)
        self._queue.answered(count)
        if self._on_batch is not None:
            self._on_batch(count, monotonic() - flight.began)

    def _settle(self) -> None:
        """Waits for the batch in flight. Raises NotSettled when it must be decided anew, or the error that met
        it."""
        flight = self._flight
        if flight is None:
            return
        error = flight.done.exception()
        if isinstance(error, HeadMoved | Replayed):
            raise NotSettled from error
        if error is not None:
            raise error
        self._flight = None
        if self._decider is not None:
            self._decider.stored(flight.batch)

    def _start_over(self) -> None:
        """Another process wrote first, or a command came again: everything unanswered goes back to the front of
        the queue."""
        self._queue.put_back([decided.submission for decided in self._unanswered()])
        if self._decider is not None:
            self._decider.forget()

    def _give_up(self, error: Exception) -> None:
        """Answers everything decided so far that it is not stored, and begins with fresh connections. Of a batch
        whose connection was lost while it was being stored, the record itself says whether it was."""
        self._close()
        failure: NotStored | InDoubt
        failure = NotStored(f"The batch could not be stored ({type(error).__name__}); send it again.")
        flight = self._flight
        if flight is not None and flight.batch.facts and lost(flight.done.exception()):
            limits = self._limits
            stored = was_stored(self._url, flight.batch.facts[0], limits.lock_ms, limits.stalled_seconds)
            if stored:
                self._flight = None
                self._answer(flight)
            elif stored is None:
                failure = InDoubt(
                    f"The database failed while it was storing ({type(error).__name__}). Send it again with the "
                    "same Idempotency-Key; without one, look first whether it was carried out."
                )
        failure.__cause__ = error
        for submission, _ in self._unanswered():
            submission.deliver([failure] * len(submission.commands))
            self._queue.answered(len(submission.commands))

    def _unanswered(self) -> list[Decided]:
        flight, self._flight = self._flight, None
        stored = flight is None or (flight.done.done() and flight.done.exception() is None)
        unanswered = [*(flight.decided if flight is not None and not stored else ()), *self._decided]
        self._decided, self._size = [], (0, 0)
        self._queue.storing_since = None
        return unanswered

    def _hang_up_too(self) -> None:
        """Between batches: a server that was restarted is connected to again, at nobody's cost."""
        if any(held is not None and held.hung_up for held in (self._decider, self._store)):
            self._close()

    def _ready(self) -> Decider:
        if self._flight is None and not self._decided:
            self._hang_up_too()
        if self._decider is None:
            self._decider = Decider(connect(self._url), self._keys, self._clock, self._settle)
        return self._decider

    def _open_store(self) -> Store:
        if self._store is None:
            self._store = Store(self._url, self._limits.lock_ms)
        return self._store

    def _close(self) -> None:
        if self._flight is not None:
            # The storing thread uses the connection until its statement ends; wait, it is bounded.
            self._flight.done.exception()
        for held in (self._decider, self._store):
            if held is not None:
                held.close()
        self._decider = self._store = None

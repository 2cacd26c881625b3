"""The writer's thread: decides one batch while the one before is being stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

from ledger.clock import Clock
from ledger.decider import Decider
from ledger.flights import Decided, Flight, Flights
from ledger.memory import NotSettled
from ledger.queue import Limits, Queue, Submission
from ledger.refusals import InDoubt, NotStored
from ledger.sealing import Keys
from ledger.store import Store, connect, lost, was_stored

# A batch this small is stored by the deciding thread itself: handing it over would take longer.
_SMALL = 4
# Deciding this many ahead is worth a look-up of its own.
_WORTHWHILE = 64
# Batches handed over at a time: one that PostgreSQL works on, and one for the moment when it is done.
_AHEAD = 2


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
        self._decider: Decider | None = None
        self._store: Store | None = None
        self._flights = Flights(queue, on_batch)
        self._decided: list[Decided] = []
        self._size = (0, 0)

    def run(self) -> None:
        """Works until the queue is closed and empty."""
        while True:
            taken = self._wait()
            if not taken and not self._decided and not self._flights:
                break
            try:
                self._work(taken)
            except NotSettled:
                self._start_over()
            except Exception as error:
                self._give_up(error)
        self._flights.close()
        self._close()

    def _wait(self) -> list[Submission]:
        """Blocks until there is something to do, and takes it off the queue.

        While a batch is being stored, few commands are left to gather: deciding them costs a look-up for each
        group, and they are stored no sooner.
        """
        queue, flights = self._queue, self._flights
        with queue.changed:
            while True:
                flying = flights.flying
                if not flying or queue.commands >= _WORTHWHILE:
                    taken = queue.take(*self._size)
                    if taken:
                        return taken
                if flights.landed or self._may_hand_over() or (not flying and queue.closed):
                    return []
                queue.changed.wait()

    def _work(self, taken: list[Submission]) -> None:
        """Decides what was taken, and hands over what is decided as soon as nothing is in flight, or when it is a
        full batch."""
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
        while self._flights.landed:
            self._settle_oldest(decider)
        if self._may_hand_over():
            self._hand_over(decider)

    def _may_hand_over(self) -> bool:
        """Whether something is decided, and nothing is in flight or it is a full batch."""
        if not self._decided or not self._flights:
            return bool(self._decided)
        return len(self._flights) < _AHEAD and self._queue.full(*self._size)

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
        self._queue.storing_since = monotonic()
        head = store.lock()
        decider.catch_up(head)
        results = decider.decide(taken)
        batch, parameters = decider.finish()
        self._decided = []
        self._flights.hand_over(store, batch, list(map(Decided, taken, results)), parameters, here=True)
        self._settle_oldest(decider)

    def _hand_over(self, decider: Decider) -> None:
        store = self._open_store()
        batch, parameters = decider.finish()
        decided = self._take_decided()
        here = len(batch.facts) <= _SMALL and not self._queue and not self._flights
        self._flights.hand_over(store, batch, decided, parameters, here=here)
        if here:
            self._settle_oldest(decider)

    def _settle_oldest(self, decider: Decider) -> None:
        batch = self._flights.settle()
        decider.stored(batch, self._flights.batches)

    def _settle(self) -> None:
        """Waits for everything in flight. Raises NotSettled when it must be decided anew, or the error that met
        it."""
        while self._flights and self._decider is not None:
            self._settle_oldest(self._decider)

    def _start_over(self) -> None:
        """Another process wrote first, or a command came again: everything unanswered goes back to the front of
        the queue."""
        again = [decided for flight in self._flights.clear() for decided in flight.decided]
        self._queue.put_back([decided.submission for decided in again + self._take_decided()])
        self._queue.storing_since = None
        if self._decider is not None:
            self._decider.forget()

    def _give_up(self, error: Exception) -> None:
        """Answers everything unanswered that it is not stored, and begins with fresh connections. Of a batch whose
        connection was lost while it was being stored, the record itself says whether it was."""
        self._close()
        why = type(error).__name__
        not_stored = NotStored(f"The batch could not be stored ({why}); send it again.")
        not_stored.__cause__ = error
        for flight in self._flights.clear():
            stored = self._was_stored(flight)
            if stored:
                self._flights.stored(flight)
            elif stored is None:
                doubt = InDoubt(
                    f"The database failed while it was storing ({why}). Send it again with the same "
                    "Idempotency-Key; without one, look first whether it was carried out."
                )
                doubt.__cause__ = error
                self._fail(flight.decided, doubt)
            else:
                self._fail(flight.decided, not_stored)
        self._fail(self._take_decided(), not_stored)
        self._queue.storing_since = None

    def _was_stored(self, flight: Flight) -> bool | None:
        """Whether a batch that met an error was stored nevertheless; None when nobody can say."""
        if not flight.batch.facts or not lost(flight.failure):
            return False
        return was_stored(
            self._url, flight.batch.facts[0], self._limits.lock_ms, self._limits.stalled_seconds
        )

    def _fail(self, decided: Sequence[Decided], failure: Exception) -> None:
        self._flights.answer([Decided(s, [failure] * len(s.commands)) for s, _ in decided])

    def _take_decided(self) -> list[Decided]:
        decided, self._decided, self._size = self._decided, [], (0, 0)
        return decided

    def _hang_up_too(self) -> None:
        """Between batches: a server that was restarted is connected to again, at nobody's cost."""
        if any(held is not None and held.hung_up for held in (self._decider, self._store)):
            self._close()

    def _ready(self) -> Decider:
        if not self._flights and not self._decided:
            self._hang_up_too()
        if self._decider is None:
            self._decider = Decider(connect(self._url), self._keys, self._clock, self._settle)
        return self._decider

    def _open_store(self) -> Store:
        if self._store is None:
            self._store = Store(self._url, self._limits.lock_ms)
        return self._store

    def _close(self) -> None:
        self._flights.wait()
        for held in (self._decider, self._store):
            if held is not None:
                held.close()
        self._decider = self._store = None

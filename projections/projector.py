"""The projector tails the record and keeps the read models up to date, one window of facts a transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Event
from types import TracebackType
from typing import NamedTuple, Self

import psycopg
import structlog

from ledger.sealing import Keys
from projections import rebuild, tables
from projections.all import ALL
from projections.calm import calm
from projections.feed import Feed
from projections.forgetting import forget
from projections.projection import Cursor, Projection, Window

POLL = 0.25
"""Seconds after which the record is looked at although nothing was announced."""
LONGEST_REST = 0.05
"""Seconds that facts may gather at most before the next window is taken."""
FIRST_RETRY, LAST_RETRY = 0.1, 5.0
STANDBY = 0.5
"""Seconds between a standby's attempts to take over."""

log = structlog.get_logger(__name__)


class Applied(NamedTuple):
    """One window's work: the position reached, how many facts, and the seconds that it took."""

    position: int
    facts: int
    seconds: float


def ignore(applied: Applied) -> None:
    """Observes nothing."""


class Projector:
    """Keeps `projections` at the head of the record in the database at `url`.

    Any number may run; one works and the others stand by until it is gone. `observe` is told of each window.
    """

    def __init__(
        self,
        url: str,
        keys: Keys,
        *,
        projections: Sequence[Projection] = ALL,
        observe: Callable[[Applied], None] = ignore,
        most_facts: int = 5_000,
    ) -> None:
        self._url = url
        self._keys = keys
        self._projections = projections
        self._observe = observe
        self._most_facts = most_facts

    def run(self, stop: Event) -> None:
        """Projects until `stop` is set. A lost database is waited for; a defect in a projection is raised."""
        with calm():
            self._run(stop)

    def _run(self, stop: Event) -> None:
        delay = FIRST_RETRY
        while not stop.is_set():
            try:
                with self._session() as session:
                    if session.lead(stop):
                        session.prepare()
                        delay = FIRST_RETRY
                        session.follow(stop)
            except (psycopg.OperationalError, rebuild.RebuildRunning, rebuild.LeftBehind) as error:
                log.warning("projector has to wait", reason=error, retry_after=delay)
                stop.wait(delay)
                delay = min(delay * 2, LAST_RETRY)

    def catch_up(self) -> int:
        """Projects everything that is recorded by now, and returns the position reached. Waits for its turn
        when another projector is at work."""
        with self._session() as session:
            session.lead(Event())
            session.prepare()
            while session.advance():
                pass
            return session.position

    def _session(self) -> _Session:
        return _Session(self._url, self._keys, self._projections, self._observe, self._most_facts)


class _Session:
    """One connection's life as a projector; another one reads the record and listens."""

    def __init__(
        self,
        url: str,
        keys: Keys,
        projections: Sequence[Projection],
        observe: Callable[[Applied], None],
        most_facts: int,
    ) -> None:
        self._url = url
        self._keys = keys
        self._projections = projections
        self._pipelined = [p for p in projections if p.pipelined]
        self._others = [p for p in projections if not p.pipelined]
        self._observe = observe
        self._most_facts = most_facts
        self._tables = tables.connect(url, tables.LIVE)
        self._record = tables.connect(url, tables.LIVE)
        self._feed = Feed(self._record, keys, most_facts=most_facts)
        self.position = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tables.close()
        self._record.close()

    def lead(self, stop: Event) -> bool:
        """Waits until no other projector works; False if stopped before. It leads while it is connected."""
        while not tables.try_lock(self._tables, tables.LEADING):
            if stop.wait(STANDBY):
                return False
        return True

    def prepare(self) -> None:
        """Brings the tables to the shape that this code expects, rebuilding what other code made."""
        rebuild.prepare(self._url, self._keys, self._projections)
        self.position = tables.position(self._tables)

    def follow(self, stop: Event) -> None:
        """Applies windows as they come."""
        self._record.execute("LISTEN stored_events")
        while not stop.is_set():
            applied = self.advance()
            if applied is None:
                for _ in self._record.notifies(timeout=POLL, stop_after=1):
                    pass
            elif applied.facts < self._most_facts:
                # Idle, a fact is served at once; under load facts gather and share the cost of a window, and
                # a third of a core is left to everybody else. A full window is a sign of catching up: there is
                # nothing to wait for.
                stop.wait(min(0.5 * applied.seconds, LONGEST_REST))

    def advance(self) -> Applied | None:
        """Applies the next window; None if there is nothing new."""
        window = self._feed.window(self.position)
        if window is None:
            return None
        start = time.perf_counter()
        if not self._apply(window):
            return Applied(self.position, 0, 0.0)
        applied = Applied(window.last, len(window), time.perf_counter() - start)
        self._observe(applied)
        return applied

    def _apply(self, window: Window) -> bool:
        """Applies `window` in one transaction, unless somebody moved the tables meanwhile: then it only
        notes where they stand."""
        try:
            with self._tables.cursor() as cursor:
                return self._apply_in_few_trips(window, cursor)
        except BaseException:
            with suppress(psycopg.Error):
                self._tables.rollback()
            raise

    def _apply_in_few_trips(self, window: Window, cursor: Cursor) -> bool:
        """Where the cores are busy, each wait for an answer is a wait for two processes to get their turn."""
        with self._tables.pipeline():
            cursor.execute("BEGIN")
            tables.take_window_lock(cursor)
            self.position = tables.position(cursor)
            if window[0].position != self.position + 1:
                cursor.execute("ROLLBACK")
                return False
            window = forget(window, self._projections, cursor)
            for projection in self._pipelined:
                projection.apply(window, cursor)
        for projection in self._others:
            projection.apply(window, cursor)
        with self._tables.pipeline():
            cursor.execute(tables.SQL["move"], {"position": window.last})
            cursor.execute(tables.SQL["notify"], {"position": str(window.last)})
            cursor.execute("COMMIT")
        self.position = window.last
        return True

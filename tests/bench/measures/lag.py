"""How far behind the projections are while 2,000 transactions a second come in over HTTP.

The lag of a fact is the time from the commit of the batch that recorded it to the commit of the window that
projected it. Both transactions announce themselves by NOTIFY, which PostgreSQL delivers after the commit; a
session that listens to both notes when it hears them, so delivery takes equally long on either end.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from multiprocessing.synchronize import Event
from typing import Any

import psycopg

from tests.bench import workload
from tests.bench.children import beside, in_child
from tests.bench.connection import Address
from tests.bench.database import postmaster
from tests.bench.load import Answers, at_rate
from tests.bench.measure import Latencies, Row, at_most
from tests.bench.measures.posting import messages
from tests.bench.run import Run
from tests.bench.service import serving
from tests.bench.usage import measured
from tests.bench.workload import Book

RECORDED, PROJECTED = "stored_events", "projected"
"""The channels on which the writer and the projector announce the position that they reached."""
RATE = 2_000
CONNECTIONS = 100
DRAIN = 10.0
"""Seconds that the projector has to reach the last fact when no more come."""


def lag(run: Run) -> Iterator[Row]:
    """The row of the projector's lag."""
    url = run.database("lag")
    with serving(url, run.home("lag")) as service:
        run.say("opening 1,000 accounts")
        book = service.open_book("lag")
        service.await_projected()
        p99s, seen, achieved, used = [], Latencies(), [], ""
        for number in range(run.sizes.runs):
            run.say(f"projector's lag at {RATE:,} tx/s ({number + 1} of {run.sizes.runs})")
            count = round(RATE * run.sizes.lag_seconds)
            with beside(listen, url) as heard, measured(service.roles, postmaster(url)) as usage:
                answers = in_child(_post, service.address, book, count, number)
                lags = heard()
            achieved.append(answers.rate)
            used = usage.during(answers.started, answers.ended, client=answers.client)
            p99s.append(Latencies(lags).percentile(0.99))
            seen.seconds += lags
        rates = ", ".join(f"{rate:,.0f}" for rate in achieved)
        note = f"{seen}; at {rates} tx/s answered"
        slow = min(achieved) < RATE * 0.97
        failure = f"the service did not sustain {RATE:,} tx/s ({rates})" if slow else ""
        yield Row(
            "projector, all projections, lag p99 at 2,000 tx/s",
            p99s,
            "ms",
            at_most(50, "ms"),
            used,
            note,
            failure,
        )


def _post(address: Address, book: Book, count: int, seed: int) -> Answers:
    return at_rate(address, messages(address, book, workload.recent(book, count, seed)), CONNECTIONS, RATE)


def listen(ready: Event, stop: Event, url: str) -> list[float]:
    """Seconds of lag of every fact recorded between `ready` and `stop`; runs in a process of its own.

    Raises TimeoutError when the projections do not reach the last fact.
    """
    lags: list[float] = []
    waiting: list[tuple[int, float]] = []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"LISTEN {RECORDED}")
        connection.execute(f"LISTEN {PROJECTED}")
        last = _head(connection)
        ready.set()
        quiet = time.monotonic()
        while not stop.is_set() or waiting:
            for notice in connection.notifies(timeout=0.1, stop_after=1):
                now, position = time.perf_counter(), int(notice.payload)
                quiet = time.monotonic()
                if notice.channel == RECORDED:
                    waiting.extend((each, now) for each in range(last + 1, position + 1))
                    last = max(last, position)
                else:
                    done = sum(1 for each, _ in waiting if each <= position)
                    lags.extend(now - since for _, since in waiting[:done])
                    del waiting[:done]
            if time.monotonic() - quiet > DRAIN and stop.is_set():
                raise TimeoutError(f"{len(waiting)} facts were not projected {DRAIN:.0f} s after the last")
    return lags


def _head(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT position FROM record.head").fetchone()
    return int(row[0]) if row else 0

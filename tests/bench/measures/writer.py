"""The writer alone: batches of 1,000 commands handed in by the process that it runs in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.bench import inprocess, workload
from tests.bench.children import in_child
from tests.bench.database import postmaster
from tests.bench.measure import Row, at_least
from tests.bench.measures.peers import stock_batched
from tests.bench.run import Run
from tests.bench.usage import measured
from tests.bench.workload import Book

WAITING = 4
"""Batches at the writer at a time when it is kept busy: one stored, one next in line, one decided, one handed in."""


class Sample(NamedTuple):
    """Transactions a second, and what the machine did meanwhile."""

    rate: float
    used: str


def writer(run: Run) -> Iterator[Row]:
    """Samples alternate with the stock application's, so that both meet the same machine."""
    ours, single, saves, wholes = [], [], [], []
    for sample in range(run.sizes.runs):
        run.say(f"stock eventsourcing, 1,000 aggregates a save ({sample + 1} of {run.sizes.runs})")
        save, whole = stock_batched(run, sample)
        saves.append(save)
        wholes.append(whole)
        run.say(f"the writer alone ({sample + 1} of {run.sizes.runs})")
        run.server.checkpoint()
        url, home = run.database(f"writer_{sample}"), run.home("writer")
        book = in_child(_open_book, url, home)
        ours.append(in_child(alone, url, home, book, run.sizes.batches, WAITING, 1))
        single.append(in_child(alone, url, home, book, run.sizes.batches, 1, 2))
    rates = [each.rate for each in ours]
    yield Row("writer alone, batches of 1,000", rates, "tx/s", at_least(40_000, "tx/s"), ours[-1].used)
    ratios = [mine / theirs for mine, theirs in zip(rates, saves, strict=True)]
    note = "against saving alone: the peer decides nothing, seals nothing and keeps no balances"
    yield Row("writer alone ÷ stock eventsourcing", ratios, "×", at_least(1.7, "×"), ours[-1].used, note)
    lonely = [each.rate for each in single]
    note = "the next handed in when the last was answered"
    yield Row("writer alone, one batch of 1,000 at a time", lonely, "tx/s", None, single[-1].used, note)
    yield Row("eventsourcing 9.5.6, Application.save of 1,000 aggregates", saves, "tx/s")
    note = "the same with making the aggregates, as our decisions are part of our time"
    yield Row("eventsourcing 9.5.6, making and saving 1,000 aggregates", wholes, "tx/s", note=note)


def alone(url: str, home: Path, book: Book, batches: int, waiting: int, seed: int) -> Sample:
    """So many batches, with so many `waiting` at a time; runs in a process of its own."""
    with inprocess.writing(url, home) as running:
        warming = inprocess.prepared(book, workload.recent(book, 2 * inprocess.BATCH, -seed))
        inprocess.rate(running, warming, 1)
        commands = inprocess.prepared(book, workload.recent(book, batches * inprocess.BATCH, seed))
        with measured({"writer's process": [os.getpid()]}, postmaster(url)) as usage:
            rate = inprocess.rate(running, commands, waiting)
    return Sample(rate, usage.whole())


def _open_book(url: str, home: Path) -> Book:
    with inprocess.writing(url, home) as running:
        return inprocess.open_book(running)

"""The writer alone: batches of 1,000 commands handed in by the process that it runs in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench import inprocess, workload
from tests.bench.children import in_child
from tests.bench.database import postmaster
from tests.bench.measure import Row, at_least
from tests.bench.measures.peers import stock_batched
from tests.bench.run import Run
from tests.bench.usage import measured
from tests.bench.workload import Book


def writer(run: Run) -> Iterator[Row]:
    """Samples alternate with the stock application's, so that both meet the same machine."""
    ours, saves, wholes = [], [], []
    used = ""
    for sample in range(run.sizes.runs):
        run.say(f"stock eventsourcing, 1,000 aggregates a save ({sample + 1} of {run.sizes.runs})")
        save, whole = stock_batched(run, sample)
        saves.append(save)
        wholes.append(whole)
        run.say(f"the writer alone ({sample + 1} of {run.sizes.runs})")
        run.server.checkpoint()
        url = run.database(f"writer_{sample}")
        rate, used = in_child(alone, url, run.home("writer"), run.sizes.batches)
        ours.append(rate)
    yield Row("eventsourcing 9.5.6, Application.save of 1,000 aggregates", saves, "tx/s")
    note = "the same with making the aggregates, as our decisions are part of our time"
    yield Row("eventsourcing 9.5.6, making and saving 1,000 aggregates", wholes, "tx/s", note=note)
    yield Row("writer alone, batches of 1,000", ours, "tx/s", at_least(40_000, "tx/s"), used)
    ratios = [mine / theirs for mine, theirs in zip(ours, saves, strict=True)]
    note = f"{median(ratios):.2f} × saving alone; the peer decides nothing and keeps no balances"
    yield Row("writer alone ÷ stock eventsourcing", ratios, "×", at_least(1.7, "×"), used, note)


def alone(url: str, home: Path, count: int) -> tuple[float, str]:
    """Transactions a second, by the median batch of `count`, and what the machine did meanwhile."""
    with inprocess.writing(url, home) as running:
        book = inprocess.open_book(running)
    return into(url, home, book, count, 1)


def into(url: str, home: Path, book: Book, count: int, seed: int) -> tuple[float, str]:
    """The same for a book that is there."""
    with inprocess.writing(url, home) as running:
        inprocess.batches(running, book, workload.recent(book, 2 * inprocess.BATCH, -seed))
        commands = inprocess.prepared(book, workload.recent(book, count * inprocess.BATCH, seed))
        with measured({"writer's process": [os.getpid()]}, postmaster(url)) as usage:
            spans = inprocess.timed(running, commands)
    return inprocess.BATCH / median(spans), usage.whole()

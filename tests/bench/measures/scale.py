"""From ten thousand transactions to a million: rebuilding everything, and what posting one more costs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from typing import NamedTuple

import psycopg

from projections.rebuild import rebuild
from tests.bench import inprocess
from tests.bench.children import in_child
from tests.bench.database import postmaster
from tests.bench.measure import Row, at_least, at_most
from tests.bench.measures import writer as writing
from tests.bench.measures.posting import CONNECTIONS, post
from tests.bench.run import Run
from tests.bench.service import serving
from tests.bench.usage import measured, own_peak_mib
from tests.bench.workload import Book

GROWTH = 1.2
FLAT = 1.1
"""Memory counts as flat when ten times the facts take at most a tenth more."""


class Rebuild(NamedTuple):
    facts: int
    seconds: float
    peak_mib: float

    @property
    def rate(self) -> float:
        return self.facts / self.seconds


class Cost(NamedTuple):
    """Microseconds that one more transaction takes, by sample, and what the machine did meanwhile."""

    micros: list[float]
    used: str


def scale(run: Run) -> Iterator[Row]:
    """Rows of rebuild and growth, on one record that is filled step by step."""
    url, home, sizes = run.database("scale"), run.home("scale"), run.sizes
    with serving(url, home) as service:
        run.say("opening 1,000 accounts")
        book = service.open_book("scale")
    _fill(run, url, home, book, 0, sizes.small)
    early = _costs(run, url, home, book, sizes.small)
    _fill(run, url, home, book, sizes.small, sizes.medium)
    medium, _ = _rebuilds(run, url, home)
    _fill(run, url, home, book, sizes.medium, sizes.large)
    large, used = _rebuilds(run, url, home)
    # The tables that the last rebuild made are as new as those that were filled.
    _settle(run, url)
    late = _costs(run, url, home, book, sizes.large)
    yield from _rebuild_rows(medium, large, used)
    yield from _growth_rows(sizes.small, sizes.large, early, late)


def _fill(run: Run, url: str, home: Path, book: Book, present: int, wanted: int) -> None:
    run.say(f"filling the record from {present:,} to {wanted:,} transactions")
    in_child(inprocess.seed, url, home, book, wanted - present, wanted)
    _settle(run, url)


def _settle(run: Run, url: str) -> None:
    """Autovacuum would do this some time; the measures are to meet it done."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    run.server.checkpoint()


def _costs(run: Run, url: str, home: Path, book: Book, transactions: int) -> tuple[Cost, Cost]:
    """Of the writer alone in batches of 1,000, and over HTTP."""
    sizes = run.sizes
    by_writer, by_http, used_by_writer, used_by_http = [], [], "", ""
    for number in range(sizes.runs):
        run.say(f"the writer alone at {transactions:,} transactions ({number + 1} of {sizes.runs})")
        order = (url, home, book, sizes.batches // 4 + 2, writing.WAITING, number)
        rate, used_by_writer = in_child(writing.alone, *order)
        by_writer.append(1e6 / rate)
    with serving(url, home) as service:
        service.await_projected()
        for number in range(sizes.runs):
            run.say(f"HTTP at {transactions:,} transactions ({number + 1} of {sizes.runs})")
            posted = (service.address, book, "recent", sizes.requests // 5, CONNECTIONS, sizes.warm, number)
            with measured(service.roles, postmaster(url)) as usage:
                answers = in_child(post, *posted)
            by_http.append(1e6 / answers.rate)
            used_by_http = usage.during(answers.started, answers.ended, client=answers.client)
    return Cost(by_writer, used_by_writer), Cost(by_http, used_by_http)


def _rebuilds(run: Run, url: str, home: Path) -> tuple[list[Rebuild], str]:
    done, used = [], ""
    for number in range(run.sizes.runs):
        run.say(f"rebuilding everything ({number + 1} of {run.sizes.runs})")
        with measured({}, postmaster(url)) as usage:
            once = in_child(_rebuild, url, home)
        used = usage.whole(rebuild=once[1])
        done.append(once[0])
    return done, used


def _rebuild(url: str, home: Path) -> tuple[Rebuild, float]:
    """One rebuild, and the processor seconds that this process and the one that it starts spent on it. Memory is
    the sum of what each had at most, as if both had it at once."""
    before = _spent()
    vault = inprocess.keys(url, home, role="numina_projector")
    result = rebuild(url, vault)
    vault.close()
    peak = own_peak_mib() + getrusage(RUSAGE_CHILDREN).ru_maxrss / 1024
    return Rebuild(result.position, result.seconds, peak), _spent() - before


def _spent() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _rebuild_rows(medium: list[Rebuild], large: list[Rebuild], used: str) -> Iterator[Row]:
    for done in (medium, large):
        facts = f"{done[0].facts:,} facts"
        rates, peaks = [each.rate for each in done], [each.peak_mib for each in done]
        yield Row(f"rebuild of everything, {facts}", rates, "facts/s", at_least(30_000, "facts/s"), used)
        yield Row(f"rebuild of everything, {facts}, peak memory", peaks, "MB", at_most(400, "MB"))
    ratio = max(each.peak_mib for each in large) / max(each.peak_mib for each in medium)
    yield Row("peak memory of the larger ÷ the smaller rebuild", [ratio], "×", at_most(FLAT, "×"))


def _growth_rows(small: int, large: int, early: tuple[Cost, Cost], late: tuple[Cost, Cost]) -> Iterator[Row]:
    names = ("writer, batches of 1,000", "HTTP, 100 connections")
    for name, before, after in zip(names, early, late, strict=True):
        costs = f"{median(before.micros):,.1f} µs at {small:,}, {median(after.micros):,.1f} µs at {large:,}"
        note = f"a transaction costs {costs}; then {before.used}, now {after.used}"
        ratios = [new / old for new, old in zip(sorted(after.micros), sorted(before.micros), strict=True)]
        yield Row(f"growth, {name}", ratios, "×", at_most(GROWTH, "×"), note=note)

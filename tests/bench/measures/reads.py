"""Reads over HTTP of a book with ten years in it, while ten clients post into the same book without pause.

Reads are strongly consistent, the default: each waits until everything that was recorded when it arrived is
projected. One connection asks for the five kinds in turn.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import count, islice
from multiprocessing.synchronize import Event
from pathlib import Path

from tests.bench import inprocess, workload
from tests.bench.children import beside, in_child
from tests.bench.connection import Address, request
from tests.bench.database import postmaster
from tests.bench.load import Answers, closed, until
from tests.bench.measure import Latencies, Row, at_most
from tests.bench.measures.posting import BULK, messages, post_bulk
from tests.bench.run import Run
from tests.bench.service import Service, serving
from tests.bench.usage import measured
from tests.bench.workload import Book

WRITERS = 10
KINDS = ("balance", "month", "income statement of ten years", "first page", "filtered search")
WARM = 10


def reads(run: Run) -> Iterator[Row]:
    """A row for each kind of read, with and without a big book of somebody else beside it."""
    url, home = run.database("reads"), run.home("reads")
    with serving(url, home) as service:
        history, other = run.sizes.history, run.sizes.other_history
        run.say("opening a household's accounts")
        book = service.open_book("reads", workload.HOUSEHOLD)
        run.say(f"posting {history:,} transactions of ten years through bulk")
        in_child(post_bulk, service.address, book, history // BULK, 1, 1, True)
        run.say("waiting for the projections")
        service.await_projected()
        yield from _rows(run, service, url, book, f"{history:,} transactions in the book")
        run.say(f"posting {other:,} transactions into somebody else's book")
        in_child(_fill_other, url, home, other)
        run.say("waiting for the projections")
        service.await_projected()
        yield from _rows(run, service, url, book, f"and {other:,} in another book")


def _rows(run: Run, service: Service, url: str, book: Book, where: str) -> Iterator[Row]:
    run.server.checkpoint()
    runs, writers, used = [], [], ""
    for number in range(run.sizes.runs):
        run.say(f"reads, {where} ({number + 1} of {run.sizes.runs})")
        with (
            beside(_write, service.address, book, number) as written,
            measured(service.roles, postmaster(url)) as usage,
        ):
            answers = in_child(_read, service.address, book, run.sizes.reads, number)
            runs.append(answers)
            writers.append(written())
        client = answers.client + writers[-1].client * (answers.ended - answers.started) / writers[-1].span
        used = usage.during(answers.started, answers.ended, client=client)
    run.say(f"reads, {where}, nobody writing")
    quiet = _by_kind(in_child(_read, service.address, book, run.sizes.reads, 1))
    posted = ", ".join(f"{answers.rate:,.0f}" for answers in writers)
    for number, kind in enumerate(KINDS):
        each = [_by_kind(answers)[number] for answers in runs]
        together = Latencies([seconds for latencies in each for seconds in latencies.seconds])
        note = f"{together}; meanwhile {posted} tx/s posted; nobody writing: {quiet[number]}"
        p99s = [latencies.percentile(0.99) for latencies in each]
        yield Row(f"read {kind}, p99, {where}", p99s, "ms", at_most(50, "ms"), used, note)


def _by_kind(answers: Answers) -> list[Latencies]:
    """The latencies of one connection that asked for the kinds in turn."""
    return [Latencies(answers.latencies[number :: len(KINDS)]) for number in range(len(KINDS))]


def _read(address: Address, book: Book, each: int, seed: int) -> Answers:
    messages = list(islice(_reading(address, book, seed), (each + WARM) * len(KINDS)))
    return closed(address, messages, 1, warm=WARM * len(KINDS))


def _reading(address: Address, book: Book, seed: int) -> Iterator[bytes]:
    """The kinds in turn, each time about something else."""
    chance = random.Random(seed)
    while True:
        year = chance.randrange(2016, 2026)
        payee = f"Payee%20{chance.randrange(200)}"
        for path in (
            f"/v1/accounts/{chance.choice(book.assets)}/balance",
            f"/v1/reports/monthly?month={year}-{chance.randrange(1, 13):02}",
            "/v1/reports/income-statement?from=2016-01-01&to=2025-12-31&by=month",
            "/v1/transactions?limit=50",
            f"/v1/transactions?from={year}-01-01&to={year}-12-31&min_amount=50&payee={payee}&limit=50",
        ):
            yield request("GET", path, address, token=book.token)


def _write(ready: Event, stop: Event, address: Address, book: Book, seed: int) -> Answers:
    """Ten connections that post without pause until told to stop; runs in a process of its own."""
    payments = (
        payment for block in count() for payment in workload.recent(book, 1_000, 1_000 * seed + block)
    )
    encoded = (message for payment in payments for message in messages(address, book, iter([payment])))
    ready.set()
    return until(address, encoded, WRITERS, stop.is_set)


def _fill_other(url: str, home: Path, transactions: int) -> None:
    with inprocess.writing(url, home) as writer:
        book = inprocess.open_book(writer)
    inprocess.seed(url, home, book, transactions, 2)

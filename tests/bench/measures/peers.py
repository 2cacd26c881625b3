"""The peers' rows: what other systems do on this machine in this run."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.children import ChildFailed, in_child
from tests.bench.measure import Row
from tests.bench.peers import hledger, hordak, postgres, stock
from tests.bench.run import Run

CLIENTS = 8
HUNG = 30.0
"""Seconds after which the stock recorder, which may wait for ever, is started anew."""
ATTEMPTS = 3


def peers(run: Run) -> Iterator[Row]:
    """PostgreSQL itself, the stock eventsourcing application, django-hordak."""
    yield from _postgres(run)
    yield from _stock(run)
    yield from _hordak(run)


def _postgres(run: Run) -> Iterator[Row]:
    url = run.server.create("yardstick")
    postgres.prepare(url)
    for clients in (1, CLIENTS):
        run.say(f"PostgreSQL alone, {clients} client(s)")
        rates = [postgres.commits(url, clients, run.sizes.commits) for _ in range(run.sizes.runs)]
        yield Row(f"PostgreSQL, one 200-byte row a commit, {_clients(clients)}", rates, "rows/s")


def _stock(run: Run) -> Iterator[Row]:
    run.say("stock eventsourcing, one aggregate a save")
    url = run.server.create("stock_single")
    rates = [in_child(stock.single, url, run.sizes.commits) for _ in range(run.sizes.runs)]
    yield Row("eventsourcing 9.5.6, Application.save of one aggregate", rates, "tx/s")


def stock_batched(run: Run, sample: int) -> tuple[float, float]:
    """Transfers a second of the stock application saving 1,000 at once: saving alone, and with making."""
    for attempt in range(1, ATTEMPTS + 1):
        url = run.server.create(f"stock_batched_{sample}")
        try:
            saves, wholes = in_child(stock.batched, url, 1_000, run.sizes.batches, limit=HUNG)
            break
        except ChildFailed:
            if attempt == ATTEMPTS:
                raise
            run.say("the stock recorder hung; once more")
    return len(saves) * 1_000 / sum(saves), len(wholes) * 1_000 / sum(wholes)


def _hordak(run: Run) -> Iterator[Row]:
    url = run.server.create("hordak")
    hordak.prepare(url)
    for clients in (1, CLIENTS):
        run.say(f"django-hordak, {clients} client(s)")
        rates = [hordak.transfers(url, clients, run.sizes.commits // 2) for _ in range(run.sizes.runs)]
        yield Row(f"django-hordak 2.0, Account.transfer_to, {_clients(clients)}", rates, "tx/s")


def reports(run: Run) -> Iterator[Row]:
    """hledger's reports, where it is installed."""
    version = hledger.version()
    if version is None:
        yield Row("hledger, reports", note="not installed", failure="not installed")
        return
    count = run.sizes.journal
    run.say(f"hledger over {count:,} transactions")
    for name, runs in hledger.reports(count, run.sizes.runs).items():
        peak = max(report.peak_mb for report in runs)
        note = f"{version}; {count:,} transactions in the file; peak {peak:,.0f} MB"
        yield Row(f"hledger, {name}", [report.seconds * 1000 for report in runs], "ms", note=note)


def _clients(count: int) -> str:
    return "1 client" if count == 1 else f"{count} clients"

"""Posting over HTTP: a hundred connections, one hot account, one connection, bulk; and what the API holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from uuid import uuid4

from tests.bench import workload
from tests.bench.children import in_child
from tests.bench.connection import Address, body, request
from tests.bench.database import postmaster
from tests.bench.load import Answers, closed
from tests.bench.measure import Latencies, Row, at_least, at_most
from tests.bench.run import Run
from tests.bench.service import Service, serving
from tests.bench.usage import Usage, measured, resident_mib
from tests.bench.workload import Book, Payment

CONNECTIONS = 100
BULK = 1_000
BULK_CONNECTIONS = 4
SETTLE = 3.0
"""Seconds between the service's readiness and the look at what it holds at rest."""


def posting(run: Run) -> Iterator[Row]:
    """All rows of posting, on one fresh service."""
    url = run.database("posting")
    with serving(url, run.home("posting")) as service:
        time.sleep(SETTLE)
        rest = resident_mib(service.roles["API"][0])
        run.say("opening 1,000 accounts")
        book = service.open_book("posting")
        bench = _Bench(run, service, book, postmaster(url))
        bench.rounds()
        yield from bench.rows()
        peak = max(usage.peak_mib["API"] for usage in bench.usages)
        yield Row("API process at rest", [rest], "MB", at_most(150, "MB"))
        yield Row("API process under the load above", [peak], "MB", at_most(300, "MB"), note="highest seen")


def messages(address: Address, book: Book, payments: Iterator[Payment]) -> list[bytes]:
    """One encoded POST /v1/transactions for each payment, with an idempotency key of its own."""
    return [
        request("POST", "/v1/transactions", address, token=book.token, key=str(uuid4()), body=payment.body())
        for payment in payments
    ]


def bulk_messages(address: Address, book: Book, payments: Sequence[Payment]) -> list[bytes]:
    """The payments as POST /v1/transactions/bulk, BULK to a request."""
    made = []
    for start in range(0, len(payments), BULK):
        items = b",".join(payment.body() for payment in payments[start : start + BULK])
        content = b'{"items":[' + items + b"]}"
        key = str(uuid4())
        made.append(
            request("POST", "/v1/transactions/bulk", address, token=book.token, key=key, body=content)
        )
    return made


def post(
    address: Address, book: Book, kind: str, count: int, connections: int, warm: int, seed: int
) -> Answers:
    """Posts `count` payments ("recent" or "hot") one to a request; runs in a process of its own."""
    payments = {"recent": workload.recent, "hot": workload.hot}[kind](book, count + warm, seed)
    return closed(address, messages(address, book, payments), connections, warm=warm)


def post_bulk(
    address: Address, book: Book, requests: int, seed: int, connections: int = 1, years: bool = False
) -> Answers:
    """Posts `requests` bulk requests. Raises ValueError when an item was refused."""
    source = workload.ten_years if years else workload.recent
    payments = list(source(book, requests * BULK, seed))
    answers = closed(address, bulk_messages(address, book, payments), connections, keep=True)
    for answer in answers.kept:
        if body(answer).count(b'"status":201') != BULK:
            raise ValueError(f"a bulk item was refused: {body(answer)[:1000]!r}")
    answers.kept.clear()
    return answers


class _Bench:
    """The samples of each kind, taken in turns so that all of them meet the same machine."""

    def __init__(self, run: Run, service: Service, book: Book, server: int) -> None:
        self._run = run
        self._service = service
        self._book = book
        self._server = server
        self.usages: list[Usage] = []
        self._used: dict[str, str] = {}
        self._samples: dict[str, list[Answers]] = {
            "spread": [],
            "hot": [],
            "one": [],
            "bulk": [],
            "bulks": [],
        }

    def rounds(self) -> None:
        sizes, address = self._run.sizes, self._service.address
        for number in range(sizes.runs):
            many, warm, seed = sizes.requests, sizes.warm, number
            self._take("spread", post, address, self._book, "recent", many, CONNECTIONS, warm, seed)
            self._take("hot", post, address, self._book, "hot", many, CONNECTIONS, warm, 100 + seed)
            self._take("one", post, address, self._book, "recent", sizes.alone, 1, warm // 10, 200 + seed)
            self._take("bulk", post_bulk, address, self._book, sizes.bulks, 300 + seed)
            self._take("bulks", post_bulk, address, self._book, 2 * sizes.bulks, 400 + seed, BULK_CONNECTIONS)

    def _take(self, name: str, function: Callable[..., Answers], *arguments: object) -> None:
        self._run.say(f"posting over HTTP: {name}")
        with measured(self._service.roles, self._server) as usage:
            answers = in_child(function, *arguments)
        self._samples[name].append(answers)
        self._used[name] = usage.during(answers.started, answers.ended, client=answers.client)
        self.usages.append(usage)

    def rows(self) -> Iterator[Row]:
        spread, hot, one, bulk, bulks = self._samples.values()
        used = self._used
        rates = [answers.rate for answers in spread]
        yield Row(
            "HTTP, 100 connections", rates, "tx/s", at_least(2_500, "tx/s"), used["spread"], _all(spread)
        )
        yield Row("HTTP, 100 connections, p99", _p(spread, 0.99), "ms", at_most(100, "ms"), used["spread"])
        hot_rates = [answers.rate for answers in hot]
        yield Row("HTTP, 100 connections, one hot account", hot_rates, "tx/s", None, used["hot"], _all(hot))
        shares = [warm / cold for warm, cold in zip(hot_rates, rates, strict=True)]
        yield Row("one hot account ÷ spread", shares, "×", at_least(0.85, "×"), used["hot"])
        yield Row("HTTP, one connection, p50", _p(one, 0.5), "ms", at_most(2, "ms"), used["one"], _all(one))
        bulk_rates = [answers.rate * BULK for answers in bulk]
        yield Row(
            "HTTP, bulk of 1,000, one connection",
            bulk_rates,
            "tx/s",
            at_least(15_000, "tx/s"),
            used["bulk"],
            _all(bulk),
        )
        many_rates = [answers.rate * BULK for answers in bulks]
        name = f"HTTP, bulk of 1,000, {BULK_CONNECTIONS} connections"
        yield Row(name, many_rates, "tx/s", None, used["bulks"], _all(bulks))


def _p(samples: Sequence[Answers], share: float) -> list[float]:
    return [Latencies(answers.latencies).percentile(share) for answers in samples]


def _all(samples: Sequence[Answers]) -> str:
    """The latencies of all samples together."""
    return str(Latencies([seconds for answers in samples for seconds in answers.latencies]))

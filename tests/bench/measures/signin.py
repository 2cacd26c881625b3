"""Signing in: that nearly all of its time is argon2's, that nobody else waits for it, that it tells nobody which
addresses are registered; and what it costs to find out whether a request may go on.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from itertools import cycle, islice, repeat
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median

from starlette.requests import Request
from starlette.testclient import TestClient

from api.authorising import admit
from api.middleware import Edge
from api.permissions import PERMISSIONS
from api.services import Context
from numina.settings import Settings
from numina.wiring import api_app
from numina.workers import tune_interpreter
from tests.bench import workload
from tests.bench.children import beside, in_child
from tests.bench.connection import Address, request
from tests.bench.database import postmaster
from tests.bench.load import Answers, closed, until
from tests.bench.measure import Latencies, Row, at_least, at_most
from tests.bench.run import Run
from tests.bench.service import PASSWORD, Service, serving
from tests.bench.usage import measured
from tests.bench.workload import Book

IN_FLIGHT = 20
WARM = 3
WRONG = "not the password"


def signin(run: Run) -> Iterator[Row]:
    """A row for each promise about signing in and authorising."""
    url, home = run.database("signin"), run.home("signin")
    with serving(url, home) as service:
        run.say("opening a household's accounts")
        book = service.open_book("signin", workload.HOUSEHOLD)
        service.await_projected()
        wish = {"name": "bench", "scopes": ["accounts:read"]}
        key = service.call("POST", "/v1/users/me/api-keys", wish, book.token)["key"]
        yield _share(run, service)
        yield _beside(run, service, url, book)
        yield _difference(run, service)
    note = "token, session, person, book, role, and the count of the person's requests; no round trip"
    yield _authorising(run, url, home, "authorising a request", book.token, note)
    note = "key, its scopes, person, book, role, and the counts of both; no round trip"
    yield _authorising(run, url, home, "authorising a request by API key", key, note)


def _share(run: Run, service: Service) -> Row:
    shares, notes = [], ""
    for number in range(run.sizes.runs):
        run.say(f"signing in, one after the other ({number + 1} of {run.sizes.runs})")
        before = _argon2(service.address)
        answers = in_child(_one_by_one, service.address, run.sizes.sign_ins)
        checks, seconds = (now - then for now, then in zip(_argon2(service.address), before, strict=True))
        mean = sum(answers.latencies) / len(answers.latencies)
        shares.append(100 * (seconds / checks) / mean)
        notes = f"sign-in {Latencies(answers.latencies)}; in it, argon2 took {1000 * seconds / checks:.1f} ms (mean)"
    return Row("sign-in, share of its time that argon2 takes", shares, "%", at_least(95, "%"), note=notes)


def _beside(run: Run, service: Service, url: str, book: Book) -> Row:
    p99s, together, used, signed_in = [], Latencies(), "", 0.0
    for number in range(run.sizes.runs):
        run.say(f"balance reads beside {IN_FLIGHT} sign-ins ({number + 1} of {run.sizes.runs})")
        with (
            beside(_sign_in, service.address) as result,
            measured(service.roles, postmaster(url)) as usage,
        ):
            answers = in_child(_read, service.address, book, run.sizes.reads * 5)
            signed_in = result().rate
        latencies = Latencies(answers.latencies)
        p99s.append(latencies.percentile(0.99))
        together.seconds += latencies.seconds
        used = usage.during(answers.started, answers.ended, client=answers.client)
    quiet = Latencies(in_child(_read, service.address, book, run.sizes.reads * 5).latencies)
    note = f"{together}; meanwhile {signed_in:,.1f} sign-ins/s; nobody signing in: {quiet}"
    measure = f"read balance, p99, {IN_FLIGHT} sign-ins in flight"
    return Row(measure, p99s, "ms", at_most(50, "ms"), used, note)


def _difference(run: Run, service: Service) -> Row:
    """Each registered address is tried once a sample: a fifth failure would be followed by a pause."""
    known = [f"known{number}@example.com" for number in range(run.sizes.sign_ins)]
    run.say(f"registering {len(known)} people")
    for email in known:
        service.call("POST", "/v1/auth/register", {"email": email, "password": PASSWORD})
    differences, notes = [], ""
    for number in range(run.sizes.runs):
        run.say(f"wrong passwords of known and unknown addresses ({number + 1} of {run.sizes.runs})")
        of_known, of_unknown = in_child(_refused, service.address, known)
        differences.append(100 * abs(median(of_known) - median(of_unknown)) / median(of_known))
        notes = f"known {Latencies(of_known)}; unknown {Latencies(of_unknown)}"
    measure = "sign-in refused, difference of medians between known and unknown addresses"
    return Row(measure, differences, "%", at_most(5, "%"), note=notes)


def _authorising(run: Run, url: str, home: Path, measure: str, token: str, note: str) -> Row:
    run.say(f"{measure}, in one process")
    samples = in_child(_admit, url, home, token, run.sizes.runs, run.sizes.requests)
    return Row(measure, samples, "µs", at_most(150, "µs"), note=note)


def _credentials(email: str, password: str) -> bytes:
    return json.dumps({"email": email, "password": password}).encode()


def _signing_in(address: Address) -> bytes:
    body = _credentials("signin@example.com", PASSWORD)
    return request("POST", "/v1/auth/login", address, body=body)


def _one_by_one(address: Address, count: int) -> Answers:
    return closed(address, repeat(_signing_in(address), count + WARM), 1, warm=WARM)


def _argon2(address: Address) -> tuple[float, float]:
    """Passwords that the service has checked, and the seconds that argon2 took for it, as its metrics tell."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=60)
    connection.request("GET", "/metrics")
    told = dict(
        line.split() for line in connection.getresponse().read().decode().splitlines() if line[0] != "#"
    )
    connection.close()
    return float(told["numina_password_checks"]), float(told["numina_password_check_seconds"])


def _sign_in(ready: Event, stop: Event, address: Address) -> Answers:
    ready.set()
    return until(address, repeat(_signing_in(address)), IN_FLIGHT, stop.is_set)


def _read(address: Address, book: Book, count: int) -> Answers:
    each = cycle(
        request("GET", f"/v1/accounts/{account}/balance", address, token=book.token)
        for account in book.assets
    )
    return closed(address, islice(each, count + WARM), 1, warm=WARM)


def _refused(address: Address, known: list[str]) -> tuple[list[float], list[float]]:
    """Seconds that refusing took, for addresses that are registered and such that are not, in turn."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=60)

    def seconds(email: str) -> float:
        began = time.perf_counter()
        connection.request(
            "POST", "/v1/auth/login", _credentials(email, WRONG), {"Content-Type": "application/json"}
        )
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 401, answer.status
        return time.perf_counter() - began

    for number in range(WARM):
        seconds(f"warm{number}@example.com")
    pairs = [(seconds(email), seconds(f"un{email}")) for email in known]
    connection.close()
    return [of_known for of_known, _ in pairs], [of_unknown for _, of_unknown in pairs]


def _admit(url: str, home: Path, token: str, runs: int, count: int) -> list[float]:
    """Microseconds that authorising took, as the mean of each run."""
    tune_interpreter()
    app = api_app(
        Settings(database_url=url, home=home, rate_account="1000000000/10", rate_key="1000000000/10")
    )
    assert isinstance(app, Edge)
    services, access = app._services, PERMISSIONS["GET /v1/accounts/{account_id}"]
    headers = {b"authorization": f"Bearer {token}".encode()}

    async def sample() -> float:
        began = time.perf_counter()
        for _ in range(count):
            context = Context(services, headers, "")
            await admit(Request({"type": "http", "numina": context, "headers": []}), access)
        return (time.perf_counter() - began) / count * 1e6

    with TestClient(app) as client:
        client.get("/v1/accounts", headers={"authorization": f"Bearer {token}"})
        assert client.portal is not None
        return [client.portal.call(sample) for _ in range(runs)]

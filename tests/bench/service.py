"""The real service: `numina serve` on a database of the run, a user with a book, and its processes."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import psycopg

from numina.settings import Settings
from tests.bench.connection import Address, body, request
from tests.bench.load import closed
from tests.bench.workload import THOUSAND, Book, Chart

START_LIMIT = 120.0
PROJECTED_LIMIT = 600.0
PASSWORD = "correct horse battery staple"
# One address and one person ask for more here than any would: counted all the same, so that it costs what it costs.
_RATES = {
    f"NUMINA_RATE_{name}": "1000000000/10"
    for name in ("ADDRESS", "ACCOUNT", "SIGN_IN", "REGISTER", "REFRESH")
}
_BEHIND = "SELECT head.position - tracking.position FROM record.head, views.tracking"
_READY = re.compile(r"ready: https?://([^:/]+):(\d+)")
_ROLES = {"api": "API", "project": "projector", "scheduler": "scheduler"}


class ServiceFailed(Exception):
    """The service did not start, or refused what the harness needs."""


@dataclass(frozen=True)
class Service:
    """A running service: its database, where it listens, and the process ids of each part."""

    url: str
    address: Address
    roles: Mapping[str, Sequence[int]]

    def call(self, method: str, path: str, fields: object = None, token: str = "") -> Any:
        """The answer to one request as JSON. Raises ServiceFailed unless it is 2xx."""
        connection = http.client.HTTPConnection(self.address.host, self.address.port, timeout=60)
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        connection.request(method, path, json.dumps(fields) if fields is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status // 100 != 2:
            raise ServiceFailed(f"{method} {path}: {answer.status} {text[:2000].decode(errors='replace')}")
        return json.loads(text) if text else None

    def open_book(self, name: str, chart: Chart = THOUSAND) -> Book:
        """Registers somebody and opens the accounts of the chart in their book."""
        email = f"{name}@example.com"
        made = self.call(
            "POST", "/v1/auth/register", {"email": email, "password": PASSWORD, "currency": "USD"}
        )
        login = self.call("POST", "/v1/auth/login", {"email": email, "password": PASSWORD})
        token = str(login["access_token"])
        return Book(
            UUID(made["book_id"]),
            UUID(made["user_id"]),
            self._open_accounts(token, "asset", chart.assets),
            self._open_accounts(token, "expense", chart.expenses),
            self._open_accounts(token, "income", chart.incomes),
            token,
        )

    def _open_accounts(self, token: str, kind: str, count: int) -> tuple[UUID, ...]:
        bodies = (
            json.dumps({"name": f"{kind} {number}", "kind": kind, "currency": "USD"}).encode()
            for number in range(count)
        )
        requests = [
            request("POST", "/v1/accounts", self.address, token=token, body=fields) for fields in bodies
        ]
        if not requests:
            return ()
        answers = closed(self.address, requests, 8, keep=True)
        return tuple(UUID(json.loads(body(answer))["id"]) for answer in answers.kept)

    def await_projected(self) -> None:
        """Waits until everything recorded is projected. Raises ServiceFailed after ten minutes."""
        deadline = time.monotonic() + PROJECTED_LIMIT
        with psycopg.connect(self.url, autocommit=True) as connection:
            while connection.execute(_BEHIND).fetchone() != (0,):
                if time.monotonic() > deadline:
                    raise ServiceFailed("the projections did not reach the end of the record")
                time.sleep(0.2)


@contextmanager
def serving(url: str, home: Path) -> Iterator[Service]:
    """`numina serve` on the database at `url` with its data in `home`, stopped afterwards."""
    home.mkdir(parents=True, exist_ok=True)
    settings = Settings(database_url=url, home=home, port=0)
    said = home / "serve.log"
    with said.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "numina", "serve"],
            env=settings.environment() | _RATES,
            stdout=log,
            stderr=log,
        )
    try:
        address = _await_ready(process, said)
        yield Service(url, address, _parts(process.pid))
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def _await_ready(process: subprocess.Popen[bytes], said: Path) -> Address:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        if found := _READY.search(said.read_text(errors="replace")):
            return Address(found[1], int(found[2]))
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise ServiceFailed(f"numina serve did not become ready:\n{said.read_text(errors='replace')[-3000:]}")


def _parts(supervisor: int) -> dict[str, list[int]]:
    """The process ids of API, projector and scheduler, found by their command lines."""
    parts: dict[str, list[int]] = {"supervisor": [supervisor]}
    for child in psutil.Process(supervisor).children():
        command = child.cmdline()
        role = next((_ROLES[word] for word in command if word in _ROLES), "other")
        parts.setdefault(role, []).append(child.pid)
    return parts

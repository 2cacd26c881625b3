"""The real application on a real database, with a projector at work beside it."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from gateways.vault import Vault
from numina.settings import Settings
from numina.wiring import api_app
from projections.projector import Projector

MASTER_KEY = bytes(range(32))
PROXY = "10.0.0.1"
PASSWORD = "correct horse battery staple"
_numbers = count(1)


def settings(url: str, **more: Any) -> Settings:
    """Settings on a database, with cheap password hashes, and rates that no test meets unless it means to."""
    key = base64.b64encode(MASTER_KEY).decode()
    given: dict[str, Any] = {"argon2_memory_kib": 8192, "argon2_passes": 1}
    given |= dict.fromkeys(("rate_sign_in", "rate_register", "rate_refresh", "rate_mail"), "1000000/10")
    return Settings(database_url=url, master_key=key, **(given | more))


@contextmanager
def projecting(url: str) -> Iterator[None]:
    """A projector that runs in a thread until the context ends."""
    stop = threading.Event()
    vault = Vault(url, MASTER_KEY)
    projector = Projector(url, vault)
    thread = threading.Thread(target=projector.run, args=(stop,), name="projector", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
        vault.close()


@contextmanager
def running(url: str, **more: Any) -> Iterator[TestClient]:
    """A client of the application, whose lifespan it drives; `more` are settings."""
    app = api_app(settings(url, **more))
    # The client is a proxy: by X-Forwarded-For a test says where a request is from, if the settings trust it.
    with projecting(url), TestClient(app, raise_server_exceptions=False, client=(PROXY, 50_000)) as client:
        yield client


@dataclass
class Person:
    """Somebody who is signed in, with a book of their own; paths are below /v1."""

    client: TestClient
    email: str
    user_id: str
    book_id: str
    token: str
    headers: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)

    def request(self, method: str, path: str, **options: Any) -> Response:
        headers = {"authorization": f"Bearer {self.token}", **self.headers, **options.pop("headers", {})}
        return self.client.request(method, f"/v1{path}", headers=headers, **options)

    def get(self, path: str, **options: Any) -> Response:
        return self.request("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Response:
        return self.request("POST", path, json=body, **options)

    def patch(self, path: str, body: Any = None, **options: Any) -> Response:
        return self.request("PATCH", path, json=body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Response:
        return self.request("PUT", path, json=body, **options)

    def delete(self, path: str, **options: Any) -> Response:
        return self.request("DELETE", path, **options)

    def account(self, name: str, kind: str = "asset", currency: str = "USD", **more: Any) -> str:
        """Opens an account and returns its id."""
        made = self.post("/accounts", {"name": name, "kind": kind, "currency": currency, **more})
        assert made.status_code == 201, made.text
        return str(made.json()["id"])


def register(client: TestClient, **fields: Any) -> Person:
    """Registers and signs in somebody new, from where `headers` say."""
    email = fields.pop("email", f"person{next(_numbers)}@example.com")
    headers = fields.pop("headers", {})
    body = {"email": email, "password": PASSWORD, **fields}
    made = client.post("/v1/auth/register", json=body, headers=headers)
    assert made.status_code == 201, made.text
    credentials = {"email": email, "password": body["password"]}
    token = client.post("/v1/auth/login", json=credentials, headers=headers)
    assert token.status_code == 200, token.text
    tokens = token.json()
    access_token = tokens["access_token"]
    return Person(client, email, tokens["user_id"], tokens["book_id"], access_token, tokens=tokens)


def post(person: Person, debit: str, credit: str, amount: str, date: str, **more: Any) -> dict[str, Any]:
    """Posts `amount` USD from the account `credit` to `debit`; the answer, with its position."""
    body = {
        "date": date,
        "postings": [
            {"account_id": debit, "amount": amount, "currency": "USD"},
            {"account_id": credit, "amount": f"-{amount}", "currency": "USD"},
        ],
        **more,
    }
    answer = person.post("/transactions", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json() | {"position": int(answer.headers["numina-position"])}
    return made


def refused(answer: Response, status: int, code: str) -> Mapping[str, Any]:
    """The problem document of a refusal, checked for what every one of them bears."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["code"] == code, problem
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["type"] == f"/problems#{code}"
    return problem

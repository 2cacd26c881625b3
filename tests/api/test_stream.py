"""The live stream over a real server: what is recorded arrives, and a broken connection resumes."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import uvicorn

from numina.listening import listen
from numina.wiring import api_app
from tests.support.service import PASSWORD, projecting, settings


@pytest.fixture(scope="module")
def address(api_database: str) -> Iterator[str]:
    """Where a real server listens, on the database that the tests of the interface share."""
    listening = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(api_app(settings(api_database)), log_level="error"))
    with projecting(api_database):
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(15)


@pytest.fixture
def http(address: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=address, timeout=10) as client:
        body = {"email": f"stream{time.monotonic_ns()}@example.com", "password": PASSWORD}
        assert client.post("/v1/auth/register", json=body).status_code == 201
        token = client.post("/v1/auth/login", json=body).json()["access_token"]
        client.headers["authorization"] = f"Bearer {token}"
        yield client


def events(answer: httpx2.Response) -> Iterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    for line in answer.iter_lines():
        if not line:
            if "data" in event:
                yield event
            event = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            event[name] = json.loads(value) if name == "data" else value


def open_account(http: httpx2.Client, name: str) -> str:
    made = http.post("/v1/accounts", json={"name": name, "kind": "asset", "currency": "USD"})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def test_what_is_recorded_arrives_and_a_broken_connection_resumes(http: httpx2.Client, address: str) -> None:
    with http.stream("GET", "/v1/stream") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        arriving = events(answer)
        opened = []
        with httpx2.Client(base_url=address, headers=http.headers) as other:
            opened = [open_account(other, f"Account {number}") for number in range(3)]
        first = next(arriving)
    assert first["data"]["id"] == opened[0]
    assert first["event"] == "account.opened"
    with http.stream("GET", "/v1/stream", headers={"last-event-id": first["id"]}) as answer:
        arriving = events(answer)
        resumed = [next(arriving), next(arriving)]
    assert [event["data"]["id"] for event in resumed] == opened[1:]
    assert int(resumed[0]["id"]) > int(first["id"])


def test_the_past_can_be_replayed_from_a_position(http: httpx2.Client) -> None:
    with http.stream("GET", "/v1/stream", params={"after": 0}) as answer:
        topics = [event["event"] for _, event in zip(range(4), events(answer), strict=False)]
    assert topics == ["user.registered", "book.opened", "account.opened", "account.opened"]


@pytest.mark.parametrize("given", ["x", "-1", "9" * 30, ""])
def test_an_impossible_event_id_is_refused(http: httpx2.Client, given: str) -> None:
    answer = http.get("/v1/stream", headers={"last-event-id": given})
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_request"


def test_a_stream_needs_a_token(address: str) -> None:
    assert httpx2.get(f"{address}/v1/stream").status_code == 401


def test_a_stream_ends_when_its_session_does(http: httpx2.Client, address: str) -> None:
    with http.stream("GET", "/v1/stream") as answer:
        with httpx2.Client(base_url=address, headers=http.headers) as other:
            open_account(other, "Seen")
            assert other.post("/v1/auth/logout", json={}).status_code == 204
        began = time.monotonic()
        assert [event["event"] for event in events(answer)] in ([], ["account.opened"])
        assert time.monotonic() - began < 5


def test_a_chunked_body_over_the_limit_is_refused_by_a_real_server(http: httpx2.Client) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(64):
            yield b" " * 65_536

    answer = http.post("/v1/accounts", content=chunks(), headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["code"] == "body_too_large"

"""Guessing passwords gets slower, for whoever guesses; the person whose password it is still gets in."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import count

import psycopg
import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from gateways.passwords import Passwords
from tests.support.service import PASSWORD, Person, refused, register, running

Fresh = Callable[[], AbstractContextManager[str]]
HOME = "198.51.100.7"
_strangers = count(1)


@pytest.fixture(scope="module")
def database_url(fresh_database: Fresh) -> Iterator[str]:
    with fresh_database() as url:
        yield url


@pytest.fixture(scope="module")
def door(database_url: str) -> Iterator[TestClient]:
    with running(database_url, trusted_proxies=("10.0.0.0/8",)) as client:
        yield client


@pytest.fixture
def eve(door: TestClient) -> Person:
    """Somebody who has signed in at home."""
    return register(door, headers={"x-forwarded-for": HOME})


def stranger() -> str:
    """An address that nobody has used before."""
    number = next(_strangers)
    return f"203.0.{number // 250}.{number % 250 + 1}"


def sign_in(door: TestClient, email: str, password: str, address: str) -> Response:
    body = {"email": email, "password": password}
    return door.post("/v1/auth/login", json=body, headers={"x-forwarded-for": address})


def test_after_some_wrong_passwords_there_is_a_pause_that_grows(door: TestClient, eve: Person) -> None:
    address = stranger()
    for _ in range(5):
        refused(sign_in(door, eve.email, "wrong", address), 401, "wrong_credentials")
    paused = sign_in(door, eve.email, PASSWORD, address)
    problem = refused(paused, 429, "too_many_attempts")
    assert paused.headers["retry-after"] == str(problem["retry_after"])
    assert 1 <= problem["retry_after"] <= 2
    time.sleep(2.05)
    refused(sign_in(door, eve.email, "wrong", address), 401, "wrong_credentials")
    problem = refused(sign_in(door, eve.email, PASSWORD, address), 429, "too_many_attempts")
    assert 3 <= problem["retry_after"] <= 4


def test_a_pause_comes_before_any_hashing(
    door: TestClient, eve: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = stranger()
    for _ in range(5):
        sign_in(door, eve.email, "wrong", address)

    async def never(*_: object) -> bool:
        raise AssertionError("a password was checked")

    monkeypatch.setattr(Passwords, "verify", never)
    refused(sign_in(door, eve.email, PASSWORD, address), 429, "too_many_attempts")


def test_a_right_password_begins_anew(door: TestClient, eve: Person) -> None:
    address = stranger()
    for _ in range(3):
        for _ in range(4):
            refused(sign_in(door, eve.email, "wrong", address), 401, "wrong_credentials")
        assert sign_in(door, eve.email, PASSWORD, address).status_code == 200


def test_an_unknown_address_is_paused_alike(door: TestClient) -> None:
    address = stranger()
    for _ in range(5):
        refused(sign_in(door, "nobody.knows@example.com", "wrong", address), 401, "wrong_credentials")
    problem = refused(sign_in(door, "Nobody.Knows@EXAMPLE.com", "wrong", address), 429, "too_many_attempts")
    assert "nobody" not in str(problem)


def guess_from_everywhere(door: TestClient, email: str, times: int = 20) -> None:
    for _ in range(times):
        answer = sign_in(door, email, "wrong", stranger())
        if answer.status_code == 429:
            time.sleep(int(answer.headers["retry-after"]))
            sign_in(door, email, "wrong", stranger())


def test_guessing_from_many_addresses_is_slowed_and_locks_nobody_out(door: TestClient, eve: Person) -> None:
    guess_from_everywhere(door, eve.email)
    for _ in range(3):
        refused(sign_in(door, eve.email, "wrong", stranger()), 429, "too_many_attempts")
    assert sign_in(door, eve.email, PASSWORD, HOME).status_code == 200
    assert sign_in(door, eve.email, PASSWORD, "198.51.100.200").status_code == 200
    for _ in range(4):
        refused(sign_in(door, eve.email, "my own typing error", HOME), 401, "wrong_credentials")
    assert sign_in(door, eve.email, PASSWORD, HOME).status_code == 200


def test_guessing_at_an_unknown_address_from_everywhere_is_answered_alike(door: TestClient) -> None:
    guess_from_everywhere(door, "nobody.at.all@example.com")
    refused(sign_in(door, "nobody.at.all@example.com", "wrong", stranger()), 429, "too_many_attempts")


def test_many_failures_become_one_fact(door: TestClient, eve: Person, database_url: str) -> None:
    for _ in range(12):
        sign_in(door, eve.email, "wrong", stranger())
    topic = "SELECT count(*) FROM record.stored_events WHERE originator_id = %s AND topic = 'user.sign_ins_failed'"
    with psycopg.connect(database_url) as connection:
        deadline = time.monotonic() + 10
        while connection.execute(topic, (eve.user_id,)).fetchone() != (1,):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert sign_in(door, eve.email, PASSWORD, HOME).status_code == 200
    assert eve.get("/users/me", headers={"x-forwarded-for": HOME}).status_code == 200

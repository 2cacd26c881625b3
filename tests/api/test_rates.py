"""Rates: who asks for too much is told how long to wait, and everybody how much is left."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from starlette.testclient import TestClient

from api.access import PUBLIC, person
from api.rates import strict
from tests.support.redis_server import needed, redis_server
from tests.support.service import PASSWORD, Person, refused, register, running

Fresh = Callable[[], AbstractContextManager[str]]
LIMITS = {
    "rate_address": "60/10",
    "rate_account": "25/10",
    "rate_sign_in": "8/30",
    "rate_register": "9/600",
    "trusted_proxies": ("10.0.0.0/8",),
}


@pytest.fixture(scope="module")
def limited(fresh_database: Fresh) -> Iterator[TestClient]:
    """An application with rates that are soon met."""
    with fresh_database() as url, running(url, **LIMITS) as client:
        yield client


def at(address: str) -> dict[str, str]:
    return {"x-forwarded-for": address}


def test_an_answer_says_what_is_left(limited: TestClient) -> None:
    ada = register(limited, headers=at("203.0.113.1"))
    answer = ada.get("/users/me", headers=at("203.0.113.1"))
    assert answer.headers["ratelimit-policy"] == '"address";q=60;w=10, "account";q=25;w=10'
    left = re.fullmatch(r'"address";r=(\d+);t=(\d+), "account";r=(\d+);t=(\d+)', answer.headers["ratelimit"])
    assert left is not None
    assert left[1] == "57"
    assert left[3] == "24"
    assert 0 < int(left[2]) <= 10
    again = ada.get("/users/me", headers=at("203.0.113.1"))
    assert '"account";r=23' in again.headers["ratelimit"]


def test_an_account_is_limited_wherever_it_asks_from(limited: TestClient) -> None:
    ada = register(limited, headers=at("203.0.113.2"))
    bob = register(limited, headers=at("203.0.113.2"))
    answers = [ada.get("/users/me", headers=at(f"203.0.113.{20 + n}")) for n in range(26)]
    assert {answer.status_code for answer in answers[:25]} == {200}
    problem = refused(answers[25], 429, "rate_limited")
    assert problem["policy"] == "account"
    assert problem["retryable"] is True
    assert int(answers[25].headers["retry-after"]) == problem["retry_after"] > 0
    assert f'"account";r=0;t={problem["retry_after"]}' in answers[25].headers["ratelimit"]
    assert bob.get("/users/me", headers=at("203.0.113.2")).status_code == 200


def test_an_address_is_limited_whoever_asks(limited: TestClient) -> None:
    answers = [limited.get("/v1/auth/jwks", headers=at(f"2001:db8:1:2::{n:x}")) for n in range(61)]
    assert {answer.status_code for answer in answers[:60]} == {200}
    problem = refused(answers[60], 429, "rate_limited")
    assert problem["policy"] == "address"
    assert "ratelimit" in answers[60].headers
    assert answers[60].headers["x-request-id"]
    refused(limited.get("/v1/nowhere", headers=at("2001:db8:1:2::9")), 429, "rate_limited")
    assert limited.get("/v1/auth/jwks", headers=at("2001:db8:1:3::1")).status_code == 200
    assert limited.get("/health/live", headers=at("2001:db8:1:2::1")).status_code == 200


def test_a_client_cannot_choose_its_address(limited: TestClient) -> None:
    spoofed = [limited.get("/v1/auth/jwks", headers=at(f"198.51.100.{n}, 203.0.113.77")) for n in range(61)]
    assert spoofed[60].status_code == 429


def test_signing_in_is_limited_by_address(limited: TestClient) -> None:
    def attempt(n: int) -> int:
        body = {"email": f"nobody{n}@example.com", "password": "not the password"}
        return limited.post("/v1/auth/login", json=body, headers=at("203.0.113.5")).status_code

    assert [attempt(n) for n in range(9)] == [401] * 8 + [429]


def test_registering_is_limited_by_address(limited: TestClient) -> None:
    def attempt(n: int) -> int:
        body = {"email": f"many{n}@example.com", "password": "short"}
        return limited.post("/v1/auth/register", json=body, headers=at("203.0.113.6")).status_code

    assert [attempt(n) for n in range(10)] == [422] * 9 + [429]


def test_a_refused_request_changes_nothing(limited: TestClient) -> None:
    ada = register(limited, headers=at("203.0.113.7"))
    while ada.get("/users/me", headers=at("203.0.113.7")).status_code == 200:
        pass
    body = {"name": "Never", "kind": "asset", "currency": "USD"}
    refused(ada.post("/accounts", body, headers=at("203.0.113.7")), 429, "rate_limited")


def test_limits_can_be_switched_off(fresh_database: Fresh) -> None:
    off = {"rate_address": "off", "rate_account": "off", "rate_sign_in": "off", "rate_register": "off"}
    with fresh_database() as url, running(url, **off) as client:
        ada = register(client)
        answer = ada.get("/users/me")
        assert answer.status_code == 200
        assert "ratelimit" not in answer.headers


def test_a_household_never_meets_the_defaults(ada: Person) -> None:
    for _ in range(300):
        assert ada.get("/users/me").status_code == 200


@needed
def test_two_processes_limit_together_through_redis(fresh_database: Fresh) -> None:
    with redis_server() as redis, fresh_database() as url:
        shared = {"redis_url": redis.url, "rate_account": "10/60"}
        with running(url, **shared) as one, running(url, **shared) as two:
            ada = register(one)
            elsewhere = Person(two, ada.email, ada.user_id, ada.book_id, ada.token)
            got = [who.get("/users/me").status_code for _ in range(6) for who in (ada, elsewhere)]
            assert got == [200] * 10 + [429] * 2
            redis.stop()
            assert ada.get("/users/me").status_code == 200
            assert (
                one.post("/v1/auth/login", json={"email": ada.email, "password": PASSWORD}).status_code == 200
            )


def test_which_operations_are_strict() -> None:
    assert strict("POST /v1/auth/login", PUBLIC) == "sign_in"
    assert strict("POST /v1/auth/anything-new", PUBLIC) == "sign_in"
    assert strict("POST /v1/auth/step-up", person()) == "sign_in"
    assert strict("POST /v1/auth/register", PUBLIC) == "register"
    assert strict("POST /v1/auth/password/forgot", PUBLIC) == "mail"
    assert strict("POST /v1/auth/logout", person()) is None
    assert strict("GET /v1/auth/jwks", PUBLIC) is None
    assert strict("POST /v1/transactions", person()) is None

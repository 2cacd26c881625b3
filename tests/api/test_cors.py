"""Pages of other sites may call the API when the operator lists them, and never with what a browser attaches."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from starlette.testclient import TestClient

from api.cors import CrossOrigin
from tests.support.service import refused, register, running

Fresh = Callable[[], AbstractContextManager[str]]
APP = "https://app.example.org"
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}


@pytest.fixture(scope="module")
def site(fresh_database: Fresh) -> Iterator[TestClient]:
    with fresh_database() as url, running(url, cors_origins=(APP,)) as client:
        yield client


def test_nobody_is_let_in_by_default(client: TestClient) -> None:
    answer = client.get("/v1/auth/jwks", headers={"origin": APP})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]
    refused(client.options("/v1/accounts", headers={"origin": APP, **PREFLIGHT}), 405, "method_not_allowed")


def test_a_listed_page_may_ask_and_is_answered(site: TestClient) -> None:
    asked = site.options("/v1/accounts", headers={"origin": APP, **PREFLIGHT})
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == APP
    assert "POST" in asked.headers["access-control-allow-methods"]
    assert "authorization" in asked.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in asked.headers
    assert asked.headers["vary"] == "origin"
    ada = register(site)
    answer = ada.get("/users/me", headers={"origin": APP})
    assert answer.headers["access-control-allow-origin"] == APP
    assert "numina-position" in answer.headers["access-control-expose-headers"]
    assert "ratelimit" in answer.headers["access-control-expose-headers"]
    assert answer.headers["vary"] == "origin"
    failed = site.get("/v1/users/me", headers={"origin": APP})
    assert failed.status_code == 401
    assert failed.headers["access-control-allow-origin"] == APP


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.org",
        "https://app.example.org.evil.net",
        "http://app.example.org",
        "null",
        APP + ":444",
    ],
)
def test_any_other_page_is_not(site: TestClient, origin: str) -> None:
    for answer in (
        site.options("/v1/accounts", headers={"origin": origin, **PREFLIGHT}),
        site.get("/v1/auth/jwks", headers={"origin": origin}),
    ):
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["vary"] == "origin"


def test_who_is_no_browser_is_told_that_answers_vary(site: TestClient) -> None:
    answer = site.get("/v1/auth/jwks")
    assert answer.headers["vary"] == "origin"


def test_everybody_can_be_let_in_but_never_with_credentials() -> None:
    everybody = CrossOrigin(["*"])
    given = dict(everybody.fields({b"origin": b"https://anything.example"}))
    assert given[b"access-control-allow-origin"] == b"*"
    assert b"access-control-allow-credentials" not in given


def test_answers_carry_what_keeps_browsers_safe(client: TestClient) -> None:
    for path in ("/v1/auth/jwks", "/v1/users/me", "/nowhere"):
        headers = client.get(path).headers
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers
    page = client.get("/docs").headers["content-security-policy"]
    assert "style-src" in page
    assert "frame-ancestors 'none'" in page

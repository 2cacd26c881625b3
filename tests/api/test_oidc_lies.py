"""A provider that lies, publishes nonsense, fails, or is slow."""

import base64
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.support.browser import PATH, Browser
from tests.support.issuer import CLIENT_ID, RETURN_TO, SECRET
from tests.support.service import refused


def test_user_info_about_somebody_else_is_not_believed(browser: Browser, email: str) -> None:
    subject, other = browser.issuer.person(email), browser.issuer.person("other@example.org")
    browser.issuer.told_by_userinfo = True
    told = json.dumps({"sub": other} | browser.issuer.people[other]).encode()
    browser.issuer.answer = lambda path: (200, told) if path == "/userinfo" else None
    refused(browser.sign_in(subject), 422, "sign_in_refused")


def lies(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def changed(claims: dict[str, Any]) -> dict[str, Any]:
        merged = claims | {name: value for name, value in changes.items() if value is not None}
        return {name: value for name, value in merged.items() if changes.get(name, 1) is not None}

    return changed


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        ({"nonce": "another"}, "another sign-in"),
        ({"nonce": None}, "incomplete"),
        ({"nonce": 7}, "another sign-in"),
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"iss": None}, "incomplete"),
        ({"aud": "somebody else"}, "another application"),
        ({"aud": ["somebody else"]}, "another application"),
        ({"aud": [CLIENT_ID, "somebody else"]}, "another application"),
        ({"aud": [CLIENT_ID, "somebody else"], "azp": "somebody else"}, "another application"),
        ({"azp": "somebody else"}, "another application"),
        ({"exp": int(time.time()) - 61}, "expired"),
        ({"exp": "tomorrow"}, "no time"),
        ({"exp": None}, "incomplete"),
        ({"iat": int(time.time()) + 900}, "future"),
        ({"nbf": int(time.time()) + 900}, "future"),
        ({"sub": ""}, "names nobody"),
        ({"sub": "x" * 256}, "names nobody"),
        ({"sub": None}, "incomplete"),
    ],
)
def test_what_is_said_of_somebody_else_or_another_time_is_refused(
    browser: Browser, email: str, lie: dict[str, Any], told: str
) -> None:
    browser.issuer.claims = lies(**lie)
    problem = refused(browser.sign_in(browser.issuer.person(email)), 422, "sign_in_refused")
    assert told in problem["detail"]


def test_several_audiences_are_right_if_we_asked(browser: Browser, email: str) -> None:
    browser.issuer.claims = lies(aud=[CLIENT_ID, "another"], azp=CLIENT_ID)
    assert browser.sign_in(browser.issuer.person(email)).status_code == 200


def unsigned(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, None, "none")  # type: ignore[arg-type]  # nobody's key


def symmetric(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, SECRET.ljust(32, "."), "HS256", headers={"kid": "first"})


def stranger(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": "first"})


def unknown_key(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": "new"})


def other_kind(claims: dict[str, Any]) -> str:
    key = rsa.generate_private_key(65537, 2048)
    return jwt.encode(claims, key, "RS256", headers={"kid": "first"})


def brings_its_key(claims: dict[str, Any]) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    jwk = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return jwt.encode(claims, key, "ES256", headers={"kid": "first", "jwk": jwk})


def none_with_another_spelling(claims: dict[str, Any]) -> str:
    parts = [json.dumps(each).encode() for each in ({"alg": "nOnE", "kid": "first"}, claims)]
    return ".".join(base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts) + "."


@pytest.mark.parametrize(
    "sign",
    [
        unsigned,
        symmetric,
        stranger,
        unknown_key,
        other_kind,
        brings_its_key,
        none_with_another_spelling,
        lambda _: "nonsense",
        lambda _: "x" * 30_000,
        lambda _: None,
    ],
)
def test_what_the_provider_did_not_sign_is_refused(
    browser: Browser, email: str, sign: Callable[[dict[str, Any]], str]
) -> None:
    browser.issuer.sign = sign
    refused(browser.sign_in(browser.issuer.person(email)), 422, "sign_in_refused")


def test_a_provider_may_change_its_key(browser: Browser, email: str) -> None:
    subject = browser.issuer.person(email)
    assert browser.sign_in(subject).status_code == 200
    browser.issuer.rotate("second")
    before = browser.issuer.asked.count("/jwks")
    refused(browser.sign_in(subject), 422, "sign_in_refused")
    assert browser.issuer.asked.count("/jwks") == before
    browser.provider._keys_at -= 31
    assert browser.sign_in(subject).status_code == 200
    assert browser.sign_in(subject).status_code == 200
    assert browser.issuer.asked.count("/jwks") == before + 1


def test_an_answer_that_should_say_who_it_is_from_must(browser: Browser, email: str) -> None:
    browser.issuer.metadata = {"authorization_response_iss_parameter_supported": True}
    body = browser.come_back(browser.issuer.person(email))
    del body["iss"]
    assert "who it is from" in refused(browser.finish(body), 422, "sign_in_refused")["detail"]


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/.well-known/openid-configuration", (500, b"{}")),
        ("/.well-known/openid-configuration", (404, b"{}")),
        ("/.well-known/openid-configuration", (200, b"[]")),
        ("/.well-known/openid-configuration", (200, b"<html>")),
        ("/.well-known/openid-configuration", (200, b'{"a": "' + b"x" * 600_000 + b'"}')),
        ("/jwks", (503, b"{}")),
        ("/jwks", (200, b'{"keys": 7}')),
        ("/jwks", (302, b"{}")),
        ("/token", (500, b"{}")),
        ("/token", (401, b'{"error": "invalid_client"}')),
        ("/token", (302, b"{}")),
        ("/token", (200, b"")),
    ],
)
def test_a_provider_that_fails_is_said_to(
    browser: Browser, email: str, path: str, answer: tuple[int, bytes]
) -> None:
    body = browser.come_back(browser.issuer.person(email))
    browser.forget_what_is_known()
    browser.issuer.answer = lambda asked: answer if asked == path else None
    failed = refused(browser.finish(body), 503, "try_again")
    assert failed["retryable"]


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "http://evil.example/token"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "http://169.254.169.254/"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"userinfo_endpoint": "https://user@evil.example/"},
    ],
)
def test_a_provider_that_publishes_nonsense_is_not_used(browser: Browser, metadata: dict[str, Any]) -> None:
    browser.issuer.metadata = metadata
    refused(browser.app.post(f"{PATH}/start", json={"return_to": RETURN_TO}), 503, "try_again")


def test_a_provider_that_is_down_or_slow_holds_nobody_up(browser: Browser) -> None:
    body = {"return_to": RETURN_TO}
    refused(browser.app.post("/v1/auth/oidc/gone/start", json=body), 503, "try_again")
    browser.provider._fetching._seconds = 0.3
    browser.issuer.answer = lambda _: time.sleep(1.5)
    began = time.monotonic()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(lambda: browser.app.post(f"{PATH}/start", json=body))
        assert browser.app.get("/health/live").status_code == 200
        assert time.monotonic() - began < 0.3
        refused(waiting.result(), 503, "try_again")
    assert time.monotonic() - began < 1.2
    browser.provider._fetching._seconds = 10

"""Proving anew who one is: what it takes, how long it lasts, and whose session it is for."""

from collections.abc import Iterator
from dataclasses import replace

import jwt
import pytest
from starlette.testclient import TestClient

from tests.support.authenticator_app import Time, enrolled, kept, login
from tests.support.service import PASSWORD, Person, refused

# Adding a passkey takes a proof that is no older than five minutes.
GUARDED = "/auth/passkeys/options"
NEW = {"password": "another good battery", "current_password": PASSWORD}


@pytest.fixture
def time(client: TestClient) -> Iterator[Time]:
    with kept(client) as moved:
        yield moved


def test_a_proof_lasts_for_five_minutes(ada: Person, time: Time) -> None:
    time.forward(minutes=4, seconds=50)
    assert ada.post(GUARDED).status_code == 200
    time.forward(seconds=15)
    assert refused(ada.post(GUARDED), 403, "step_up_needed")["max_age"] == 300
    answer = ada.post("/auth/step-up", {"password": PASSWORD})
    assert answer.status_code == 200, answer.text
    fresh = replace(ada, token=answer.json()["access_token"])
    assert fresh.post(GUARDED).status_code == 200
    # The old token proves no more than it did.
    refused(ada.post(GUARDED), 403, "step_up_needed")
    time.forward(minutes=5, seconds=5)
    refused(fresh.post(GUARDED), 403, "step_up_needed")


def test_the_token_is_of_the_same_session_with_a_fresh_proof(ada: Person, time: Time) -> None:
    time.forward(minutes=10)
    answer = ada.post("/auth/step-up", {"password": PASSWORD}).json()
    assert set(answer) == {"access_token", "token_type", "expires_in"}
    before, after = (
        jwt.decode(token, options={"verify_signature": False})
        for token in (ada.token, answer["access_token"])
    )
    assert after["sid"] == before["sid"]
    assert after["sub"] == before["sub"]
    assert after["auth_time"] >= before["auth_time"] + 600
    assert after["amr"] == ["pwd"]


def test_refreshing_keeps_the_fresh_proof_and_makes_none(ada: Person, time: Time) -> None:
    time.forward(minutes=10)
    ada.post("/auth/step-up", {"password": PASSWORD})
    tokens = ada.client.post("/v1/auth/refresh", json={"refresh_token": ada.tokens["refresh_token"]}).json()
    fresh = replace(ada, token=tokens["access_token"])
    assert fresh.post(GUARDED).status_code == 200
    time.forward(minutes=6)
    tokens = ada.client.post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]}).json()
    refused(replace(ada, token=tokens["access_token"]).post(GUARDED), 403, "step_up_needed")


@pytest.mark.parametrize("proof", [{}, {"password": ""}, {"password": "no"}, {"totp": "123456"}])
def test_without_a_second_factor_it_takes_the_password(ada: Person, proof: dict[str, str]) -> None:
    refused(ada.post("/auth/step-up", proof), 401, "wrong_credentials")


def test_with_a_second_factor_it_takes_that(ada: Person, time: Time) -> None:
    app = enrolled(ada, time)
    for proof in ({}, {"password": PASSWORD}):
        problem = refused(ada.post("/auth/step-up", proof), 401, "second_factor_needed")
        assert problem["methods"] == ["totp"]
    code = app.next_code()
    # A wrong password beside a right code is no proof, and does not cost the code.
    refused(ada.post("/auth/step-up", {"password": "no", "totp": code}), 401, "wrong_credentials")
    both = ada.post("/auth/step-up", {"password": PASSWORD, "totp": code}).json()
    assert jwt.decode(both["access_token"], options={"verify_signature": False})["amr"] == [
        "pwd",
        "otp",
        "mfa",
    ]


def test_an_ended_session_is_not_stepped_up(ada: Person) -> None:
    ada.post("/auth/logout", {})
    refused(ada.post("/auth/step-up", {"password": PASSWORD}), 401, "not_authenticated")


def test_a_key_cannot_step_up(ada: Person) -> None:
    made = ada.post("/users/me/api-keys", {"name": "script", "scopes": ["profile:read"]})
    assert made.status_code == 201, made.text
    key = replace(ada, token=made.json()["key"])
    refused(key.post("/auth/step-up", {"password": PASSWORD}), 403, "not_permitted")


def test_with_a_second_factor_a_new_password_takes_a_fresh_proof(ada: Person, time: Time) -> None:
    app = enrolled(ada, time)
    time.forward(minutes=6)
    refused(ada.patch("/users/me", NEW), 403, "step_up_needed")
    assert ada.patch("/users/me", {"name": "Ada L."}).status_code == 200
    token = ada.post("/auth/step-up", {"totp": app.next_code()}).json()["access_token"]
    assert replace(ada, token=token).patch("/users/me", NEW).status_code == 200
    assert login(ada, NEW["password"], totp=app.next_code()).status_code == 200


def test_without_one_the_present_password_is_enough(ada: Person, time: Time) -> None:
    time.forward(minutes=60)
    assert ada.patch("/users/me", NEW).status_code == 200


def test_the_list_of_sessions_says_how_it_was_proved_last(ada: Person, time: Time) -> None:
    app = enrolled(ada, time)
    assert ada.get("/users/me/sessions").json()["items"][0]["methods"] == ["pwd", "otp", "mfa"]
    ada.post("/auth/step-up", {"totp": app.next_code()})
    assert ada.get("/users/me/sessions").json()["items"][0]["methods"] == ["otp", "mfa"]

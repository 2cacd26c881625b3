"""Second factors over HTTP: set up, demanded at signing in, good once, slow to guess, shown once."""

import io
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import psycopg
import pyotp
import pytest
from starlette.testclient import TestClient

from tests.support.authenticator import Authenticator
from tests.support.authenticator_app import App, Time, enrolled, kept, login, offered
from tests.support.service import PASSWORD, Person, refused

LATER = {"minutes": 61}


@pytest.fixture
def time(client: TestClient) -> Iterator[Time]:
    with kept(client) as moved:
        yield moved


@pytest.fixture
def app(ada: Person, time: Time) -> App:
    """Ada's, confirmed."""
    return enrolled(ada, time)


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def recovery_codes(person: Person) -> list[str]:
    made = person.post("/auth/recovery-codes")
    assert made.status_code == 201, made.text
    codes: list[str] = made.json()["codes"]
    return codes


def step_up(person: Person, **proof: Any) -> Person:
    """The same person with a fresh proof."""
    answer = person.post("/auth/step-up", proof)
    assert answer.status_code == 200, answer.text
    return replace(person, token=answer.json()["access_token"])


def test_an_offer_is_something_that_apps_can_read(ada: Person, time: Time) -> None:
    answer = ada.post("/auth/totp")
    assert answer.status_code == 201
    offer = answer.json()
    query = parse_qs(urlsplit(offer["otpauth_uri"]).query)
    assert query == {"secret": [offer["secret"]], "issuer": ["Numina"]}
    assert offer["qr_svg"].startswith("<svg")
    other = ada.post("/auth/totp").json()
    assert other["secret"] != offer["secret"]


def test_what_was_not_confirmed_locks_nobody_out(ada: Person, time: Time) -> None:
    offered(ada, time)
    assert login(ada).status_code == 200
    factors = ada.get("/auth/factors").json()
    assert factors == {
        "needed": False,
        "totp": None,
        "passkeys": 0,
        "recovery_codes_left": 0,
        "recovery_codes_made_at": None,
    }


def test_a_code_is_demanded_once_the_app_is_confirmed(ada: Person, app: App) -> None:
    problem = refused(login(ada), 401, "second_factor_needed")
    assert problem["methods"] == ["totp"]
    answer = login(ada, totp=app.next_code())
    assert answer.status_code == 200, answer.text
    assert claims(answer.json()["access_token"])["amr"] == ["pwd", "otp", "mfa"]
    assert ada.get("/auth/factors").json()["totp"]["used_at"] is not None


def test_a_wrong_password_says_nothing_of_factors(ada: Person, bob: Person, app: App) -> None:
    code = app.next_code()
    theirs = refused(login(ada, "not the password"), 401, "wrong_credentials")
    assert refused(login(ada, "not the password", totp=code), 401, "wrong_credentials") == theirs
    assert refused(login(bob, "not the password"), 401, "wrong_credentials") == theirs
    # The code was not even looked at.
    assert login(ada, totp=code).status_code == 200


def test_a_code_is_accepted_once(ada: Person, app: App) -> None:
    code = app.next_code()
    assert login(ada, totp=code).status_code == 200
    refused(login(ada, totp=code), 401, "wrong_code")
    refused(ada.post("/auth/step-up", {"totp": code}), 401, "wrong_code")


def test_a_code_of_a_step_up_does_not_sign_in(ada: Person, app: App) -> None:
    code = app.next_code()
    step_up(ada, totp=code)
    refused(login(ada, totp=code), 401, "wrong_code")


def test_of_two_at_the_same_instant_one_gets_in(ada: Person, app: App) -> None:
    code = app.next_code()
    tries = [lambda: login(ada, totp=code), lambda: ada.post("/auth/step-up", {"totp": code})] * 2
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda attempt: attempt(), tries))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]


@pytest.mark.parametrize(("away", "status"), [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)])
def test_a_clock_may_be_one_step_wrong(ada: Person, app: App, time: Time, away: int, status: int) -> None:
    time.forward(seconds=120)
    time.into_next_step()
    assert login(ada, totp=app.code(away)).status_code == status


def test_an_earlier_code_is_refused_after_a_later_one(ada: Person, app: App, time: Time) -> None:
    time.forward(seconds=120)
    time.into_next_step()
    assert login(ada, totp=app.code(1)).status_code == 200
    refused(login(ada, totp=app.code(0)), 401, "wrong_code")


def test_the_code_that_confirmed_does_not_sign_in(ada: Person, time: Time) -> None:
    app = offered(ada, time)
    code = app.next_code()
    assert ada.post("/auth/totp/confirm", {"code": code}).status_code == 200
    refused(login(ada, totp=code), 401, "wrong_code")


def test_guessing_gets_slower(ada: Person, app: App, time: Time) -> None:
    for _ in range(5):
        refused(login(ada, totp=app.wrong()), 401, "wrong_code")
    first = refused(login(ada, totp=app.wrong()), 429, "too_many_codes")
    assert 1 <= first["retry_after"] <= 2
    # A right one is not looked at either, wherever it is sent.
    refused(login(ada, totp=app.code(1)), 429, "too_many_codes")
    refused(ada.post("/auth/step-up", {"totp": app.code(1)}), 429, "too_many_codes")
    time.forward(seconds=3)
    refused(login(ada, totp=app.wrong()), 401, "wrong_code")
    second = refused(login(ada, totp=app.wrong()), 429, "too_many_codes")
    assert second["retry_after"] > 2
    time.forward(seconds=5)
    assert login(ada, totp=app.next_code()).status_code == 200
    # It begins anew.
    refused(login(ada, totp=app.wrong()), 401, "wrong_code")
    refused(login(ada, totp=app.wrong()), 401, "wrong_code")


def test_guesses_at_the_same_instant_are_counted_one_by_one(ada: Person, app: App) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: ada.post("/auth/step-up", {"totp": app.wrong()}), range(12)))
    codes = [answer.json()["code"] for answer in answers]
    assert (codes.count("wrong_code"), codes.count("too_many_codes")) == (5, 7)


def test_a_password_is_not_guessed_with_a_token(ada: Person, time: Time) -> None:
    for _ in range(5):
        refused(ada.post("/auth/step-up", {"password": "no such password"}), 401, "wrong_credentials")
    refused(ada.post("/auth/step-up", {"password": PASSWORD}), 429, "too_many_attempts")
    wish = {"password": "another good battery", "current_password": PASSWORD}
    refused(ada.patch("/users/me", wish), 429, "too_many_attempts")


def test_a_recovery_code_signs_in_once(ada: Person, app: App) -> None:
    codes = recovery_codes(ada)
    assert len(set(codes)) == 10
    assert refused(login(ada), 401, "second_factor_needed")["methods"] == ["totp", "recovery_code"]
    answer = login(ada, recovery_code=codes[0].upper().replace("-", " "))
    assert answer.status_code == 200, answer.text
    refused(login(ada, recovery_code=codes[0]), 401, "wrong_code")
    assert ada.get("/auth/factors").json()["recovery_codes_left"] == 9


def test_of_two_with_one_recovery_code_one_gets_in(ada: Person, app: App) -> None:
    code = recovery_codes(ada)[0]
    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(lambda _: login(ada, recovery_code=code), range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401]


def test_new_recovery_codes_end_the_old_ones(ada: Person, app: App) -> None:
    old, new = recovery_codes(ada), recovery_codes(ada)
    refused(login(ada, recovery_code=old[0]), 401, "wrong_code")
    assert login(ada, recovery_code=new[0]).status_code == 200


def test_somebody_elses_codes_are_good_for_nothing(ada: Person, bob: Person, app: App, time: Time) -> None:
    enrolled(bob, time)
    theirs = recovery_codes(bob)
    recovery_codes(ada)
    refused(login(ada, recovery_code=theirs[0]), 401, "wrong_code")


def test_a_lost_answer_is_given_again(ada: Person, time: Time) -> None:
    key = {"idempotency-key": "once"}
    first = ada.post("/auth/recovery-codes", headers=key)
    again = ada.post("/auth/recovery-codes", headers=key)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    key = {"idempotency-key": "twice"}
    assert ada.post("/auth/totp", headers=key).json() == ada.post("/auth/totp", headers=key).json()


def test_trying_keeps_nothing(ada: Person, time: Time) -> None:
    assert ada.post("/auth/totp?dry_run=true").status_code == 200
    assert ada.post("/auth/recovery-codes?dry_run=true").status_code == 200
    refused(ada.post("/auth/totp/confirm", {"code": "123456"}), 409, "no_totp_offered")
    offered(ada, time)
    refused(ada.post("/auth/totp/confirm?dry_run=true", {"code": "123456"}), 422, "invalid_request")
    assert ada.get("/auth/factors").json()["recovery_codes_left"] == 0


def everything(url: str) -> str:
    """Every row of every table of the database, as text."""
    tables = """
        SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
         WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
    """
    with psycopg.connect(url, autocommit=True) as connection:
        found = [row[0] for row in connection.execute(tables).fetchall()]
        assert "record.stored_events" in found
        rows = []
        for table in found:
            every: Any = f"SELECT t::text FROM {table} t"
            rows += connection.execute(every).fetchall()
        # What is stored as bytes is JSON.
        rows += connection.execute("SELECT convert_from(state, 'utf8') FROM record.stored_events").fetchall()
    return json.dumps(rows, default=str)


def test_no_secret_lies_in_the_database_in_the_open(ada: Person, app: App, api_database: str) -> None:
    codes = recovery_codes(ada)
    offer = step_up(ada, recovery_code=codes[0]).post("/auth/totp").json()
    ada.get("/users/me/sessions")  # The read models have come this far.
    stored = everything(api_database)
    assert "user.recovery_codes_made" in stored
    assert ada.user_id in stored
    for secret in (app.secret, offer["secret"], *codes, *(code.replace("-", "") for code in codes)):
        assert secret not in stored


def test_no_secret_is_shown_again(ada: Person, app: App) -> None:
    codes = recovery_codes(ada)
    offer = ada.post("/auth/totp").json()
    paths = ["/users/me", "/users/me/history", "/auth/factors", "/users/me/sessions", "/audit/logs?limit=200"]
    trail = ada.get("/audit/logs?kind=security&limit=200")
    paths += [f"/commands/{entry['command_id']}" for entry in trail.json()["items"]]
    shown = trail.text + "".join(ada.get(path).text for path in paths)
    assert "user.totp_confirmed" in shown
    assert "user.recovery_codes_made" in shown
    for secret in (app.secret, offer["secret"], *codes):
        assert secret not in shown


def test_no_secret_is_taken_along(ada: Person, app: App) -> None:
    codes = recovery_codes(ada)
    archive = zipfile.ZipFile(io.BytesIO(ada.get("/users/me/export").content))
    taken = "".join(archive.read(name).decode() for name in archive.namelist())
    assert "user.totp_confirmed" in taken
    for secret in (app.secret, *codes):
        assert secret not in taken


def test_factors_are_changed_with_a_fresh_proof_only(ada: Person, app: App, time: Time) -> None:
    time.forward(minutes=6)
    for change in ("POST /auth/totp", "DELETE /auth/totp", "POST /auth/recovery-codes"):
        refused(ada.request(*change.split()), 403, "step_up_needed")
    fresh = step_up(ada, totp=app.next_code())
    assert fresh.post("/auth/recovery-codes").status_code == 201
    assert fresh.delete("/auth/totp").status_code == 204


def test_a_password_alone_changes_no_factors(ada: Person, time: Time) -> None:
    password_only = ada.token
    enrolled(ada, time)
    stale = replace(ada, token=password_only)
    for change in ("POST /auth/totp", "DELETE /auth/totp", "POST /auth/recovery-codes"):
        refused(stale.request(*change.split()), 403, "factor_proof_needed")
    refused(ada.post("/auth/step-up", {"password": PASSWORD}), 401, "second_factor_needed")


def test_a_removed_app_is_neither_asked_for_nor_good(ada: Person, app: App) -> None:
    assert ada.delete("/auth/totp").status_code == 204
    refused(ada.delete("/auth/totp"), 409, "no_totp")
    assert login(ada).status_code == 200
    refused(ada.post("/auth/step-up", {"totp": app.next_code()}), 401, "wrong_credentials")
    assert ada.get("/auth/factors").json()["needed"] is False


def test_another_app_takes_the_place_of_the_first_once_confirmed(ada: Person, app: App, time: Time) -> None:
    second = offered(ada, time)
    assert login(ada, totp=app.next_code()).status_code == 200
    assert ada.post("/auth/totp/confirm", {"code": second.next_code()}).status_code == 200
    refused(login(ada, totp=app.next_code()), 401, "wrong_code")
    assert login(ada, totp=second.next_code()).status_code == 200


def test_a_wrong_confirmation_is_counted_and_changes_nothing(ada: Person, time: Time) -> None:
    app = offered(ada, time)
    for _ in range(5):
        refused(ada.post("/auth/totp/confirm", {"code": app.wrong()}), 401, "wrong_code")
    refused(ada.post("/auth/totp/confirm", {"code": app.code()}), 429, "too_many_codes")
    assert login(ada).status_code == 200
    time.forward(**LATER)
    refused(ada.post("/auth/totp/confirm", {"code": app.code()}), 409, "no_totp_offered")


def test_a_passkey_is_a_second_factor_for_signing_in_and_stepping_up(ada: Person, time: Time) -> None:
    device = Authenticator()
    options = ada.post("/auth/passkeys/options").json()
    made = ada.post("/auth/passkeys", {"name": "Key", "credential": device.create(options)})
    assert made.status_code == 201, made.text
    problem = refused(login(ada), 401, "second_factor_needed")
    assert problem["methods"] == ["passkey"]
    refused(login(ada, totp="123456"), 401, "second_factor_needed")
    refused(login(ada, recovery_code="123456"), 401, "second_factor_needed")
    proof = device.get(problem["passkey_options"])
    answer = login(ada, passkey=proof)
    assert answer.status_code == 200, answer.text
    assert claims(answer.json()["access_token"])["amr"] == ["pwd", "hwk", "mfa"]
    refused(login(ada, passkey=proof), 409, "challenge_over")
    again = step_up(ada, passkey=device.get(ada.post("/auth/passkeys/proof/options").json()))
    assert claims(again.token)["amr"] == ["hwk", "mfa"]


@pytest.mark.parametrize(
    "factor",
    [
        {"totp": "12345"},
        {"totp": "1234567"},
        {"totp": "１２３４５６"},
        {"totp": "٣٣٣٣٣٣"},
        {"totp": 123456},
        {"totp": ["123456"]},
        {"totp": "123456\n"},
        {"totp": "123456", "recovery_code": "x"},
        {"recovery_code": "x" * 65},
        {"recovery_code": "\x00"},
        {"factor": "none"},
    ],
)
def test_what_is_no_code_is_refused(ada: Person, app: App, factor: dict[str, Any]) -> None:
    refused(login(ada, **factor), 422, "invalid_request")
    refused(ada.post("/auth/step-up", factor), 422, "invalid_request")


def test_the_trail_tells_what_was_done(ada: Person, app: App) -> None:
    login(ada, totp=app.wrong())
    step_up(ada, recovery_code=recovery_codes(ada)[0])
    told = [entry["topic"] for entry in ada.get("/audit/logs?limit=200").json()["items"]]
    for topic in (
        "totp_offered",
        "totp_confirmed",
        "factor_failed",
        "recovery_codes_made",
        "recovery_code_used",
    ):
        assert f"user.{topic}" in told


def test_what_is_told_once_more_is_told_to_who_proved_a_factor(ada: Person, time: Time) -> None:
    keyed = {"headers": {"idempotency-key": "again"}}
    elsewhere = replace(ada, token=login(ada).json()["access_token"])
    secret = ada.post("/auth/totp", **keyed).json()["secret"]
    code = pyotp.TOTP(secret).at(time())
    assert ada.post("/auth/totp/confirm", {"code": code}).status_code == 200
    refused(elsewhere.post("/auth/totp", **keyed), 403, "factor_proof_needed")

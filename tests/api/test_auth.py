"""Registering, signing in, and what a token opens."""

import time
from typing import Any

import jwt
import psycopg
import pytest
from starlette.testclient import TestClient

from numina.wiring import api_app
from tests.support.service import PASSWORD, Person, refused, register, settings

URL = "/v1/auth/register"


def test_a_person_registers_with_a_book_of_their_own(client: TestClient) -> None:
    made = client.post(
        URL,
        json={
            "email": "New.Person@example.com",
            "password": PASSWORD,
            "name": "New",
            "currency": "EUR",
            "time_zone": "Europe/Berlin",
        },
    )
    assert made.status_code == 201
    answer = made.json()
    assert answer["user_id"] != answer["book_id"]
    assert answer["currency"] == "EUR"
    assert int(made.headers["numina-position"]) > 0
    assert PASSWORD not in made.text


def test_a_token_is_short_lived_and_names_its_kind(client: TestClient, ada: Person) -> None:
    answer = client.post("/v1/auth/login", json={"email": ada.email, "password": PASSWORD}).json()
    assert answer["token_type"] == "bearer"
    assert 0 < answer["expires_in"] <= 3600
    assert answer["user_id"] == ada.user_id
    assert answer["book_id"] == ada.book_id


def test_an_address_is_the_same_in_any_case(client: TestClient, ada: Person) -> None:
    again = client.post(URL, json={"email": ada.email.upper(), "password": PASSWORD})
    refused(again, 409, "email_taken")
    token = client.post("/v1/auth/login", json={"email": ada.email.upper(), "password": PASSWORD})
    assert token.status_code == 200


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(client: TestClient, ada: Person) -> None:
    wrong = client.post("/v1/auth/login", json={"email": ada.email, "password": "not the password"})
    unknown = client.post(
        "/v1/auth/login", json={"email": "nobody@example.com", "password": "not the password"}
    )
    assert refused(wrong, 401, "wrong_credentials") == refused(unknown, 401, "wrong_credentials")


def test_an_unknown_address_takes_as_long_as_a_wrong_password(client: TestClient, ada: Person) -> None:
    def seconds(email: str) -> float:
        began = time.perf_counter()
        client.post("/v1/auth/login", json={"email": email, "password": "not the password"})
        return time.perf_counter() - began

    # In turns, and the quickest of each: whatever else the machine does makes some of them slower.
    pairs = [(seconds(ada.email), seconds("nobody.at.all@example.com")) for _ in range(4)]
    wrong, unknown = map(min, zip(*pairs, strict=True))
    assert 0.4 < unknown / wrong < 2.5


def test_a_repeated_registration_gets_the_first_answer(client: TestClient) -> None:
    body = {"email": "twice@example.com", "password": PASSWORD}
    first = client.post(URL, json=body, headers={"idempotency-key": "one"})
    second = client.post(URL, json=body, headers={"idempotency-key": "one"})
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    other = client.post(URL, json=body | {"name": "X"}, headers={"idempotency-key": "one"})
    refused(other, 422, "idempotency_key_reused")


def test_the_same_key_of_two_people_does_not_meet(client: TestClient) -> None:
    keyed = {"idempotency-key": "shared"}
    first = client.post(URL, json={"email": "k1@example.com", "password": PASSWORD}, headers=keyed)
    second = client.post(URL, json={"email": "k2@example.com", "password": PASSWORD}, headers=keyed)
    assert first.status_code == second.status_code == 201
    assert first.json()["user_id"] != second.json()["user_id"]


def test_a_dry_run_registers_nobody(client: TestClient) -> None:
    body = {"email": "dry@example.com", "password": PASSWORD}
    assert client.post(URL + "?dry_run=true", json=body).status_code == 200
    refused(client.post("/v1/auth/login", json=body), 401, "wrong_credentials")


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"email": "not an address"}, "invalid_request", "email"),
        ({"email": "a@b@c"}, "invalid_request", "email"),
        ({"email": "nul\x00@example.com"}, "invalid_request", "email"),
        ({"email": "line\n@example.com"}, "invalid_request", "email"),
        ({"email": "x" * 300 + "@example.com"}, "invalid_request", "email"),
        ({"email": 7}, "invalid_request", "email"),
        ({"email": None}, "invalid_request", "email"),
        ({"password": "short"}, "invalid_request", "password"),
        ({"password": "x" * 2000}, "invalid_request", "password"),
        ({"password": 12345678}, "invalid_request", "password"),
        ({"password": ["correct horse battery staple"]}, "invalid_request", "password"),
        ({"name": ""}, "invalid_request", "name"),
        ({"name": "bell\x07"}, "invalid_request", "name"),
        ({"name": "x" * 100_000}, "invalid_request", "name"),
        ({"currency": "usd"}, "invalid_request", "currency"),
        ({"currency": "QQQ"}, "unknown_currency", "currency"),
        ({"time_zone": "Mars/Olympus"}, "unknown_time_zone", "time_zone"),
        ({"time_zone": "+02:00"}, "unknown_time_zone", "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "unknown_time_zone", "time_zone"),
        ({"time_zone": "America"}, "unknown_time_zone", "time_zone"),
        ({"time_zone": 3}, "invalid_request", "time_zone"),
        ({"admin": True}, "invalid_request", "admin"),
    ],
)
def test_a_registration_with_a_wrong_field_is_refused(
    client: TestClient, change: dict[str, Any], code: str, field: str
) -> None:
    body = {"email": "fields@example.com", "password": PASSWORD} | change
    answer = client.post(URL, json=body)
    problem = refused(answer, 422, code)
    assert problem["field"] == field
    for secret in (change.get("password"), PASSWORD):
        assert not isinstance(secret, str) or len(secret) < 6 or secret not in answer.text


def test_a_password_may_hold_anything(client: TestClient) -> None:
    person = register(client, email="odd@example.com", password="ünïcode \t 🔑 and spaces ")
    assert person.get("/users/me").status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Bearer a.b.c",
        "Basic YTpi",
        "Bearer " + "x" * 10_000,
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
        "Bearer eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiYyJ9.eyJzdWIiOiJ4In0.c2ln",
        "Bearer eyJhbGciOiJFZERTQSIsImtpZCI6WzFdfQ.eyJzdWIiOiJ4In0.c2ln",
        "Bearer é",
    ],
)
def test_what_is_no_token_opens_nothing(client: TestClient, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header.encode("latin-1")}
    answer = client.get("/v1/users/me", headers=headers)
    refused(answer, 401, "not_authenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_changed_token_opens_nothing(client: TestClient, ada: Person) -> None:
    head, body, signature = ada.token.split(".")
    for forged in (f"{head}.{body}.{signature[:-4]}AAAA", f"{head}.{body[:-4]}AAAA.{signature}"):
        answer = client.get("/v1/users/me", headers={"authorization": f"Bearer {forged}"})
        refused(answer, 401, "not_authenticated")


def test_a_profile_is_read_and_changed(ada: Person) -> None:
    read = ada.get("/users/me")
    assert read.json()["name"] == "Ada"
    assert read.headers["etag"] == '"1"'
    changed = ada.patch(
        "/users/me", {"name": "Ada L.", "time_zone": "Asia/Tokyo"}, headers={"if-match": '"1"'}
    )
    assert changed.status_code == 200, changed.text
    assert changed.json()["name"] == "Ada L."
    assert changed.json()["time_zone"] == "Asia/Tokyo"
    assert changed.headers["etag"] == '"3"'
    refused(ada.patch("/users/me", {"name": "Late"}, headers={"if-match": '"1"'}), 412, "stale_version")


def test_a_new_password_needs_the_present_one(client: TestClient, ada: Person) -> None:
    change = {"password": "another long passphrase"}
    refused(ada.patch("/users/me", change), 401, "wrong_credentials")
    changed = ada.patch("/users/me", change | {"current_password": PASSWORD})
    assert changed.status_code == 200
    old = client.post("/v1/auth/login", json={"email": ada.email, "password": PASSWORD})
    refused(old, 401, "wrong_credentials")
    new = client.post("/v1/auth/login", json={"email": ada.email, "password": change["password"]})
    assert new.status_code == 200


def test_a_weak_password_is_refused_with_advice(client: TestClient, ada: Person) -> None:
    for email, name, password in (
        ("one@example.com", "One", "password1"),
        ("marjorie.dole@example.com", "One", "marjorie.dole"),
        ("two@example.com", "Marjorie Dole", "marjorie1"),
    ):
        weak = client.post(URL, json={"email": email, "name": name, "password": password})
        problem = refused(weak, 422, "weak_password")
        assert problem["field"] == "password"
        assert "word" in problem["detail"]
        assert password not in weak.text
    weak = ada.patch("/users/me", {"password": ada.email, "current_password": PASSWORD})
    refused(weak, 422, "weak_password")


def test_whoever_has_the_published_keys_can_check_a_token(client: TestClient, ada: Person) -> None:
    token = client.post("/v1/auth/login", json={"email": ada.email, "password": PASSWORD}).json()
    answer = client.get("/v1/auth/jwks")
    keys = jwt.PyJWKSet.from_dict(answer.json())
    kid = jwt.get_unverified_header(token["access_token"])["kid"]
    claims = jwt.decode(token["access_token"], keys[kid], algorithms=["EdDSA"], audience="numina")
    assert claims["sub"] == ada.user_id
    assert "d" not in answer.json()["keys"][0]


def test_signing_in_makes_a_hash_of_another_cost_anew(
    client: TestClient, ada: Person, api_database: str
) -> None:
    dearer = settings(api_database).model_copy(update={"argon2_passes": 2})
    credentials = {"email": ada.email, "password": PASSWORD}
    with TestClient(api_app(dearer), raise_server_exceptions=False) as other:
        for _ in range(2):
            assert other.post("/v1/auth/login", json=credentials).status_code == 200
        wrong = other.post("/v1/auth/login", json=credentials | {"password": "not the password"})
        refused(wrong, 401, "wrong_credentials")
    topics = _topics(api_database, ada.user_id)
    assert topics == ["user.registered", "user.password_rehashed"]
    assert client.post("/v1/auth/login", json=credentials).status_code == 200


def _topics(url: str, stream_id: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT topic FROM record.stored_events WHERE originator_id = %s ORDER BY originator_version",
            (stream_id,),
        ).fetchall()
    return [row[0] for row in rows]

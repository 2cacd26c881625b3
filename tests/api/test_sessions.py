"""Staying signed in, seeing where, and signing out: here, elsewhere, everywhere; and what a stolen token is worth."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from numina.wiring import api_app
from tests.support.service import PASSWORD, Person, refused, register, settings


def sign_in(person: Person, agent: str = "tests") -> Person:
    """The same person, signed in once more, on another device."""
    credentials = {"email": person.email, "password": PASSWORD}
    answer = person.client.post("/v1/auth/login", json=credentials, headers={"user-agent": agent})
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    return replace(person, token=tokens["access_token"], tokens=tokens)


def refresh(client: TestClient, token: str) -> Any:
    return client.post("/v1/auth/refresh", json={"refresh_token": token})


def test_a_refresh_token_is_exchanged_for_the_next_pair(client: TestClient, ada: Person) -> None:
    first = sign_in(ada).tokens
    answer = refresh(client, first["refresh_token"])
    assert answer.status_code == 200
    second = answer.json()
    assert second["session_id"] == first["session_id"]
    assert second["refresh_token"] != first["refresh_token"]
    bearer = {"authorization": f"Bearer {second['access_token']}"}
    assert client.get("/v1/users/me", headers=bearer).status_code == 200


def test_two_refreshes_at_the_same_instant_get_the_same_next_token(client: TestClient, ada: Person) -> None:
    token = sign_in(ada).tokens["refresh_token"]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: refresh(client, token), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


def test_a_token_in_two_hands_ends_the_session(client: TestClient, ada: Person) -> None:
    thief = sign_in(ada)
    first = thief.tokens["refresh_token"]
    second = refresh(client, first).json()["refresh_token"]
    third = refresh(client, second).json()
    refused(refresh(client, first), 401, "token_reused")
    refused(refresh(client, third["refresh_token"]), 401, "session_over")
    refused(thief.get("/users/me"), 401, "not_authenticated")
    assert ada.get("/users/me").status_code == 200


@pytest.mark.parametrize("token", ["", "x", "numina_r_", "numina_r_" + "A" * 70, "ey.ey.ey", "é" * 79])
def test_a_made_up_refresh_token_is_refused(client: TestClient, token: str) -> None:
    refused(refresh(client, token), 401, "not_authenticated")


def test_an_access_token_is_no_refresh_token_and_the_other_way_round(client: TestClient, ada: Person) -> None:
    tokens = sign_in(ada).tokens
    refused(refresh(client, tokens["access_token"]), 401, "not_authenticated")
    bearer = {"authorization": f"Bearer {tokens['refresh_token']}"}
    refused(client.get("/v1/users/me", headers=bearer), 401, "not_authenticated")


def test_people_see_where_they_are_signed_in(ada: Person, bob: Person) -> None:
    phone = sign_in(ada, "Phone/1.0 (pocket)")
    items = phone.get("/users/me/sessions").json()["items"]
    assert len(items) == 2
    assert [item["current"] for item in items].count(True) == 1
    current = next(item for item in items if item["current"])
    assert current["id"] == phone.tokens["session_id"]
    assert current["device"] == "Phone/1.0 (pocket)"
    assert current["methods"] == ["pwd"]
    assert current["id"] not in bob.get("/users/me/sessions").text


def test_signing_out_ends_this_session_alone(client: TestClient, ada: Person) -> None:
    phone = sign_in(ada)
    assert phone.post("/auth/logout", {}).status_code == 204
    refused(phone.get("/users/me"), 401, "not_authenticated")
    refused(refresh(client, phone.tokens["refresh_token"]), 401, "session_over")
    assert ada.get("/users/me").status_code == 200
    assert len(ada.get("/users/me/sessions").json()["items"]) == 1


def test_signing_out_everywhere_ends_all_of_them(ada: Person) -> None:
    phone = sign_in(ada)
    assert phone.post("/auth/logout", {"everywhere": True}).status_code == 204
    for device in (ada, phone):
        refused(device.get("/users/me"), 401, "not_authenticated")
    assert sign_in(ada).get("/users/me").status_code == 200


def test_a_session_is_ended_from_another(client: TestClient, ada: Person) -> None:
    phone, laptop = sign_in(ada), sign_in(ada)
    gone = phone.tokens["session_id"]
    assert laptop.delete(f"/users/me/sessions/{gone}").status_code == 204
    refused(phone.get("/users/me"), 401, "not_authenticated")
    assert laptop.delete("/users/me/sessions").status_code == 204
    refused(ada.get("/users/me"), 401, "not_authenticated")
    (left,) = laptop.get("/users/me/sessions").json()["items"]
    assert left["current"]


def test_a_session_of_somebody_else_cannot_be_ended(ada: Person, bob: Person) -> None:
    session = sign_in(ada)
    for unknown in (session.tokens["session_id"], ada.user_id, "00000000-0000-0000-0000-000000000000", "x"):
        refused(bob.delete(f"/users/me/sessions/{unknown}"), 404, "unknown_session")
    assert session.get("/users/me").status_code == 200


def test_a_new_password_signs_out_everywhere_else(client: TestClient, ada: Person) -> None:
    phone = sign_in(ada)
    change = {"password": "another long passphrase", "current_password": PASSWORD}
    assert phone.patch("/users/me", change).status_code == 200
    refused(ada.get("/users/me"), 401, "not_authenticated")
    assert phone.get("/users/me").status_code == 200
    assert refresh(client, phone.tokens["refresh_token"]).status_code == 200


def test_another_process_hears_of_it_within_seconds(client: TestClient, api_database: str) -> None:
    person = register(client)
    with TestClient(api_app(settings(api_database)), raise_server_exceptions=False) as other:
        elsewhere = Person(other, person.email, person.user_id, person.book_id, person.token)
        assert elsewhere.get("/users/me").status_code == 200
        assert person.post("/auth/logout", {}).status_code == 204
        began = time.monotonic()
        while elsewhere.get("/users/me").status_code == 200:
            assert time.monotonic() - began < 5
            time.sleep(0.05)


def test_no_token_is_stored(client: TestClient, api_database: str) -> None:
    person = sign_in(register(client))
    second = refresh(client, person.tokens["refresh_token"]).json()
    person.get("/users/me/sessions")
    secrets = [person.tokens["refresh_token"], second["refresh_token"], second["access_token"]]
    with psycopg.connect(api_database) as connection:
        rows = connection.execute("SELECT convert_from(state, 'UTF8') FROM record.stored_events").fetchall()
        shown = connection.execute("SELECT s::text FROM views.sessions s").fetchall()
    text = "\n".join(row[0] for row in (*rows, *shown))
    assert not [secret for secret in secrets if secret in text or secret[9:] in text]


def test_a_warm_request_asks_the_database_nothing_about_who_it_is(client: TestClient, ada: Person) -> None:
    ada.get("/accounts")
    standing = client.app._services.standing  # type: ignore[attr-defined]  # the outermost layer of the application
    reads = []
    original = standing._read
    standing._read = lambda ids: reads.append(ids) or original(ids)
    try:
        for _ in range(3):
            assert ada.get("/accounts").status_code == 200
    finally:
        standing._read = original
    assert reads == []

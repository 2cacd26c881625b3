"""Consents, and asking to be forgotten."""

import datetime as dt

import pytest
from starlette.testclient import TestClient

from tests.support.service import PASSWORD, Person, refused


def consent(person: Person, kind: str, version: str, given: bool) -> list[tuple[str, str]]:
    answer = person.post("/users/me/consents", {"kind": kind, "version": version, "given": given})
    assert answer.status_code == 200, answer.text
    assert answer.json() == person.get("/users/me/consents").json()
    return [(entry["kind"], entry["version"]) for entry in answer.json()["present"]]


def test_consents_are_told_with_version_and_time(ada: Person) -> None:
    assert ada.get("/users/me/consents").json() == {"present": [], "history": []}
    before = dt.datetime.now(dt.UTC)
    assert consent(ada, "terms", "1", True) == [("terms", "1")]
    assert consent(ada, "terms", "2", True) == [("terms", "2")]
    assert consent(ada, "marketing", "1", True) == [("terms", "2"), ("marketing", "1")]
    assert consent(ada, "marketing", "9", False) == [("terms", "2")]
    history = ada.get("/users/me/consents").json()["history"]
    assert [(e["kind"], e["version"], e["given"]) for e in history] == [
        ("marketing", "1", False),
        ("marketing", "1", True),
        ("terms", "2", True),
        ("terms", "1", True),
    ]
    assert all(before <= dt.datetime.fromisoformat(e["at"]) for e in history)


def test_what_is_so_already_is_not_recorded_again(ada: Person) -> None:
    for _ in range(2):
        consent(ada, "terms", "1", True)
    for _ in range(2):
        consent(ada, "terms", "1", False)
    assert len(ada.get("/users/me/consents").json()["history"]) == 2


def test_a_trial_tells_what_would_be(ada: Person) -> None:
    tried = ada.post("/users/me/consents?dry_run=true", {"kind": "terms", "version": "1", "given": True})
    assert [entry["kind"] for entry in tried.json()["present"]] == ["terms"]
    assert ada.get("/users/me/consents").json()["history"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "everything", "version": "1", "given": True},
        {"kind": "terms", "version": "", "given": True},
        {"kind": "terms", "version": "1", "given": "yes"},
        {"kind": "terms", "version": "a b", "given": True},
        {"kind": "terms", "given": True},
    ],
)
def test_a_consent_that_makes_no_sense_is_refused(ada: Person, body: dict[str, object]) -> None:
    refused(ada.post("/users/me/consents", body), 422, "invalid_request")


def login(client: TestClient, person: Person) -> int:
    body = {"email": person.email, "password": PASSWORD}
    return client.post("/v1/auth/login", json=body).status_code


def test_whoever_asks_to_be_forgotten_has_time_to_think_better_of_it(client: TestClient, ada: Person) -> None:
    asked = ada.delete("/users/me")
    assert asked.status_code == 202, asked.text
    due = dt.datetime.fromisoformat(asked.json()["due_at"])
    assert dt.timedelta(days=13) < due - dt.datetime.now(dt.UTC) <= dt.timedelta(days=14)
    assert [book["fate"] for book in asked.json()["books"]] == ["erased"]
    assert ada.get("/users/me").json()["erasure_due_at"] == asked.json()["due_at"]
    assert login(client, ada) == 200, "in that time one may sign in"
    assert ada.delete("/users/me").json()["due_at"] == asked.json()["due_at"], "asking again changes nothing"
    assert ada.post("/users/me/erasure/cancel").status_code == 200
    assert ada.get("/users/me").json()["erasure_due_at"] is None
    refused(ada.post("/users/me/erasure/cancel"), 409, "no_erasure_asked")


def test_asking_ends_every_other_session(client: TestClient, ada: Person) -> None:
    other = client.post("/v1/auth/login", json={"email": ada.email, "password": PASSWORD}).json()
    elsewhere = {"authorization": f"Bearer {other['access_token']}"}
    assert client.get("/v1/users/me", headers=elsewhere).status_code == 200
    assert ada.delete("/users/me").status_code == 202
    assert client.get("/v1/users/me", headers=elsewhere).status_code == 401
    assert ada.get("/users/me").status_code == 200


def test_a_trial_of_asking_changes_nothing(ada: Person) -> None:
    tried = ada.delete("/users/me?dry_run=true")
    assert tried.status_code == 200
    assert tried.json()["due_at"] is not None
    assert ada.get("/users/me").json()["erasure_due_at"] is None

"""Auditors: the trail and proofs of every book, and not a word but where a book's owner allows it."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from ledger.leaf import from_json, leaf
from projections.merkle import leaf_hash
from tests.support.household import household
from tests.support.service import Person, post, refused, register
from tests.support.staff import give


@pytest.fixture(scope="module")
def auditor(client: TestClient) -> Person:
    return give(register(client, name="Luca the auditor"), "auditor")


def trail(auditor: Person, **query: Any) -> list[dict[str, Any]]:
    """All facts that pass the filter, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        answer = auditor.get("/admin/audit/logs", params=query)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        query["cursor"] = answer.json()["next_cursor"]
        if query["cursor"] is None:
            return found


def test_an_auditor_reads_what_was_done_and_not_what_was_said(auditor: Person, ada: Person) -> None:
    home = household(ada)
    posted = home.post(home.expense("12.34", payee="Corner shop", notes="a birthday")).json()
    found = trail(auditor, book_id=ada.book_id)
    (fact,) = [each for each in found if each["entity"]["id"] == posted["id"]]
    assert fact["topic"] == "transaction.posted"
    assert fact["actor_id"] == ada.user_id
    assert "12.34" in json.dumps(fact["data"])
    words = ("Corner shop", "birthday", "Ada", "Checking", ada.email, "argon2")
    assert [word for word in words if word in json.dumps(found)] == []
    assert all("text" not in (each["data"] or {}) for each in found)


def test_the_pages_hold_every_fact_once(auditor: Person, ada: Person) -> None:
    account = ada.account("Purse")
    for number in range(5):
        ada.patch(f"/accounts/{account}", {"name": f"Purse {number}"})
    found = trail(auditor, entity_id=account, limit=2)
    assert [each["entity"]["version"] for each in found] == [6, 5, 4, 3, 2, 1]
    assert [each["topic"] for each in trail(auditor, entity_id=account, topic="account.opened")] == [
        "account.opened"
    ]
    command = found[0]["command_id"]
    assert [each["position"] for each in trail(auditor, command_id=command)] == [found[0]["position"]]


def test_long_records_are_looked_through_in_stretches(
    auditor: Person, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.routes.admin_audit.SCANNED", 7)
    account = ada.account("Purse")
    for number in range(12):
        ada.account(f"Another {number}")
    first = auditor.get("/admin/audit/logs", params={"entity_id": account}).json()
    assert first["items"] == []
    assert first["next_cursor"] is not None
    whole = trail(auditor, actor_id=ada.user_id)
    assert [each["entity"]["id"] for each in whole].count(account) == 1
    positions = [each["position"] for each in whole]
    assert positions == sorted(set(positions), reverse=True)


def test_times_narrow_it_down(auditor: Person, ada: Person) -> None:
    account = ada.account("Purse")
    (opened,) = trail(auditor, entity_id=account)
    at = opened["recorded_at"]
    assert trail(auditor, entity_id=account, **{"from": at, "to": at}) == [opened]
    assert trail(auditor, entity_id=account, to="2020-01-01T00:00:00Z") == []
    assert trail(auditor, entity_id=account, **{"from": "2199-01-01T00:00:00Z"}) == []


def test_of_people_an_auditor_learns_that_something_happened(auditor: Person, ada: Person) -> None:
    ada.post("/users/me/api-keys", {"name": "Sheet", "scopes": ["books:read"]})
    ada.patch("/users/me", {"name": "Augusta", "time_zone": "Europe/Rome"})
    found = trail(auditor, actor_id=ada.user_id)
    personal = [each for each in found if each["entity"]["type"] in ("user", "session", "key")]
    assert {each["topic"] for each in personal} >= {"user.registered", "session.opened", "key.made"}
    assert {json.dumps(each["data"]) for each in personal} == {"null"}
    assert "Augusta" not in json.dumps(found)


def test_words_are_read_where_the_owner_allows_it_and_as_long(
    auditor: Person, ada: Person, bob: Person
) -> None:
    for person in (ada, bob):
        person.account(f"Purse of {person.user_id}")
    address = f"/books/{ada.book_id}/auditors/{auditor.user_id}"
    assert ada.put(address).status_code == 204
    assert ada.put(address).status_code == 204
    assert ada.get(f"/books/{ada.book_id}/auditors").json() == {"items": [{"id": auditor.user_id}]}
    said = json.dumps(trail(auditor, actor_id=ada.user_id) + trail(auditor, actor_id=bob.user_id))
    assert f"Purse of {ada.user_id}" in said
    assert f"Purse of {bob.user_id}" not in said
    # What she said about herself is none of the book's.
    assert ada.email not in said
    assert ada.delete(address).status_code == 204
    refused(ada.delete(address), 404, "unknown_auditor")
    assert f"Purse of {ada.user_id}" not in json.dumps(trail(auditor, actor_id=ada.user_id))


def test_words_on_a_private_account_stay_sealed(auditor: Person, ada: Person) -> None:
    private = ada.account("Secret purse", private=True)
    food, open_one = ada.account("Groceries", "expense"), ada.account("Open purse")
    post(ada, food, private, "5.00", "2026-03-01", payee="Jeweller")
    post(ada, food, open_one, "5.00", "2026-03-01", payee="Baker")
    ada.put(f"/books/{ada.book_id}/auditors/{auditor.user_id}")
    said = json.dumps(trail(auditor, book_id=ada.book_id))
    assert "Baker" in said
    assert "Open purse" in said
    assert "Jeweller" not in said
    assert "Secret purse" not in said


def test_a_role_that_is_gone_reads_nothing(client: TestClient, ada: Person) -> None:
    root, auditor = give(register(client), "admin"), give(register(client), "auditor")
    ada.put(f"/books/{ada.book_id}/auditors/{auditor.user_id}")
    body = {"role": "auditor", "reason": "over"}
    root.request("DELETE", f"/admin/users/{auditor.user_id}/roles", json=body)
    refused(auditor.get("/admin/audit/logs"), 403, "not_permitted")
    refused(auditor.get("/admin/audit/proofs/1"), 403, "not_permitted")


def test_words_are_allowed_to_auditors_alone_and_by_the_owner(
    client: TestClient, auditor: Person, ada: Person, bob: Person
) -> None:
    root = give(register(client), "admin")
    address = f"/books/{ada.book_id}/auditors"
    nobody = "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c53"
    for other in (bob.user_id, root.user_id, ada.user_id, nobody, ada.book_id, "x"):
        refused(ada.put(f"{address}/{other}"), 404, "unknown_auditor")
    for stranger in (bob, auditor, root):
        refused(stranger.put(f"{address}/{auditor.user_id}"), 404, "unknown_book")
        refused(stranger.delete(f"{address}/{auditor.user_id}"), 404, "unknown_book")
        refused(stranger.get(address), 404, "unknown_book")
    assert ada.get(address).json()["items"] == []


def test_an_auditor_proves_any_fact(auditor: Person, ada: Person) -> None:
    account = ada.account("Purse")
    (opened,) = trail(auditor, entity_id=account)
    proven = auditor.get(opened["proof"].removeprefix("/v1")).json()
    assert proven["leaf"]["stream_id"] == account
    assert leaf_hash(leaf(*from_json(proven["leaf"]))).hex() == proven["leaf_hash"]
    assert "Purse" not in json.dumps(proven)
    refused(auditor.get("/admin/audit/proofs/999999999"), 404, "unknown_position")
    refused(auditor.get("/admin/audit/proofs/x"), 404, "unknown_position")


def test_a_wrong_question_is_refused(auditor: Person) -> None:
    for query in ({"text": "1"}, {"book_id": "x"}, {"topic": "%"}, {"cursor": "x"}, {"limit": "0"}):
        assert auditor.get("/admin/audit/logs", params=query).status_code == 422

"""One's own security trail: what was done to one's account, sessions and keys, from where, and nobody else's."""

import json
from dataclasses import replace
from typing import Any

import pytest
from pyotp import TOTP
from starlette.testclient import TestClient

from tests.support.service import PASSWORD, Person, refused, register
from tests.support.shared_book import join
from tests.support.staff import give


def security(person: Person, **query: Any) -> list[dict[str, Any]]:
    answer = person.get("/audit/logs", params={"kind": "security", **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def sign_in(person: Person, agent: str) -> Person:
    credentials = {"email": person.email, "password": PASSWORD}
    answer = person.client.post("/v1/auth/login", json=credentials, headers={"user-agent": agent})
    return replace(person, token=answer.json()["access_token"], tokens=answer.json())


def test_it_tells_what_was_done_and_from_where(ada: Person) -> None:
    phone = sign_in(ada, "Phone/1.0 (pocket)")
    made = phone.post("/users/me/api-keys", {"name": "Sheet", "scopes": ["books:read"]}).json()
    ada.account("Purse")
    ada.delete(f"/users/me/api-keys/{made['id']}")
    ada.delete(f"/users/me/sessions/{phone.tokens['session_id']}")
    # That the device is a new one is noted a moment later, beside what else happens.
    found = [each for each in security(ada) if each["topic"] != "user.device_new"]
    assert [each["topic"] for each in found] == [
        "session.ended",
        "key.revoked",
        "key.made",
        "session.opened",
        "session.opened",
        "user.registered",
    ]
    ended, _, key, opened, *_ = found
    assert opened["device"] == ended["device"] == "Phone/1.0 (pocket)"
    assert ended["after"] == {"reason": "revoked"}
    assert ended["actor"] == {"id": ada.user_id, "name": "Ada"}
    assert key["device"] == "Sheet"
    assert key["after"]["scopes"] == ["books:read"]
    assert key["entity"] == {"type": "key", "id": made["id"], "version": 1}


def test_it_holds_no_secret(ada: Person) -> None:
    made = ada.post("/users/me/api-keys", {"name": "Sheet", "scopes": ["books:read"]}).json()
    ada.patch("/users/me", {"password": "another long passphrase", "current_password": PASSWORD})
    said = json.dumps(security(ada))
    for secret in (made["key"], ada.tokens["refresh_token"], "argon2", "digest", 'password"', PASSWORD):
        assert secret not in said
    assert "user.password_changed" in said


def test_exchanging_tokens_is_no_news(client: TestClient, ada: Person) -> None:
    before = security(ada)
    client.post("/v1/auth/refresh", json={"refresh_token": ada.tokens["refresh_token"]})
    assert security(ada) == before


def test_it_is_narrowed_down_and_paged(ada: Person) -> None:
    for number in range(5):
        ada.patch("/users/me", {"name": f"Ada {number}"})
    whole = security(ada)
    query: dict[str, Any] = {"kind": "security", "limit": 3}
    pages: list[dict[str, Any]] = []
    while True:
        page = ada.get("/audit/logs", params=query).json()
        pages += page["items"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert pages == whole
    assert len(security(ada, topic="user.renamed")) == 5
    assert [each["topic"] for each in security(ada, entity_id=ada.tokens["session_id"])] == ["session.opened"]
    assert security(ada, to="2020-01-01T00:00:00Z") == []
    assert security(ada, command="user.register")[0]["after"]["email"] == ada.email
    refused(ada.get("/audit/logs", params={"kind": "everything"}), 422, "invalid_request")


def test_each_fact_of_it_can_be_proven(ada: Person, bob: Person) -> None:
    sign_in(ada, "Phone/1.0")
    opened = security(ada, topic="session.opened")[0]
    path = opened["proof"].removeprefix("/v1")
    proven = ada.get(path)
    assert proven.json()["leaf"]["topic"] == "session.opened"
    assert "Phone" not in proven.text
    refused(bob.get(path), 404, "unknown_position")


def test_nobody_reads_it_of_somebody_else(client: TestClient, ada: Person, bob: Person) -> None:
    sign_in(ada, "Phone/1.0")
    mine = {each["position"] for each in security(ada)}
    assert mine.isdisjoint({each["position"] for each in security(bob)})
    for role in ("admin", "auditor"):
        other = give(register(client), role)
        assert mine.isdisjoint({each["position"] for each in security(other)})
    assert security(bob, actor_id=ada.user_id) == []
    assert security(bob, entity_id=ada.user_id) == []
    refused(
        bob.get("/audit/logs", params={"kind": "security"}, headers={"numina-book": ada.book_id}),
        404,
        "unknown_book",
    )
    refused(
        bob.get("/audit/logs", params={"kind": "security"}, headers={"numina-book": ada.user_id}),
        404,
        "unknown_book",
    )


@pytest.mark.parametrize("fields", [{}, {"book_id": True}])
def test_no_key_reads_it(ada: Person, fields: dict[str, Any]) -> None:
    limit = {"book_id": ada.book_id} if fields else {}
    made = ada.post("/users/me/api-keys", {"name": "Sheet", "scopes": ["audit:read"], **limit}).json()
    program = replace(ada, token=made["key"])
    assert program.get("/audit/logs").status_code == 200
    refused(program.get("/audit/logs", params={"kind": "security"}), 403, "not_permitted")
    position = security(ada, topic="session.opened")[0]["position"]
    refused(program.get(f"/audit/proofs/{position}"), 404, "unknown_position")


def test_a_role_is_told_with_its_reason(client: TestClient, ada: Person) -> None:
    root = give(register(client, name="Root"), "admin")
    root.post(f"/admin/users/{ada.user_id}/roles", {"role": "auditor", "reason": "audits 2026"})
    granted = security(ada)[0]
    assert granted["topic"] == "user.role_granted"
    assert granted["actor"] == {"id": root.user_id, "name": None}
    assert granted["after"] == {"role": "auditor", "by": root.user_id, "reason": "audits 2026"}
    assert [each["after"]["role"] for each in security(root, topic="user.role_granted")] == ["admin"]


def test_who_may_audit_a_book_is_told_to_both(client: TestClient, ada: Person) -> None:
    auditor = give(register(client), "auditor")
    ada.put(f"/books/{ada.book_id}/auditors/{auditor.user_id}")
    for person in (ada, auditor):
        assert security(person)[0]["topic"] == "book.auditor_granted"


def test_second_factors_are_told_without_their_secrets(ada: Person) -> None:
    offered = ada.post("/auth/totp", {}).json()
    code = TOTP(offered["secret"]).now()
    confirmed = ada.post("/auth/totp/confirm", {"code": code})
    assert confirmed.status_code < 300, confirmed.text
    said = json.dumps(security(ada))
    assert "user.totp_confirmed" in said
    assert offered["secret"] not in said
    assert "codes" not in json.dumps([each["after"] for each in security(ada)])


def test_members_of_a_book_read_nothing_of_each_other(
    client: TestClient, ada: Person, api_database: str
) -> None:
    """Ada's book is her home book: what is recorded of herself bears it as well."""
    ada.patch("/users/me", {"name": "Augusta"})
    (bob,) = join(api_database, client, ada, bob="editor")
    (renamed,) = security(ada, topic="user.renamed")
    for path, query in (
        ("/audit/logs", {}),
        ("/audit/logs", {"entity_id": ada.user_id}),
        ("/audit/logs", {"topic": "user.renamed"}),
        ("/audit/logs", {"command_id": renamed["command_id"]}),
        ("/changes", {}),
    ):
        items = bob.get(path, params=query).json()["items"]
        assert [each for each in items if each["topic"].startswith(("user.", "session.", "key."))] == []
    refused(bob.get(f"/commands/{renamed['command_id']}"), 404, "unknown_command")
    refused(bob.get(f"/audit/proofs/{renamed['position']}"), 404, "unknown_position")
    assert {each["topic"] for each in security(bob)}.isdisjoint({"user.renamed"})
    joined = [each for each in security(bob) if each["topic"] == "book.member_joined"]
    assert [each["after"]["role"] for each in joined] == ["editor"]
    assert "user.renamed" in {each["topic"] for each in ada.get("/changes").json()["items"]}

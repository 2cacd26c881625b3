"""Admins: whom they see and what of them, roles that come and go, people who are suspended; and nobody who promotes
themselves."""

import datetime as dt
import time
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from numina.wiring import api_app
from tests.support.recorded import nothing_recorded
from tests.support.service import PASSWORD, Person, refused, register, settings
from tests.support.staff import give

AUDITOR = {"role": "auditor", "reason": "audits 2026"}


@pytest.fixture(scope="module")
def root(client: TestClient) -> Person:
    return give(register(client, name="Root"), "admin")


def about(root: Person, person: Person) -> dict[str, Any]:
    answer = root.get(f"/admin/users/{person.user_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_an_admin_sees_who_is_there_and_no_word_of_them(root: Person, ada: Person) -> None:
    listed = root.get("/admin/users", params={"limit": 2})
    assert len(listed.json()["items"]) == 2
    (first, *_) = listed.json()["items"]
    assert first == about(root, ada)
    assert first | {"registered_at": ""} == {
        "id": ada.user_id,
        "registered_at": "",
        "verified": False,
        "roles": [],
        "suspended_at": None,
        "sessions": 1,
    }
    assert "Ada" not in listed.text
    assert "@" not in listed.text


def test_pages_go_on_to_the_first_one(root: Person, ada: Person, bob: Person) -> None:
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 7}
    while True:
        page = root.get("/admin/users", params=query).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert len(seen) == len(set(seen))
    assert {ada.user_id, bob.user_id, root.user_id} <= set(seen)
    assert seen == sorted(seen, reverse=True)


def test_an_address_finds_its_person_when_it_is_whole(root: Person, ada: Person) -> None:
    found = root.get("/admin/users", params={"email": ada.email.upper()}).json()["items"]
    assert [item["id"] for item in found] == [ada.user_id]
    for part in (ada.email[1:], ada.email[:-1], "nobody@example.com", "%@example.com"):
        assert root.get("/admin/users", params={"email": part}).json()["items"] == []
    refused(root.get("/admin/users", params={"email": "example.com"}), 422, "invalid_request")


def test_people_are_sifted_by_role_and_standing(root: Person, ada: Person, bob: Person) -> None:
    root.post(f"/admin/users/{ada.user_id}/roles", {"role": "analyst", "reason": "sums"})
    root.post(f"/admin/users/{bob.user_id}/suspend", {"reason": "so"})

    def ids(**query: str) -> set[str]:
        return {item["id"] for item in root.get("/admin/users", params=query).json()["items"]}

    assert ada.user_id in ids(role="analyst")
    assert bob.user_id not in ids(role="analyst")
    assert bob.user_id in ids(suspended="true")
    assert ada.user_id not in ids(suspended="true")
    assert ids(suspended="true").isdisjoint(ids(suspended="false"))
    refused(root.get("/admin/users", params={"role": "owner"}), 422, "invalid_request")


def test_a_role_comes_and_goes(root: Person, ada: Person) -> None:
    address = f"/admin/users/{ada.user_id}/roles"
    assert root.post(address, AUDITOR).json()["roles"] == ["auditor"]
    assert ada.get("/users/me").json()["roles"] == ["auditor"]
    assert root.post(address, AUDITOR).json()["roles"] == ["auditor"]
    assert root.request("DELETE", address, json=AUDITOR).json()["roles"] == []
    assert ada.get("/users/me").json()["roles"] == []


def test_a_role_of_another_process_is_gone_within_seconds(
    root: Person, ada: Person, api_database: str
) -> None:
    give(ada, "admin")
    with TestClient(api_app(settings(api_database)), raise_server_exceptions=False) as other:
        elsewhere = replace(ada, client=other)
        assert elsewhere.get("/admin/users").status_code == 200
        root.request("DELETE", f"/admin/users/{ada.user_id}/roles", json={"role": "admin", "reason": "so"})
        began = time.monotonic()
        while elsewhere.get("/admin/users").status_code == 200:
            assert time.monotonic() - began < 5
            time.sleep(0.05)


def test_nobody_promotes_themselves(root: Person, ada: Person, api_database: str) -> None:
    mine = f"/admin/users/{ada.user_id}"
    with nothing_recorded(api_database):
        for role in ("admin", "auditor", "analyst"):
            refused(ada.post(f"{mine}/roles", {"role": role, "reason": "please"}), 403, "not_permitted")
        refused(ada.post(f"{mine}/reinstate", {"reason": "please"}), 403, "not_permitted")
        own = f"/admin/users/{root.user_id}"
        refused(root.post(f"{own}/roles", {"role": "auditor", "reason": "so"}), 403, "own_authority")
        refused(
            root.request("DELETE", f"{own}/roles", json={"role": "admin", "reason": "so"}),
            403,
            "own_authority",
        )
        refused(root.post(f"{own}/suspend", {"reason": "so"}), 403, "own_authority")
    assert root.get("/users/me").json()["roles"] == ["admin"]


@pytest.mark.parametrize(
    "more",
    [
        {"role": "admin"},
        {"roles": ["admin"]},
        {"authority": {"roles": ["admin"]}},
        {"is_admin": True},
        {"suspended": False},
        {"verified": True},
        {"user_id": str(uuid4())},
    ],
)
def test_nobody_gets_a_role_with_their_name(
    client: TestClient, ada: Person, api_database: str, more: dict[str, Any]
) -> None:
    with nothing_recorded(api_database):
        body = {"email": f"{uuid4()}@example.com", "password": PASSWORD} | more
        refused(client.post("/v1/auth/register", json=body), 422, "invalid_request")
        refused(ada.patch("/users/me", {"name": "Ada"} | more), 422, "invalid_request")
        body = {"email": ada.email, "password": PASSWORD} | more
        refused(client.post("/v1/auth/login", json=body), 422, "invalid_request")
    assert ada.get("/users/me").json()["roles"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"role": "auditor"},
        {"reason": "so"},
        {"role": "auditor", "reason": " "},
        {"role": "owner", "reason": "so"},
        {"role": ["auditor"], "reason": "so"},
        {"role": "auditor", "reason": "a\nb"},
        {"role": "auditor", "reason": "x" * 501},
        {"role": "auditor", "reason": "so", "by": str(uuid4())},
        {"role": "auditor", "reason": "so", "operator": True},
    ],
)
def test_a_role_needs_a_name_and_a_reason(root: Person, ada: Person, body: dict[str, Any]) -> None:
    refused(root.post(f"/admin/users/{ada.user_id}/roles", body), 422, "invalid_request")


@pytest.mark.parametrize(
    "nobody", ["x", "00000000-0000-0000-0000-000000000000", "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c01"]
)
def test_there_is_no_such_person(root: Person, nobody: str) -> None:
    refused(root.get(f"/admin/users/{nobody}"), 404, "unknown_person")
    refused(root.post(f"/admin/users/{nobody}/roles", AUDITOR), 404, "unknown_person")
    refused(root.post(f"/admin/users/{nobody}/suspend", {"reason": "so"}), 404, "unknown_person")
    refused(root.get(f"/admin/users/{root.book_id}"), 404, "unknown_person")


def test_changing_authority_takes_a_fresh_proof(client: TestClient, root: Person, ada: Person) -> None:
    services = client.app._services  # type: ignore[attr-defined]  # the outermost layer
    issued = (root.user_id, root.book_id, root.tokens["session_id"], ["pwd"], int(time.time()) - 3_600)
    stale = replace(root, token=services.tokens.issue(*issued))
    refused(stale.post(f"/admin/users/{ada.user_id}/roles", AUDITOR), 403, "step_up_needed")
    refused(stale.post(f"/admin/users/{ada.user_id}/suspend", {"reason": "so"}), 403, "step_up_needed")
    assert stale.get("/admin/users").status_code == 200


def test_a_suspended_person_is_let_in_nowhere(client: TestClient, root: Person, ada: Person) -> None:
    made = ada.post("/users/me/api-keys", {"name": "Sheet", "scopes": ["accounts:read"]})
    program = replace(ada, token=made.json()["key"])
    credentials = {"email": ada.email, "password": PASSWORD}
    assert program.get("/accounts").status_code == 200
    address = f"/admin/users/{ada.user_id}"
    assert root.post(f"{address}/suspend", {"reason": "so"}).json()["suspended_at"] is not None
    refused(ada.get("/accounts"), 403, "suspended")
    refused(program.get("/accounts"), 403, "suspended")
    refused(client.post("/v1/auth/login", json=credentials), 403, "suspended")
    token = {"refresh_token": ada.tokens["refresh_token"]}
    refused(client.post("/v1/auth/refresh", json=token), 403, "suspended")
    # Whoever does not know the password learns nothing of it.
    wrong = client.post("/v1/auth/login", json=credentials | {"password": "another long password"})
    refused(wrong, 401, "wrong_credentials")
    assert root.post(f"{address}/reinstate", {"reason": "so"}).json()["suspended_at"] is None
    assert ada.get("/accounts").status_code == 200
    assert program.get("/accounts").status_code == 200
    assert client.post("/v1/auth/login", json=credentials).status_code == 200


def test_sessions_are_counted_as_they_are(client: TestClient, root: Person, ada: Person) -> None:
    credentials = {"email": ada.email, "password": PASSWORD}
    for _ in range(2):
        client.post("/v1/auth/login", json=credentials)
    assert about(root, ada)["sessions"] == 3
    ada.delete("/users/me/sessions")
    assert about(root, ada)["sessions"] == 1
    ada.post("/auth/logout", {})
    assert about(root, ada)["sessions"] == 0


def test_an_admin_reads_no_ones_money(root: Person, ada: Person) -> None:
    account = ada.account("Secret account")
    refused(root.get(f"/accounts/{account}"), 404, "unknown_account")
    for path in ("/accounts", "/transactions", "/reports/net-worth", "/audit/logs", "/changes"):
        refused(root.get(path, headers={"numina-book": ada.book_id}), 404, "unknown_book")


def test_the_person_reads_who_gave_them_a_role_and_why(root: Person, ada: Person) -> None:
    root.post(f"/admin/users/{ada.user_id}/roles", AUDITOR)
    (change,) = [c for c in ada.get("/changes").json()["items"] if c["topic"] == "user.role_granted"]
    assert change["actor_id"] == root.user_id
    assert change["data"] == {"role": "auditor", "by": root.user_id, "text": {"reason": "audits 2026"}}


def test_an_admin_is_not_forgotten(client: TestClient, root: Person) -> None:
    person = give(register(client), "admin")
    refused(person.delete("/users/me"), 409, "role_stays")
    root.request("DELETE", f"/admin/users/{person.user_id}/roles", json={"role": "admin", "reason": "so"})
    assert person.delete("/users/me").status_code == 202
    refused(root.post(f"/admin/users/{person.user_id}/roles", AUDITOR), 409, "leaving")


def test_trying_changes_nothing(root: Person, ada: Person, api_database: str) -> None:
    with nothing_recorded(api_database):
        answer = root.post(f"/admin/users/{ada.user_id}/roles?dry_run=true", AUDITOR)
    assert answer.status_code == 200
    assert dt.datetime.fromisoformat(answer.json()["registered_at"])
    assert ada.get("/users/me").json()["roles"] == []

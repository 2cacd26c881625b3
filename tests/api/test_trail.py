"""The audit trail, proofs, changes, commands and undoing."""

from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest
from pydantic import TypeAdapter

from api.routes.verification import Verification
from gateways.vault import Vault
from projections.auditor import Auditor
from projections.checkpoint import Verifier
from tests.support.service import MASTER_KEY, Person, refused, register, running


def logs(person: Person, **query: Any) -> list[dict[str, Any]]:
    answer = person.get("/audit/logs", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_the_trail_says_who_did_what_with_before_and_after(ada: Person) -> None:
    account = ada.account("Checking")
    ada.patch(f"/accounts/{account}", {"name": "Joint"})
    renamed, *_ = logs(ada, entity_id=account)
    assert renamed["topic"] == "account.renamed"
    assert renamed["command"] == "account.amend"
    assert renamed["actor"] == {"id": ada.user_id, "name": "Ada"}
    assert renamed["before"]["name"] == "Checking"
    assert renamed["after"]["name"] == "Joint"
    assert renamed["entity"] == {"type": "account", "id": account, "version": 2}


def test_the_trail_is_filtered_and_paged(ada: Person) -> None:
    for number in range(7):
        ada.account(f"Account {number}")
    every = logs(ada, limit=500)
    assert [e["position"] for e in every] == sorted((e["position"] for e in every), reverse=True)
    opened = [e for e in every if e["topic"] == "account.opened" and e["command"] == "account.open"]
    assert logs(ada, topic="account.opened", command="account.open") == opened
    assert logs(ada, actor_id=str(uuid4())) == []
    assert logs(ada, command_id=opened[0]["command_id"]) == [opened[0]]
    page = ada.get("/audit/logs", params={"limit": 3, "topic": "account.opened"})
    found = page.json()["items"]
    while page.json()["next_cursor"]:
        assert 'rel="next"' in page.headers["link"]
        page = ada.get(
            "/audit/logs",
            params={"limit": 3, "topic": "account.opened", "cursor": page.json()["next_cursor"]},
        )
        found += page.json()["items"]
    assert found == logs(ada, topic="account.opened", limit=500)


def test_the_trail_is_narrowed_by_instants(ada: Person) -> None:
    ada.account("Early")
    middle = logs(ada)[0]["recorded_at"]
    ada.account("Late")
    assert logs(ada, **{"from": middle})[-1]["recorded_at"] == middle
    assert logs(ada, to=middle)[0]["recorded_at"] == middle
    assert logs(ada, **{"from": "2200-01-01T00:00:00Z"}) == []


def test_no_secret_is_shown_again(ada: Person) -> None:
    ada.patch(
        "/users/me",
        {"password": "a brand new passphrase", "current_password": "correct horse battery staple"},
    )
    for path in ("/audit/logs?limit=500", "/changes"):
        text = ada.get(path).text
        assert "user.password_changed" in text
        assert "argon2" not in text
        assert '"password"' not in text


def test_the_trail_of_somebody_else_is_not_shown(ada: Person, bob: Person) -> None:
    account = ada.account("Private")
    assert logs(bob, entity_id=account) == []
    assert logs(bob, actor_id=ada.user_id) == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("cursor=abc", "invalid_cursor"),
        ("cursor=é", "invalid_cursor"),
        ("cursor=" + "A" * 3000, "invalid_request"),
        ("limit=0", "invalid_request"),
        ("limit=501", "invalid_request"),
        ("limit=ten", "invalid_request"),
        ("limit=1e2", "invalid_request"),
        ("from=yesterday", "invalid_request"),
        ("from=2026-01-01T00:00:00", "invalid_request"),
        ("to=0001-01-01T00:00:00Z", "invalid_request"),
        ("to=9999-12-31T23:59:59-14:00", "invalid_request"),
        ("actor_id=x", "invalid_request"),
        ("topic=a'b", "invalid_request"),
        ("command=%00", "invalid_request"),
        ("everything=true", "invalid_request"),
    ],
)
def test_a_wrong_question_to_the_trail_is_refused(ada: Person, query: str, code: str) -> None:
    refused(ada.get(f"/audit/logs?{query}"), 422, code)


def test_a_changed_cursor_is_refused(ada: Person) -> None:
    for number in range(3):
        ada.account(f"Account {number}")
    cursor = ada.get("/audit/logs", params={"limit": 1}).json()["next_cursor"]
    first, last = ("B" if letter == "A" else "A" for letter in (cursor[0], cursor[-2]))
    for changed in (f"{cursor[:-2]}{last}A", first + cursor[1:], cursor + "A"):
        refused(ada.get("/audit/logs", params={"cursor": changed}), 422, "invalid_cursor")


def test_a_checkpoint_is_signed_and_grows(ada: Person) -> None:
    first = ada.get("/audit/checkpoint").json()
    ada.account("More")
    second = ada.get("/audit/checkpoint", params={"since": first["size"]}).json()
    verifier = Verifier.from_text(second["verifier_key"])
    assert verifier.verify(first["checkpoint"]).size == first["size"]
    assert verifier.verify(second["checkpoint"]).size == second["size"] > first["size"]
    assert second["consistency"]["old"] == first["size"]
    refused(ada.get("/audit/checkpoint", params={"size": 10**12}), 422, "not_sealed")
    refused(ada.get("/audit/checkpoint", params={"since": 10**12}), 422, "not_sealed")


def test_a_fact_is_proven_to_its_owner_alone(ada: Person, bob: Person) -> None:
    account = ada.account("Proven")
    entry = logs(ada, entity_id=account)[0]
    proof = ada.get(entry["proof"].removeprefix("/v1")).json()
    assert proof["leaf"]["stream_id"] == account
    assert proof["position"] == entry["position"]
    refused(bob.get(f"/audit/proofs/{entry['position']}"), 404, "unknown_position")
    for nonsense in ("0", "-1", "99999999999", "1e3", "x", "9" * 30, "%00", "１"):
        refused(ada.get(f"/audit/proofs/{nonsense}"), 404, "unknown_position")


def test_changes_follow_from_a_position(ada: Person, bob: Person) -> None:
    start = ada.get("/changes").json()
    assert {item["topic"] for item in start["items"]} == {"user.registered", "book.opened", "account.opened"}
    bob.account("Not mine")
    account = ada.account("Mine", notes="words")
    more = ada.get("/changes", params={"after": start["next"]}).json()
    assert [item["id"] for item in more["items"]] == [account]
    assert more["items"][0]["data"]["text"]["notes"] == "words"
    assert more["more"] is False
    page = ada.get("/changes", params={"limit": 2}).json()
    assert page["more"] is True
    assert len(page["items"]) == 2
    assert ada.get("/changes", params={"after": more["next"]}).json()["items"] == []


@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", "after=99999999999999999999", "limit=0", "limit=1001"]
)
def test_a_wrong_position_to_follow_from_is_refused(ada: Person, query: str) -> None:
    refused(ada.get(f"/changes?{query}"), 422, "invalid_request")


def test_a_command_is_read_undone_and_brought_back(ada: Person, bob: Person) -> None:
    account = ada.account("Before")
    changed = ada.patch(f"/accounts/{account}", {"name": "After", "net_worth": False}).json()
    command = changed["command_id"]
    read = ada.get(f"/commands/{command}").json()
    assert [fact["topic"] for fact in read["facts"]] == ["account.renamed", "account.counted"]
    assert read["undone_by"] is None
    undone = ada.post(f"/commands/{command}/undo")
    assert undone.status_code == 200, undone.text
    assert ada.get(f"/accounts/{account}").json()["name"] == "Before"
    assert ada.get(f"/commands/{command}").json()["undone_by"] == undone.json()["command_id"]
    refused(ada.post(f"/commands/{command}/undo"), 409, "already_undone")
    again = ada.post(f"/commands/{undone.json()['command_id']}/undo")
    assert again.status_code == 200, again.text
    assert ada.get(f"/accounts/{account}").json()["name"] == "After"
    refused(bob.post(f"/commands/{command}/undo"), 404, "unknown_command")
    refused(bob.get(f"/commands/{command}"), 404, "unknown_command")
    refused(ada.get(f"/commands/{uuid4()}"), 404, "unknown_command")
    refused(ada.post("/commands/zero/undo"), 404, "unknown_command")


def test_an_undoing_that_is_repeated_is_done_once(ada: Person) -> None:
    made = ada.post("/categories", {"name": "Food"}).json()
    keyed = {"idempotency-key": "undo"}
    first = ada.post(f"/commands/{made['command_id']}/undo", headers=keyed)
    second = ada.post(f"/commands/{made['command_id']}/undo", headers=keyed)
    assert first.status_code == second.status_code == 200, second.text
    assert first.json() == second.json()


def test_registering_cannot_be_undone(ada: Person) -> None:
    command = logs(ada)[-1]["command_id"]
    refused(ada.post(f"/commands/{command}/undo"), 409, "not_undoable")


def test_a_balance_is_asserted_and_withdrawn(ada: Person, bob: Person) -> None:
    account = ada.account("Checking", opening_balance="10.00", opening_date="2026-01-01")
    made = ada.post("/assertions", {"account_id": account, "date": "2026-01-31", "amount": "10.00"})
    assert made.status_code == 201, made.text
    assertion = made.json()["id"]
    assert made.json()["amount"] == {"amount": "10.00", "currency": "USD"}
    assert [a["id"] for a in ada.get("/assertions", params={"account_id": account}).json()["items"]] == [
        assertion
    ]
    assert ada.get(f"/assertions/{assertion}").json()["date"] == "2026-01-31"
    wrong = ada.post("/assertions", {"account_id": account, "date": "2026-01-31", "amount": "11.00"})
    assert refused(wrong, 409, "assertion_failed")["difference"] == "1.00"
    for answer in (bob.get(f"/assertions/{assertion}"), bob.delete(f"/assertions/{assertion}")):
        refused(answer, 404, "unknown_assertion")
    refused(
        bob.post("/assertions", {"account_id": account, "date": "2026-01-31", "amount": "1"}),
        404,
        "unknown_account",
    )
    keyed = {"idempotency-key": "w"}
    assert ada.delete(f"/assertions/{assertion}", headers=keyed).status_code == 200
    assert ada.delete(f"/assertions/{assertion}", headers=keyed).status_code == 200
    refused(ada.delete(f"/assertions/{assertion}"), 404, "unknown_assertion")
    assert ada.get("/assertions").json()["items"] == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": "NaN"}, "invalid_amount"),
        ({"amount": "1.001"}, "invalid_amount"),
        ({"amount": 1}, "invalid_request"),
        ({"date": "2026-02-30"}, "invalid_request"),
        ({"date": "9999-01-01"}, "invalid_request"),
        ({"currency": "EUR"}, "wrong_currency"),
        ({"currency": "??"}, "invalid_request"),
        ({"notes": "\x00"}, "invalid_request"),
        ({"account_id": "x"}, "invalid_request"),
    ],
)
def test_a_wrong_assertion_is_refused(ada: Person, change: dict[str, Any], code: str) -> None:
    account = ada.account("Checking")
    body = {"account_id": account, "date": "2026-01-31", "amount": "0.00"} | change
    refused(ada.post("/assertions", body), 422, code)


def test_the_auditor_publishes_how_far_it_is(database: str) -> None:
    with running(database) as client:
        person = register(client)
        assert person.get("/audit/verification").json()["position"] == 0
        person.account("Audited")
        person.get("/accounts")
        with closing(Vault(database, MASTER_KEY)) as keys, Auditor(database, keys) as auditor:
            auditor.turn(60)
        told = person.get("/audit/verification").json()
        metrics = client.get("/metrics").text
    TypeAdapter(Verification).validate_python(told, strict=False)
    assert told["mismatches"] == 0, told["findings"]
    assert 0 < told["position"] <= told["head"]
    assert told["age_seconds"] >= 0
    assert "numina_auditor_mismatches 0.0" in metrics
    assert "numina_projection_lag_facts" in metrics

"""Accounts that are private to one member of a shared book: what the others see, and what they cannot do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from ledger.accounts.account import private_side
from numina.wiring import api_app
from tests.support.service import Person, refused, register, settings
from tests.support.shared_book import join


class Home:
    """Ada's book, which Bob and Eve share: a joint account, a private one of Ada's, a category."""

    def __init__(self, client: TestClient, url: str) -> None:
        self.ada = register(client, name="Ada")
        self.bob, self.eve = join(url, client, self.ada, bob="editor", eve="viewer")
        self.joint = self.ada.account("Joint", opening_balance="1000.00")
        self.food = self.ada.account("Food", "expense")
        self.secret = self.ada.account("Gifts", opening_balance="500.00", private=True)
        self.side = str(private_side(UUID(self.ada.book_id)))


@pytest.fixture
def home(client: TestClient, api_database: str) -> Home:
    return Home(client, api_database)


def post(
    person: Person, amount: str, to: str, by: str, date: str = "2026-03-05", **more: Any
) -> dict[str, Any]:
    legs = [
        {"account_id": to, "amount": amount, "currency": "USD"},
        {"account_id": by, "amount": f"-{amount}", "currency": "USD"},
    ]
    answer = person.post("/transactions", {"date": date, "postings": legs, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def figure(person: Person, account_id: str) -> str:
    return str(person.get(f"/accounts/{account_id}/balance").json()["posted"]["amount"])


def test_others_do_not_see_the_account(home: Home) -> None:
    names = [item["name"] for item in home.bob.get("/accounts").json()["items"]]
    assert "Gifts" not in names
    assert "Private" not in names
    refused(home.bob.get(f"/accounts/{home.secret}"), 404, "unknown_account")
    refused(home.bob.get(f"/accounts/{home.secret}/balance"), 404, "unknown_account")
    assert home.ada.get(f"/accounts/{home.secret}").json()["private"] is True


def test_what_stands_on_private_accounts_alone_counts_for_nobody_else(home: Home) -> None:
    hidden = post(home.ada, "77.00", home.food, home.secret, payee="Jeweller")
    shared = post(home.ada, "20.00", home.food, home.joint)
    assert figure(home.ada, home.food) == "97.00"
    assert figure(home.bob, home.food) == "20.00"
    refused(home.bob.get(f"/transactions/{hidden['id']}"), 404, "unknown_transaction")
    assert {t["id"] for t in home.bob.get("/transactions?type=expense").json()["items"]} == {shared["id"]}
    by_bob = post(home.bob, "5.00", home.food, home.joint)
    assert {b["account_id"]: b["posted"]["amount"] for b in by_bob["balances"]}[home.food] == "25.00"
    assert {b["account_id"]: b["posted"]["amount"] for b in by_bob["balances"]}[home.joint] == "975.00"


def test_a_transfer_shows_its_private_leg_without_the_account(home: Home) -> None:
    moved = post(home.ada, "100.00", home.secret, home.joint)
    seen = home.bob.get(f"/transactions/{moved['id']}").json()
    assert {(p["account_id"], p["amount"]) for p in seen["postings"]} == {
        (home.side, "100.00"),
        (home.joint, "-100.00"),
    }
    [listed] = home.bob.get("/transactions?type=transfer").json()["items"]
    assert {p["account_id"] for p in listed["postings"]} == {home.side, home.joint}
    assert figure(home.bob, home.joint) == "900.00"
    [sheet] = home.bob.get("/reports/balance-sheet?as_of=2026-12-31").json()["currencies"]
    assert sheet["difference"]["amount"] == "0.00"
    assert sheet["assets"]["total"]["amount"] == "900.00"
    assert {line["name"]: line["total"]["amount"] for line in sheet["equity"]["lines"]} == {
        "Opening balances": "1000.00",
        "Private": "-100.00",
    }
    [flow] = home.bob.get("/reports/cash-flow?from=2026-03-01&to=2026-03-31").json()["currencies"]
    assert [(c["account_id"], c["name"], c["total"]["amount"]) for c in flow["counterparts"]] == [
        (home.side, "Private", "-100.00")
    ]
    [worth] = home.bob.get("/reports/net-worth?from=2026-03-01&to=2026-03-31").json()["currencies"]
    assert worth["net"] == ["900.00"]
    [mine] = home.ada.get("/reports/net-worth?from=2026-03-01&to=2026-03-31").json()["currencies"]
    assert mine["net"] == ["1500.00"]


def test_a_trial_tells_only_what_is_seen(home: Home) -> None:
    post(home.ada, "77.00", home.food, home.secret)
    post(home.ada, "20.00", home.food, home.joint)
    legs = [
        {"account_id": home.food, "amount": "5.00", "currency": "USD"},
        {"account_id": home.joint, "amount": "-5.00", "currency": "USD"},
    ]
    tried = home.bob.post("/transactions?dry_run=true", {"date": "2026-03-05", "postings": legs})
    found = {b["account_id"]: b["posted"]["amount"] for b in tried.json()["balances"]}
    assert found == {home.food: "25.00", home.joint: "975.00"}
    assert figure(home.bob, home.food) == "20.00"


def test_nobody_sees_more_than_the_others_not_even_the_owner(home: Home) -> None:
    hidden = home.bob.account("Bob's own", opening_balance="8.00", private=True)
    post(home.bob, "3.00", home.food, hidden)
    refused(home.ada.get(f"/accounts/{hidden}"), 404, "unknown_account")
    assert figure(home.ada, home.food) == "0.00"
    assert figure(home.bob, home.food) == "3.00"
    moved = post(home.bob, "1.00", home.joint, hidden)
    [seen] = [t for t in home.ada.get("/transactions").json()["items"] if t["id"] == moved["id"]]
    assert {p["account_id"] for p in seen["postings"]} == {home.joint, home.side}
    [sheet] = home.eve.get("/reports/balance-sheet?as_of=2026-12-31").json()["currencies"]
    assert sheet["assets"]["total"]["amount"] == "1001.00"


def test_what_is_shared_later_is_shared_with_its_history(home: Home) -> None:
    hidden = post(home.ada, "77.00", home.food, home.secret)
    position = int(home.ada.get("/accounts").headers["numina-position"])
    refused(home.bob.patch(f"/accounts/{home.secret}", {"private": False}), 404, "unknown_account")
    shared = home.ada.patch(f"/accounts/{home.secret}", {"private": False})
    assert shared.json()["private"] is False
    assert home.bob.get(f"/transactions/{hidden['id']}").status_code == 200
    assert (
        home.bob.get(f"/accounts/{home.food}/balance?known_at={position}").json()["posted"]["amount"]
        == "77.00"
    )
    refused(home.bob.patch(f"/accounts/{home.secret}", {"private": True}), 403, "not_your_account")
    assert home.ada.patch(f"/accounts/{home.secret}", {"private": True}).status_code == 200
    assert (
        home.bob.get(f"/accounts/{home.food}/balance?known_at={position}").json()["posted"]["amount"]
        == "0.00"
    )


def test_later_facts_of_a_statement_are_seen_with_its_account(home: Home) -> None:
    unlocked = {}
    for account_id in (home.joint, home.secret):
        paid = post(home.ada, "7.00", home.food, account_id)
        body = {"account_id": account_id, "date": "2026-03-31", "closing_balance": "-7.00"}
        made = home.ada.post("/reconciliations", {**body, "transaction_ids": [paid["id"]]})
        unlocked[account_id] = made.json()["id"]
        assert home.ada.post(f"/reconciliations/{unlocked[account_id]}/unlock", {}).status_code == 200
    facts = home.bob.get("/changes", params={"limit": 1000}).json()["items"]
    assert [f["id"] for f in facts if f["topic"] == "reconciliation.unlocked"] == [unlocked[home.joint]]


def test_a_fact_that_is_seen_in_part_is_proven_by_its_hash(home: Home) -> None:
    hidden = post(home.ada, "77.00", home.food, home.secret)
    mixed = post(home.ada, "10.00", home.secret, home.joint)
    shared = post(home.ada, "5.00", home.food, home.joint)
    refused(home.bob.get(f"/audit/proofs/{hidden['position']}"), 404, "unknown_position")
    proof = home.bob.get(f"/audit/proofs/{mixed['position']}").json()
    assert proof["leaf"] is None
    assert proof["leaf_hash"] == home.ada.get(f"/audit/proofs/{mixed['position']}").json()["leaf_hash"]
    assert home.bob.get(f"/audit/proofs/{shared['position']}").json()["leaf"]["topic"] == "transaction.posted"


def test_facts_about_the_owner_as_a_person_are_not_the_book_s(home: Home) -> None:
    home.ada.patch("/users/me", {"name": "Ada L."})
    for path in ("/changes?limit=1000", "/audit/logs?limit=500"):
        topics = {item["topic"].split(".")[0] for item in home.bob.get(path).json()["items"]}
        assert "user" not in topics
        assert home.ada.email not in home.bob.get(path).text
        assert "user" in {item["topic"].split(".")[0] for item in home.ada.get(path).json()["items"]}


def test_only_assets_and_liabilities_are_private(home: Home) -> None:
    body = {"name": "Lunch", "kind": "expense", "currency": "USD", "private": True}
    refused(home.ada.post("/accounts", body), 422, "invalid_value")


def test_another_process_hides_the_first_one_at_once(client: TestClient, api_database: str) -> None:
    ada = register(client, name="Ada")
    [bob] = join(api_database, client, ada, bob="editor")
    with TestClient(api_app(settings(api_database)), raise_server_exceptions=False) as other:
        elsewhere = replace(bob, client=other)
        assert elsewhere.get("/accounts").status_code == 200
        ada.account("Hush", opening_balance="9.99", private=True)
        for path in ("/accounts", "/transactions", "/changes?limit=1000", "/reports/balance-sheet"):
            answer = elsewhere.get(path)
            assert answer.status_code == 200
            assert not [word for word in ("Hush", "9.99") if word in answer.text], path

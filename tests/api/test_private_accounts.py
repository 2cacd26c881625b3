"""Accounts that are private to one member of a shared book: what the others see, and what they cannot do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from ledger.accounts.account import private_side
from tests.support.service import Person, refused, register
from tests.support.shared_book import join


class Home:
    """Ada's book, which Bob and Eve share: a joint account, a private one of Ada's, a category."""

    def __init__(self, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ada = register(client, name="Ada")
        self.bob, self.eve = join(monkeypatch, client, self.ada, bob="editor", eve="viewer")
        self.joint = self.ada.account("Joint", opening_balance="1000.00")
        self.food = self.ada.account("Food", "expense")
        self.secret = self.ada.account("Gifts", opening_balance="500.00", private=True)
        self.side = str(private_side(UUID(self.ada.book_id)))


@pytest.fixture
def home(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> Home:
    return Home(client, monkeypatch)


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

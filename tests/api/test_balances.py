"""Balances as of a date and as known at a position, and statements that add up."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.service import Person, post, refused


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def test_an_account_without_postings_has_nothing(ada: Person) -> None:
    answer = ada.get(f"/accounts/{ada.account('Empty')}/balance").json()
    assert answer["posted"] == answer["pending"] == answer["available"] == usd("0.00")
    assert [b["currency"] for b in answer["balances"]] == ["USD"]


def test_posted_pending_and_available_are_three_numbers(ada: Person) -> None:
    cash, food = (
        ada.account("Cash", opening_balance="100.00", opening_date="2026-01-01"),
        ada.account("Food", "expense"),
    )
    post(ada, food, cash, "30.00", "2026-01-05")
    post(ada, food, cash, "20.00", "2026-01-06", state="pending")
    answer = ada.get(f"/accounts/{cash}/balance").json()
    assert (answer["posted"], answer["pending"], answer["available"]) == (
        usd("70.00"),
        usd("-20.00"),
        usd("50.00"),
    )


def test_a_balance_is_told_as_of_a_date_and_as_known_at_a_position(ada: Person) -> None:
    cash, food = ada.account("Cash"), ada.account("Food", "expense")
    first = post(ada, food, cash, "10.00", "2026-01-05")
    instant = ada.get("/changes", params={"after": first["position"] - 1}).json()["items"][-1]["recorded_at"]
    post(ada, food, cash, "5.00", "2026-01-02")

    def posted(**query: Any) -> str:
        answer = ada.get(f"/accounts/{food}/balance", params=query)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["posted"]["amount"])

    assert posted() == "15.00"
    assert posted(as_of="2026-01-04") == "5.00"
    assert posted(known_at=first["position"]) == "10.00"
    assert posted(known_at=first["position"], as_of="2026-01-04") == "0.00"
    assert posted(known_at=instant) == "10.00"
    assert posted(known_at=instant.replace("Z", "+00:00")) == "10.00"
    assert posted(known_at=0) == "0.00"


def test_a_statement_adds_up(ada: Person) -> None:
    cash, food = ada.account("Cash"), ada.account("Food", "expense")
    for day in range(1, 10):
        post(ada, food, cash, f"{day}.25", f"2026-01-0{day}", payee=f"Shop {day}")
    query: dict[str, Any] = {"from": "2026-01-03", "to": "2026-01-08"}
    answer = ada.get(f"/accounts/{cash}/statement", params=query).json()
    assert answer["opening"] == usd("-3.50")
    assert answer["closing"] == usd("-38.00")
    assert [line["payee"] for line in answer["lines"]] == [f"Shop {day}" for day in range(3, 9)]
    running = Decimal(answer["opening"]["amount"])
    for line in answer["lines"]:
        running += Decimal(line["amount"])
        assert Decimal(line["balance"]) == running
    assert running == Decimal(answer["closing"]["amount"])
    paged, page = [], ada.get(f"/accounts/{cash}/statement", params=query | {"limit": 4})
    while True:
        paged += page.json()["lines"]
        if page.json()["next_cursor"] is None:
            break
        page = ada.get(
            f"/accounts/{cash}/statement", params=query | {"limit": 4, "cursor": page.json()["next_cursor"]}
        )
    assert paged == answer["lines"]


def test_pending_and_voided_money_is_on_no_statement(ada: Person) -> None:
    cash, food = ada.account("Cash"), ada.account("Food", "expense")
    post(ada, food, cash, "1.00", "2026-01-01", state="pending")
    gone = post(ada, food, cash, "2.00", "2026-01-01")
    assert ada.post(f"/transactions/{gone['id']}/void").status_code == 200
    answer = ada.get(f"/accounts/{cash}/statement", params={"from": "2026-01-01", "to": "2026-12-31"}).json()
    assert answer["lines"] == []
    assert answer["closing"] == usd("0.00")


def test_a_balance_of_somebody_else_is_not_shown(ada: Person, bob: Person) -> None:
    cash = ada.account("Cash")
    refused(bob.get(f"/accounts/{cash}/balance"), 404, "unknown_account")
    refused(bob.get(f"/accounts/{cash}/statement?from=2026-01-01&to=2026-01-31"), 404, "unknown_account")
    refused(ada.get("/accounts/cash/balance"), 404, "unknown_account")


@pytest.mark.parametrize(
    "query",
    [
        "as_of=2026-02-30",
        "as_of=0001-01-01",
        "as_of=9999-12-31",
        "as_of=now",
        "as_of=20260101",
        "as_of=1767225600",
        "known_at=soon",
        "known_at=-1",
        "known_at=1.5",
        "known_at=999999999999",
        "known_at=2026-01-01",
        "known_at=2026-01-01T00:00:00",
        "known_at=%00",
        "known_at=" + "1" * 50,
        "known_at=0001-01-01T00:00:00Z",
        "until=2026-01-01",
    ],
)
def test_an_impossible_time_is_refused(ada: Person, query: str) -> None:
    cash = ada.account("Cash")
    answer = ada.get(f"/accounts/{cash}/balance?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] in ("invalid_request", "invalid_value")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "invalid_request"),
        ("from=2026-01-01", "invalid_request"),
        ("from=2026-01-02&to=2026-01-01", "invalid_value"),
        ("from=2026-01-01&to=2026-01-31&currency=EUR", "wrong_currency"),
        ("from=2026-01-01&to=2026-01-31&cursor=abc", "invalid_cursor"),
        ("from=2026-01-01&to=2026-01-31&limit=501", "invalid_request"),
    ],
)
def test_a_wrong_question_about_a_statement_is_refused(ada: Person, query: str, code: str) -> None:
    cash = ada.account("Cash")
    refused(ada.get(f"/accounts/{cash}/statement?{query}"), 422, code)

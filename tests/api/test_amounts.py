"""Amounts are exact to the minor unit wherever they stand, and no amount of digits upsets the service."""

from typing import Any

import pytest
from httpx2 import Response

from tests.support.service import Person, refused

MANY = "99999999999999999999"


def between(person: Person, debit: str, credit: str, amount: str, currency: str, **more: Any) -> Response:
    legs = [
        {"account_id": debit, "amount": amount, "currency": currency},
        {"account_id": credit, "amount": f"-{amount}", "currency": currency},
    ]
    return person.post("/transactions", {"date": "2026-01-05", "postings": legs, **more})


@pytest.mark.parametrize(("amount", "currency"), [("0.001", "USD"), ("1.5", "JPY"), ("1.0001", "KWD")])
def test_categories_of_every_currency_keep_to_its_minor_unit(ada: Person, amount: str, currency: str) -> None:
    earned, spent = ada.account("Earned", "income"), ada.account("Spent", "expense")
    problem = refused(between(ada, spent, earned, amount, currency), 422, "invalid_amount")
    assert problem["field"] == "postings.0.amount"


def test_a_slip_in_a_currency_makes_no_new_commodity(ada: Person) -> None:
    earned, spent = ada.account("Earned", "income"), ada.account("Spent", "expense")
    problem = refused(between(ada, spent, earned, "1", "USB"), 422, "unknown_currency")
    assert problem["field"] == "postings.0.currency"


def test_a_declared_commodity_may_be_spent_on_any_category(ada: Person) -> None:
    hours = ada.account("Hours", currency="VACHR", exponent=0)
    assert between(ada, ada.account("Holidays", "expense"), hours, "8", "VACHR").status_code == 201


@pytest.mark.parametrize("fraction", ["0" * 19, "9" * 40, "0" * 18 + "1"])
def test_more_than_eighteen_decimals_are_refused(ada: Person, fraction: str) -> None:
    ether, spent = ada.account("Ether", currency="ETH"), ada.account("Spent", "expense")
    refused(between(ada, spent, ether, f"{MANY}.{fraction}", "ETH"), 422, "invalid_amount")


def test_the_largest_amount_at_the_finest_exponent_is_kept_exactly(ada: Person) -> None:
    ether, spent = ada.account("Ether", currency="ETH"), ada.account("Spent", "expense")
    for _ in range(3):
        answer = between(ada, spent, ether, f"{MANY}.{'9' * 18}", "ETH")
        assert answer.status_code == 201, answer.text
    posted = answer.json()["balances"][0]["posted"]
    assert posted == {"amount": f"2{MANY}.{'9' * 17}7", "currency": "ETH"}
    held = ada.get(f"/accounts/{spent}/balance").json()["balances"]
    assert [balance["posted"] for balance in held if balance["currency"] == "ETH"] == [posted]


def test_a_statement_of_huge_balances_is_read_page_by_page(ada: Person) -> None:
    bank, spent = ada.account("Bank"), ada.account("Spent", "expense")
    for _ in range(3):
        assert between(ada, spent, bank, f"{MANY}.99", "USD").status_code == 201
    query = {"from": "2026-01-01", "to": "2026-01-31", "limit": 2}
    first = ada.get(f"/accounts/{bank}/statement", params=query).json()
    second = ada.get(f"/accounts/{bank}/statement", params=query | {"cursor": first["next_cursor"]})
    assert second.status_code == 200, second.text
    assert second.json()["lines"][-1]["balance"] == second.json()["closing"]["amount"]


def test_a_finer_amount_of_a_huge_balance_is_refused_not_rounded(ada: Person) -> None:
    bank, spent = ada.account("Bank"), ada.account("Spent", "expense")
    refused(between(ada, spent, bank, f"{MANY}.001", "USD"), 422, "invalid_amount")


def test_a_part_of_a_hold_keeps_to_the_minor_unit(ada: Person) -> None:
    bank, spent = ada.account("Bank"), ada.account("Spent", "expense")
    hold = between(ada, spent, bank, "5.00", "USD", state="pending").json()["id"]
    problem = refused(ada.post(f"/transactions/{hold}/post", {"amount": "2.001"}), 422, "invalid_amount")
    assert problem["field"] == "amount"

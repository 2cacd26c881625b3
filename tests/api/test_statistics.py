"""Analysts read sums under pseudonyms, of groups that are large enough."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from projections.statistics import LEAST_BOOKS
from tests.support.service import Person, refused, register
from tests.support.staff import give


@pytest.fixture(scope="module")
def analyst(client: TestClient) -> Person:
    return give(register(client, name="Analyst"), "analyst")


def earn(person: Person, currency: str, date: str, income: str, expense: str) -> None:
    """One salary and one purchase."""
    purse = person.account(f"Purse {date}", currency=currency)
    salary = person.account(f"Salary at Acme {date}", "income", currency)
    food = person.account(f"Food {date}", "expense", currency)
    for debit, credit, amount in ((purse, salary, income), (food, purse, expense)):
        legs = [
            {"account_id": debit, "amount": amount, "currency": currency},
            {"account_id": credit, "amount": f"-{amount}", "currency": currency},
        ]
        assert person.post("/transactions", {"date": date, "postings": legs}).status_code == 201


def month(analyst: Person, text: str, **query: Any) -> dict[str, Any]:
    answer = analyst.get("/admin/statistics", params={"month": text, **query})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_sums_are_told_of_groups_that_are_large_enough(client: TestClient, analyst: Person) -> None:
    people = [register(client, name=f"Earner {number}") for number in range(LEAST_BOOKS)]
    for number, person in enumerate(people):
        earn(person, "EUR", "2019-05-06", f"{1000 + number}.00", f"{100 * number}.50")
        if number:
            earn(person, "EUR", "2019-06-06", "1.00", "1.00")
    found = month(analyst, "2019-05")
    assert found["currencies"] == [
        {
            "currency": "EUR",
            "books": 5,
            "income": "5010.00",
            "expense": "1002.50",
            "median_income": "1002.00",
            "median_expense": "200.50",
        }
    ]
    assert sorted(item["income"] for item in found["items"]) == [f"{1000 + n}.00" for n in range(5)]
    assert month(analyst, "2019-06")["items"] == []
    assert month(analyst, "2019-06")["currencies"] == []
    said = json.dumps(found)
    for person in people:
        assert person.book_id not in said
        assert person.user_id not in said
        assert person.book_id.replace("-", "")[:8] not in said
    assert "Acme" not in said
    assert "Earner" not in said


def test_a_pseudonym_is_the_same_in_every_month_and_pages_go_on(client: TestClient, analyst: Person) -> None:
    for number in range(LEAST_BOOKS + 1):
        person = register(client)
        for date in ("2018-01-31", "2018-02-01"):
            earn(person, "CHF", date, f"{number + 1}00.00", "1.00")
    january, february = (month(analyst, text, currency="CHF")["items"] for text in ("2018-01", "2018-02"))
    assert january == february
    names = [item["book"] for item in january]
    assert names == sorted(set(names))
    pages, query = [], {"currency": "CHF", "limit": 4}
    while True:
        page = month(analyst, "2018-01", **query)
        pages += page["items"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert pages == january
    assert month(analyst, "2018-01", currency="USD")["items"] == []


@pytest.mark.parametrize(
    "text", ["2019", "2019-13", "2019-5", "0001-01", "9999-12", "2019-05-01", "٢٠١٩-٠٥", ""]
)
def test_what_is_no_month_is_refused(analyst: Person, text: str) -> None:
    refused(analyst.get("/admin/statistics", params={"month": text}), 422, "invalid_request")


def test_an_analyst_reads_nothing_else(analyst: Person, ada: Person) -> None:
    for path in ("/admin/users", "/admin/audit/logs", "/admin/audit/proofs/1"):
        refused(analyst.get(path), 403, "not_permitted")
    refused(analyst.get("/reports/net-worth", headers={"numina-book": ada.book_id}), 404, "unknown_book")

"""What each member has spent, over HTTP: who entered it, whoever changed it since."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from api.report_answers import SpendingAnswer
from tests.support.household import Household, household
from tests.support.membership import join
from tests.support.service import Person, refused

MARCH = {"from": "2026-03-01", "to": "2026-03-31"}


@pytest.fixture
def home(ada: Person) -> Household:
    return household(ada)


def spending(person: Person, **query: Any) -> dict[str | None, str]:
    """Totals in USD by name."""
    answer = person.get("/reports/spending-by-member", params={**MARCH, **query})
    assert answer.status_code == 200, answer.text
    TypeAdapter(SpendingAnswer).validate_json(answer.content)
    [usd] = answer.json()["currencies"]
    return {member["name"]: member["total"]["amount"] for member in usd["members"]}


def test_who_entered_it_has_spent_it(home: Household, bob: Person) -> None:
    ada, editor = home.person, join(home.person, bob)
    posted = home.post(home.expense("4.00")).json()
    editor.post("/transactions", home.expense("5.50"))
    # Bob mends what Ada entered: she has spent it still.
    changed = editor.put(f"/transactions/{posted['id']}", home.expense("3.00"))
    assert changed.status_code == 200, changed.text
    assert spending(ada) == spending(editor) == {"Bob": "5.50", "Ada": "3.00"}
    editor.post(f"/transactions/{posted['id']}/void")
    assert spending(ada) == {"Bob": "5.50"}
    assert spending(ada, known_at=posted["position"]) == {"Ada": "4.00"}


def test_categories_and_months_are_told(home: Household, bob: Person) -> None:
    editor = join(home.person, bob, "editor")
    editor.post("/transactions", home.expense("5.50", date="2026-02-10"))
    editor.post("/transactions", home.expense("1.25", category_id=home.home))
    answer = editor.get(
        "/reports/spending-by-member", params={"from": "2026-02-01", "to": "2026-03-31"}
    ).json()
    [usd] = answer["currencies"]
    [member] = usd["members"]
    assert member["user_id"] == bob.user_id
    assert member["expense"]["amounts"] == ["5.50", "1.25"]
    assert {line["account_id"]: line["total"]["amount"] for line in member["expense"]["lines"]} == {
        home.food: "5.50",
        home.home: "1.25",
    }
    assert usd["total"] == {"amount": "6.75", "currency": "USD"}


def test_who_is_gone_is_told_still(home: Household, bob: Person) -> None:
    editor = join(home.person, bob)
    editor.post("/transactions", home.expense("5.50"))
    editor.post(f"/books/{home.person.book_id}/leave")
    assert spending(home.person) == {"Bob": "5.50"}
    refused(editor.get("/reports/spending-by-member"), 404, "unknown_book")


def test_what_is_private_to_others_is_not_counted(home: Household, bob: Person) -> None:
    ada, viewer = home.person, join(home.person, bob, "viewer")
    secret = ada.account("Gifts", private=True)
    home.post(home.expense("4.00"))
    home.post(home.expense("9.00", account_id=secret))
    assert spending(ada) == {"Ada": "13.00"}
    assert spending(viewer) == {"Ada": "4.00"}


def test_ranges_are_checked(home: Household) -> None:
    backwards = {"from": "2026-03-02", "to": "2026-03-01"}
    refused(home.person.get("/reports/spending-by-member", params=backwards), 422, "range_backwards")
    assert home.person.get("/reports/spending-by-member").json()["currencies"] == []

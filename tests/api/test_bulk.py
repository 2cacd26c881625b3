"""Many transactions in one request: each for itself, or all of them or none."""

import time
from typing import Any

import pytest

from tests.support.household import Household, household
from tests.support.recorded import nothing_recorded, stored
from tests.support.service import Person, refused

BULK = "/transactions/bulk"


@pytest.fixture
def home(ada: Person) -> Household:
    return household(ada)


def results(home: Household, items: list[Any], **more: Any) -> list[dict[str, Any]]:
    answer = home.person.post(BULK, {"items": items, **more})
    assert answer.status_code == 207, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    assert len(found) == len(items)
    return found


def test_both_forms_may_be_mixed_among_the_items(home: Household) -> None:
    found = results(home, [home.expense("1.00"), home.full("2.00"), home.expense("3.00", state="pending")])
    assert [r["status"] for r in found] == [201, 201, 201]
    assert [r["version"] for r in found] == [1, 1, 1]
    assert len({r["command_id"] for r in found}) == 3
    read = home.person.get(f"/transactions/{found[2]['id']}").json()
    assert (read["state"], read["postings"][0]["amount"]) == ("pending", "-3.00")
    assert home.balance(home.checking) == ("-3.00", "-3.00", "-6.00")


def test_the_position_of_the_last_fact_is_told(home: Household, api_database: str) -> None:
    answer = home.person.post(BULK, {"items": [home.expense()] * 3})
    assert answer.headers["numina-position"] == str(stored(api_database)[0])


def test_each_wrong_item_is_answered_for_itself(home: Household) -> None:
    items = [
        home.expense("1.00"),
        home.expense("1.001"),
        home.expense() | {"payeee": "x"},
        home.expense() | {"amount": 5},
        "not an object",
        None,
        {},
        home.full("1.00") | {"type": "expense"},
        home.expense(category_id="019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c01"),
        home.expense(category_id=home.salary),
        {"date": "2026-03-01", "postings": []},
        home.expense("2.00"),
    ]
    found = results(home, items)
    assert [(r["status"], r.get("problem", {}).get("code")) for r in found] == [
        (201, None),
        (422, "invalid_amount"),
        (422, "invalid_request"),
        (422, "invalid_request"),
        (422, "invalid_request"),
        (422, "invalid_request"),
        (422, "invalid_request"),
        (422, "mixed_form"),
        (404, "unknown_account"),
        (422, "wrong_kind"),
        (422, "postings_count"),
        (201, None),
    ]
    assert found[2]["problem"]["field"] == "payeee"
    assert found[3]["problem"]["field"] == "amount"
    assert found[8]["problem"]["field"] == "category_id"
    for result in found:
        assert ("problem" in result) == (result["status"] != 201)
        assert result.get("problem", {}).get("status", 201) == result["status"]
    assert home.balance(home.checking)[0] == "-3.00"


def test_an_item_sees_what_the_ones_before_it_changed(home: Household, ada: Person) -> None:
    wallet = ada.account("Wallet", floor="0", opening_balance="10.00", opening_date="2026-01-01")
    items = [home.expense("6.00", account_id=wallet)] * 3
    found = results(home, items)
    assert [r["status"] for r in found] == [201, 409, 409]
    assert found[1]["problem"]["code"] == "floor_breached"
    assert found[1]["problem"]["available"] == "4.00"


def test_an_atomic_request_is_carried_out_whole(home: Household) -> None:
    found = results(home, [home.expense("1.00"), home.expense("2.00")], atomic=True)
    assert [r["status"] for r in found] == [201, 201]


@pytest.mark.parametrize(
    ("wrong", "status", "code", "field"),
    [
        ({"amount": "1.001"}, 422, "invalid_amount", "amount"),
        ({"amount": 1}, 422, "invalid_request", "amount"),
        ({"payeee": "x"}, 422, "invalid_request", "payeee"),
        ({"category_id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c01"}, 404, "unknown_account", "category_id"),
        ({"to_amount": "1"}, 422, "mixed_form", "to_amount"),
    ],
)
def test_an_atomic_request_with_one_wrong_item_stores_nothing(
    home: Household, api_database: str, wrong: dict[str, Any], status: int, code: str, field: str
) -> None:
    items = [home.expense("1.00"), home.expense("2.00") | wrong, home.expense("3.00")]
    with nothing_recorded(api_database):
        answer = home.person.post(
            BULK, {"items": items, "atomic": True}, headers={"idempotency-key": "atomic"}
        )
    problem = refused(answer, 422, "bulk_refused")
    assert problem["item"] == 1
    assert problem["field"] == f"items.1.{field}"
    assert (problem["problem"]["status"], problem["problem"]["code"]) == (status, code)
    assert home.balance(home.checking)[0] == "0.00"


def test_a_dry_run_tells_every_result_and_stores_nothing(
    home: Household, ada: Person, api_database: str
) -> None:
    wallet = ada.account("Wallet", floor="0", opening_balance="10.00", opening_date="2026-01-01")
    items = [home.expense("6.00", account_id=wallet)] * 2
    with nothing_recorded(api_database):
        answer = ada.post(f"{BULK}?dry_run=true", {"items": items})
    assert [r["status"] for r in answer.json()["results"]] == [200, 409]


def test_a_flagged_item_is_warned_about(home: Household, ada: Person) -> None:
    wallet = ada.account("Wallet", floor="0", floor_policy="flag")
    found = results(home, [home.expense("6.00", account_id=wallet)])
    assert found[0]["warnings"][0]["account_id"] == wallet


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "items"),
        ({"items": []}, "items"),
        ({"items": {}}, "items"),
        ({"items": "x"}, "items"),
        ({"items": None}, "items"),
        ({"items": [{}] * 5_001}, "items"),
        ({"items": [{f"x{n}": n for n in range(30)}], "atomic": 1}, "items"),
        ({"items": [{}], "atomic": "yes"}, "atomic"),
        ({"items": [{}], "atomic": 1}, "atomic"),
        ({"items": [{}], "atomix": True}, "atomix"),
        ([], None),
        ("items", None),
    ],
)
def test_a_request_that_is_wrong_as_a_whole_is_refused_as_a_whole(
    home: Household, api_database: str, body: Any, field: str | None
) -> None:
    with nothing_recorded(api_database):
        problem = refused(home.person.post(BULK, body), 422, "invalid_request")
    assert problem.get("field") == field


def test_five_thousand_items_are_taken_at_once(home: Household, api_database: str) -> None:
    before = stored(api_database)[0]
    found = results(home, [home.full("0.01")] * 5_000, atomic=True)
    assert all(result["status"] == 201 for result in found)
    assert stored(api_database)[0] == before + 5_000
    assert home.balance(home.checking)[0] == "-50.00"


def test_millions_of_wrong_members_do_not_make_millions_of_errors(home: Household) -> None:
    item = b'{"date":"2026-03-01","postings":[' + b",".join([b"{}"] * 1_000) + b"]}"
    body = b'{"items":[' + b",".join([item] * 4_000) + b"]}"
    began = time.perf_counter()
    answer = home.person.request("POST", BULK, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 207, answer.text
    assert {r["problem"]["field"] for r in answer.json()["results"]} == {"postings.0.account_id"}
    assert len(answer.content) < len(body)
    assert time.perf_counter() - began < 20

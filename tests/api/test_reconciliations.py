"""Statements over HTTP: they add up, lock, and are unlocked again."""

from typing import Any
from uuid import uuid4

import pytest

from tests.support.service import Person, post, refused


@pytest.fixture
def cash(ada: Person) -> str:
    return ada.account("Cash")


@pytest.fixture
def food(ada: Person) -> str:
    return ada.account("Food", "expense")


def statement(account: str, closing: str, **more: Any) -> dict[str, Any]:
    return {"account_id": account, "date": "2026-01-31", "closing_balance": closing, **more}


def test_a_statement_locks_its_transactions_until_it_is_unlocked(ada: Person, cash: str, food: str) -> None:
    first = post(ada, food, cash, "10.00", "2026-01-05")
    made = ada.post(
        "/reconciliations", statement(cash, "-10.00", transaction_ids=[first["id"]], notes="January")
    )
    assert made.status_code == 201, made.text
    answer = made.json()
    assert answer["closing_balance"] == {"amount": "-10.00", "currency": "USD"}
    assert answer["locked"] is True
    assert answer["notes"] == "January"
    body = {
        "date": "2026-01-05",
        "type": "expense",
        "amount": "11.00",
        "currency": "USD",
        "account_id": cash,
        "category_id": food,
    }
    assert ada.put(f"/transactions/{first['id']}", body).status_code == 409
    assert ada.get(f"/reconciliations/{answer['id']}").json()["transaction_ids"] == [first["id"]]
    listed = ada.get("/reconciliations", params={"account_id": cash}).json()["items"]
    assert [item["id"] for item in listed] == [answer["id"]]
    unlocked = ada.post(f"/reconciliations/{answer['id']}/unlock", {"reason": "typo"})
    assert unlocked.status_code == 200, unlocked.text
    assert unlocked.json()["locked"] is False
    assert ada.put(f"/transactions/{first['id']}", body).status_code == 200
    refused(ada.post(f"/reconciliations/{answer['id']}/unlock"), 409, "already_unlocked")


def test_what_is_marked_cleared_is_what_a_statement_takes_by_default(
    ada: Person, cash: str, food: str
) -> None:
    seen = post(ada, food, cash, "10.00", "2026-01-05")
    post(ada, food, cash, "5.00", "2026-01-06")
    cleared = ada.post(f"/transactions/{seen['id']}/clear", {"account_id": cash})
    assert cleared.status_code == 200, cleared.text
    made = ada.post("/reconciliations", statement(cash, "-10.00"))
    assert made.status_code == 201, made.text
    assert made.json()["transaction_ids"] == [seen["id"]]


def test_a_statement_that_does_not_add_up_tells_the_difference(ada: Person, cash: str, food: str) -> None:
    first = post(ada, food, cash, "10.00", "2026-01-05")
    answer = ada.post("/reconciliations", statement(cash, "-12.50", transaction_ids=[first["id"]]))
    assert refused(answer, 409, "statement_differs")["difference"] == "-2.50"


def test_a_statement_of_somebody_else_does_not_exist(ada: Person, bob: Person, cash: str) -> None:
    made = ada.post("/reconciliations", statement(cash, "0.00", transaction_ids=[])).json()
    refused(bob.get(f"/reconciliations/{made['id']}"), 404, "unknown_reconciliation")
    refused(bob.post(f"/reconciliations/{made['id']}/unlock"), 404, "unknown_reconciliation")
    refused(bob.post("/reconciliations", statement(cash, "0.00")), 404, "unknown_account")
    assert bob.get("/reconciliations").json()["items"] == []
    refused(ada.get("/reconciliations/1"), 404, "unknown_reconciliation")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"closing_balance": 0}, 422, "invalid_request"),
        ({"closing_balance": "1e3"}, 422, "invalid_amount"),
        ({"closing_balance": "0.001"}, 422, "invalid_amount"),
        ({"currency": "EUR"}, 422, "wrong_currency"),
        ({"date": "2026-13-01"}, 422, "invalid_request"),
        ({"transaction_ids": "all"}, 422, "invalid_request"),
        ({"transaction_ids": [str(uuid4())]}, 404, "unknown_transaction"),
        ({"transaction_ids": [str(uuid4())] * 5001}, 422, "invalid_request"),
        ({"transaction_ids": ["00000000-0000-0000-0000-000000000000"] * 2}, 422, "invalid_value"),
        ({"notes": "\x1b[31m"}, 422, "invalid_request"),
    ],
)
def test_a_wrong_statement_is_refused(
    ada: Person, cash: str, change: dict[str, Any], status: int, code: str
) -> None:
    refused(ada.post("/reconciliations", statement(cash, "0.00") | change), status, code)

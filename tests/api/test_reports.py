"""Reports over HTTP: the right numbers, in the described shape, whatever is asked."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from api import report_answers
from tests.support.service import Person, post, refused

QUARTER = {"from": "2026-01-01", "to": "2026-03-31"}


@pytest.fixture
def household(ada: Person) -> dict[str, str]:
    """A salary, groceries in January and February, and a credit card."""
    ids = {
        "checking": ada.account("Checking"),
        "card": ada.account("Card", "liability"),
        "salary": ada.account("Salary", "income"),
        "food": ada.account("Food", "expense"),
    }
    post(ada, ids["checking"], ids["salary"], "3000.00", "2026-01-25")
    post(ada, ids["food"], ids["checking"], "400.00", "2026-01-10", payee="Market")
    post(ada, ids["food"], ids["card"], "150.00", "2026-02-10")
    return ids


def asked(person: Person, path: str, **query: Any) -> Any:
    answer = person.get(f"/reports/{path}", params=query)
    assert answer.status_code == 200, answer.text
    shape = {
        "monthly": report_answers.MonthAnswer,
        "income-statement": report_answers.IncomeStatementAnswer,
        "balance-sheet": report_answers.BalanceSheetAnswer,
        "net-worth": report_answers.NetWorthAnswer,
        "cash-flow": report_answers.CashFlowAnswer,
    }[path]
    TypeAdapter(shape).validate_json(answer.content)
    return answer.json()


def test_a_month_at_a_glance(ada: Person, household: dict[str, str]) -> None:
    [month] = asked(ada, "monthly", month="2026-01")["currencies"]
    assert month["income"] == {"amount": "3000.00", "currency": "USD"}
    assert month["expense"]["amount"] == "400.00"
    assert month["savings_rate"] == "0.8667"
    assert month["largest"][0]["payee"] == "Market"
    assert asked(ada, "monthly", month="2030-01")["currencies"] == []
    assert asked(ada, "monthly")["first"].endswith("-01")


def test_an_income_statement_by_month_and_category(ada: Person, household: dict[str, str]) -> None:
    [usd] = asked(ada, "income-statement", **QUARTER)["currencies"]
    assert usd["expense"]["lines"][0]["account_id"] == household["food"]
    assert usd["expense"]["amounts"] == ["400.00", "150.00", "0.00"]
    assert usd["net"] == ["2600.00", "-150.00", "0.00"]
    assert len(asked(ada, "income-statement", **QUARTER, by="quarter")["periods"]) == 1
    assert len(asked(ada, "income-statement")["periods"]) == 12


def test_a_balance_sheet_balances(ada: Person, household: dict[str, str]) -> None:
    [usd] = asked(ada, "balance-sheet", as_of="2026-03-31")["currencies"]
    assert usd["assets"]["total"]["amount"] == "2600.00"
    assert usd["liabilities"]["total"]["amount"] == "150.00"
    assert usd["equity_total"]["amount"] == "2450.00"
    assert usd["difference"]["amount"] == "0.00"


def test_net_worth_and_cash_flow_over_time(ada: Person, household: dict[str, str]) -> None:
    [worth] = asked(ada, "net-worth", **QUARTER, interval="month")["currencies"]
    assert worth["net"] == ["2600.00", "2450.00", "2450.00"]
    flow = asked(ada, "cash-flow", **QUARTER)
    assert flow["accounts"] == [household["checking"]]
    [usd] = flow["currencies"]
    assert usd["closing"] == ["2600.00", "2600.00", "2600.00"]


def test_a_report_is_told_as_it_was_known(ada: Person, household: dict[str, str]) -> None:
    before = int(ada.get("/accounts").headers["numina-position"])
    post(ada, household["food"], household["checking"], "1.00", "2026-01-11")
    now = asked(ada, "monthly", month="2026-01")["currencies"][0]["expense"]["amount"]
    then = asked(ada, "monthly", month="2026-01", known_at=before)
    assert (now, then["currencies"][0]["expense"]["amount"]) == ("401.00", "400.00")
    assert then["known_at"] == before


def test_a_commodity_is_written_with_its_own_decimals(ada: Person) -> None:
    fund = ada.account("Fund", currency="VBMPX", exponent=3)
    other = ada.account("Elsewhere", "equity", currency="VBMPX", exponent=3)
    body = {
        "date": "2026-01-01",
        "postings": [
            {"account_id": fund, "amount": "1.5", "currency": "VBMPX"},
            {"account_id": other, "amount": "-1.5", "currency": "VBMPX"},
        ],
    }
    assert ada.post("/transactions", body).status_code == 201
    sheet = asked(ada, "balance-sheet", as_of="2026-01-31")["currencies"][0]
    assert sheet["assets"]["total"] == {"amount": "1.500", "currency": "VBMPX"}


def test_reports_of_an_empty_book_are_empty(ada: Person) -> None:
    for path in ("monthly", "income-statement", "balance-sheet", "net-worth", "cash-flow"):
        assert asked(ada, path)["currencies"] == []
        shown = asked(ada, path, currency="EUR")["currencies"]
        assert [each["currency"] for each in shown] == ["EUR"]


@pytest.mark.parametrize(
    "question",
    [
        "monthly?month=2026-13",
        "monthly?month=2026-00",
        "monthly?month=0001-01",
        "monthly?month=9999-12",
        "monthly?month=2026",
        "monthly?month=%00",
        "monthly?known_at=later",
        "monthly?known_at=999999999999",
        "monthly?currency=euro",
        "income-statement?from=2026-02-30",
        "income-statement?from=2026-02-01&to=2026-01-01",
        "income-statement?by=week",
        "income-statement?from=0001-01-01",
        "income-statement?to=9999-12-31",
        "net-worth?interval=hour",
        "net-worth?interval=day&from=1900-01-01&to=2200-12-31",
        "balance-sheet?as_of=tomorrow",
        "balance-sheet?as_of=2026-01-01&as_of=2026-01-02",
        "cash-flow?everything=1",
        "cash-flow?by=",
    ],
)
def test_a_wrong_question_is_refused(ada: Person, question: str) -> None:
    answer = ada.get(f"/reports/{question}")
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] in (
        "invalid_request",
        "invalid_value",
        "range_backwards",
        "too_many_periods",
    )


def test_reports_are_of_ones_own_book(ada: Person, bob: Person, household: dict[str, str]) -> None:
    assert asked(bob, "balance-sheet")["currencies"] == []
    refused(bob.get("/reports/monthly", headers={"numina-book": ada.book_id}), 404, "unknown_book")

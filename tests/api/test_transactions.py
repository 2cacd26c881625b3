"""Posting, reading, amending and voiding transactions over HTTP."""

from decimal import Decimal
from typing import Any

import pytest
from starlette.testclient import TestClient

from ledger.money import write_amount
from tests.support.household import Household, household
from tests.support.recorded import nothing_recorded
from tests.support.service import Person, refused


@pytest.fixture
def home(ada: Person) -> Household:
    return household(ada)


def legs(answer: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(p["account_id"], p["amount"], p["currency"]) for p in answer["postings"]]


def test_an_expense_is_answered_with_its_postings_and_the_resulting_balances(home: Household) -> None:
    made = home.post(
        home.expense("42.1", payee="Café", notes="two\nlines", tags=["a", "b"], metadata={"n": 1})
    )
    assert made.status_code == 201, made.text
    answer = made.json()
    assert answer["state"] == "posted"
    assert answer["type"] == "expense"
    assert answer["date"] == "2026-03-01"
    assert (answer["payee"], answer["notes"]) == ("Café", "two\nlines")
    assert (answer["tags"], answer["metadata"]) == (["a", "b"], {"n": 1})
    assert legs(answer) == [(home.checking, "-42.10", "USD"), (home.food, "42.10", "USD")]
    balance = answer["balances"][0]
    assert balance["account_id"] == home.checking
    assert balance["posted"] == {"amount": "-42.10", "currency": "USD"}
    assert balance["pending"] == {"amount": "0.00", "currency": "USD"}
    assert balance["available"] == {"amount": "-42.10", "currency": "USD"}
    assert answer["version"] == 1
    assert answer["command_id"]
    assert made.headers["etag"] == '"1"'
    assert made.headers["location"] == f"/v1/transactions/{answer['id']}"
    assert made.headers["numina-position"] == str(answer["position"])


def test_both_forms_make_the_same_transaction(home: Household) -> None:
    friendly = home.posted(home.expense("12.34", payee="Market"))
    full = home.posted(home.full("12.34", payee="Market"))
    for name in ("state", "type", "date", "payee", "notes", "tags", "metadata", "postings"):
        assert friendly[name] == full[name], name


def test_a_transfer_never_creates_money(home: Household) -> None:
    body = {
        "date": "2026-03-01",
        "type": "transfer",
        "amount": "30.00",
        "currency": "USD",
        "account_id": home.checking,
        "to_account_id": home.savings,
    }
    answer = home.posted(body)
    assert answer["type"] == "transfer"
    assert [b["posted"]["amount"] for b in answer["balances"]] == ["-30.00", "30.00"]


def test_a_transfer_across_currencies_sums_to_zero_in_each(home: Household) -> None:
    body = {
        "date": "2026-03-01",
        "type": "transfer",
        "amount": "100.00",
        "currency": "USD",
        "account_id": home.checking,
        "to_account_id": home.euros,
        "to_amount": "91.37",
        "to_currency": "EUR",
    }
    answer = home.posted(body)
    assert answer["type"] == "transfer"
    assert len(answer["postings"]) == 4
    for currency in ("USD", "EUR"):
        assert sum(Decimal(p["amount"]) for p in answer["postings"] if p["currency"] == currency) == 0
    assert home.balance(home.euros, "EUR")[0] == "91.37"


def test_splits_keep_their_memos(home: Household) -> None:
    body = home.expense("10.00", category_id=None) | {
        "splits": [
            {"category_id": home.food, "amount": "7.50", "memo": "Bread"},
            {"category_id": home.home, "amount": "2.50"},
        ]
    }
    answer = home.posted(body)
    assert [p.get("memo") for p in answer["postings"]] == [None, "Bread", None]


def test_a_refund_lowers_what_was_spent(home: Household) -> None:
    home.posted(home.expense("20.00"))
    answer = home.posted(home.expense("5.00", refund=True))
    assert answer["type"] == "expense"
    assert home.balance(home.food)[0] == "15.00"
    assert home.balance(home.checking)[0] == "-15.00"


@pytest.mark.parametrize(
    ("body", "field", "expected"),
    [
        ({"category_id": "salary"}, "category_id", ["expense"]),
        ({"category_id": "savings"}, "category_id", ["expense"]),
        ({"account_id": "home"}, "account_id", ["asset", "liability"]),
        ({"type": "income"}, "category_id", ["income"]),
    ],
)
def test_a_category_of_another_kind_is_refused(
    home: Household, body: dict[str, Any], field: str, expected: list[str]
) -> None:
    given = {name: getattr(home, value, value) for name, value in body.items()}
    problem = refused(home.post(home.expense() | given), 422, "wrong_kind")
    assert problem["field"] == field
    assert problem["expected"] == expected


def test_a_split_of_another_kind_is_named(home: Household) -> None:
    splits = [{"category_id": home.food, "amount": "4"}, {"category_id": home.salary, "amount": "6"}]
    problem = refused(home.post(home.expense(category_id=None, splits=splits)), 422, "wrong_kind")
    assert problem["field"] == "splits.1.category_id"


def test_amounts_are_written_with_all_decimals_of_their_currency(ada: Person) -> None:
    yen, fund = ada.account("Yen", currency="JPY"), ada.account("Fund", currency="VBMPX", exponent=3)
    dinar, trade = ada.account("Dinar", currency="KWD"), ada.account("Trade", "equity", "VBMPX", exponent=3)
    cash, spent = ada.account("Cash", currency="KWD"), ada.account("Spent", "expense", "JPY")
    for one, other, currency, sent, shown in (
        (yen, spent, "JPY", "1500", "1500"),
        (dinar, cash, "KWD", "1.5", "1.500"),
        (fund, trade, "VBMPX", "2.25", "2.250"),
    ):
        postings = [
            {"account_id": one, "amount": sent, "currency": currency},
            {"account_id": other, "amount": f"-{sent}", "currency": currency},
        ]
        made = ada.post("/transactions", {"date": "2026-03-01", "postings": postings})
        assert made.status_code == 201, made.text
        answer = made.json()
        assert answer["postings"][0]["amount"] == shown
        assert answer["balances"][0]["posted"]["amount"] == shown
        read = ada.get(f"/transactions/{answer['id']}").json()
        assert read["postings"][1]["amount"] == f"-{shown}"


@pytest.mark.parametrize("decimals", [0, 2, 3, 6, 8, 18])
@pytest.mark.parametrize(
    "text", ["0", "-0", "-0.00", "5", "1e3", "0.00000100", "123456789012345678.5", "-7.5"]
)
def test_an_amount_is_written_without_exponent_or_negative_zero(text: str, decimals: int) -> None:
    amount = Decimal(text)
    plain = amount if amount else amount.copy_abs()
    assert write_amount(amount, decimals) == f"{plain:.{decimals}f}"


def test_a_dry_run_tells_what_would_be_and_stores_nothing(home: Household, api_database: str) -> None:
    with nothing_recorded(api_database):
        answer = home.person.post(
            "/transactions?dry_run=true", home.expense("9.99"), headers={"idempotency-key": "dry"}
        )
    assert answer.status_code == 200
    assert answer.json()["balances"][0]["posted"]["amount"] == "-9.99"
    assert "location" not in answer.headers
    assert home.balance(home.checking)[0] == "0.00"
    assert home.person.get(f"/transactions/{answer.json()['id']}").status_code == 404


def test_what_was_posted_is_read_back(home: Household) -> None:
    made = home.posted(home.full(payee="Market", tags=["x"]))
    read = home.person.get(f"/transactions/{made['id']}")
    assert read.status_code == 200
    assert read.headers["etag"] == '"1"'
    shown = read.json()
    assert shown == {k: v for k, v in made.items() if k in shown}
    assert int(read.headers["numina-position"]) >= made["position"]
    assert shown["history"] == f"/v1/transactions/{made['id']}/history"


def test_amending_replaces_all_that_was_said(home: Household) -> None:
    made = home.posted(home.expense("10.00", payee="Market", tags=["x"], notes="n"))
    put = home.person.put(
        f"/transactions/{made['id']}",
        home.full("12.00", date="2026-03-05", payee="Bakery"),
        headers={"if-match": '"1"'},
    )
    assert put.status_code == 200, put.text
    answer = put.json()
    assert put.headers["etag"] == '"2"'
    assert (answer["version"], answer["date"], answer["payee"]) == (2, "2026-03-05", "Bakery")
    assert (answer["tags"], answer["notes"]) == ([], None)
    assert home.balance(home.checking)[0] == "-12.00"
    assert home.person.get(f"/transactions/{made['id']}").json()["postings"] == answer["postings"]


def test_an_amendment_based_on_an_older_version_is_refused(home: Household, api_database: str) -> None:
    made = home.posted(home.expense())
    path = f"/transactions/{made['id']}"
    assert home.person.put(path, home.expense("11.00"), headers={"if-match": '"1"'}).status_code == 200
    with nothing_recorded(api_database):
        for answer in (
            home.person.put(path, home.expense("12.00"), headers={"if-match": '"1"'}),
            home.person.delete(path, headers={"if-match": '"1"'}),
            home.person.post(f"{path}/void", {}, headers={"if-match": '"1"'}),
            home.person.post(f"{path}/clear", {"account_id": home.checking}, headers={"if-match": '"1"'}),
        ):
            problem = refused(answer, 412, "stale_version")
            assert (problem["expected"], problem["current"]) == (1, 2)


def test_an_amendment_that_changes_nothing_makes_no_version(home: Household, api_database: str) -> None:
    made = home.posted(home.expense(payee="Market"))
    with nothing_recorded(api_database):
        answer = home.person.put(f"/transactions/{made['id']}", home.expense(payee="Market"))
    assert answer.status_code == 200
    assert answer.json()["version"] == 1
    assert answer.json()["position"] == 0


def test_an_amendment_does_not_change_the_state(home: Household) -> None:
    made = home.posted(home.expense(state="pending"))
    answer = home.person.put(f"/transactions/{made['id']}", home.expense(state="posted"))
    assert refused(answer, 409, "state_fixed")["field"] == "state"
    kept = home.person.put(f"/transactions/{made['id']}", home.expense("11.00"))
    assert kept.json()["state"] == "pending"


def test_deleting_voids_and_the_transaction_stays_to_be_read(home: Household) -> None:
    made = home.posted(home.expense("10.00", payee="Market"))
    gone = home.person.delete(f"/transactions/{made['id']}")
    assert gone.status_code == 200
    answer = gone.json()
    assert (answer["state"], answer["payee"], answer["version"]) == ("voided", "Market", 2)
    assert [b["posted"]["amount"] for b in answer["balances"]] == ["0.00", "0.00"]
    read = home.person.get(f"/transactions/{made['id']}").json()
    assert read["state"] == "voided"
    assert legs(read) == legs(made)


def test_a_leg_of_the_other_book_of_the_same_person_is_unknown_here(ada: Person, home: Household) -> None:
    other = ada.post("/books", {"name": "Workshop"}).json()["id"]
    made = home.posted(home.expense())
    elsewhere = {"numina-book": other}
    assert ada.get(f"/transactions/{made['id']}", headers=elsewhere).status_code == 404
    problem = refused(home.post(home.expense(), headers=elsewhere), 404, "unknown_account")
    assert problem["field"] == "account_id"


def test_a_posting_below_a_flagged_floor_is_warned_about(ada: Person) -> None:
    wallet = ada.account("Wallet", floor="0", floor_policy="flag")
    food = ada.account("Food", "expense")
    body = {
        "date": "2026-03-01",
        "type": "expense",
        "amount": "1.00",
        "currency": "USD",
        "account_id": wallet,
        "category_id": food,
    }
    answer = ada.post("/transactions", body)
    assert answer.status_code == 201, answer.text
    assert [(w["code"], w["account_id"]) for w in answer.json()["warnings"]] == [("account_flagged", wallet)]


def test_every_operation_is_described_with_examples(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    paths = {path: item for path, item in document["paths"].items() if path.startswith("/v1/transactions")}
    assert set(paths) >= {
        "/v1/transactions",
        "/v1/transactions/bulk",
        "/v1/transactions/{transaction_id}",
        "/v1/transactions/{transaction_id}/post",
        "/v1/transactions/{transaction_id}/void",
        "/v1/transactions/{transaction_id}/clear",
        "/v1/transactions/{transaction_id}/history",
    }
    for path, item in paths.items():
        for method, operation in item.items():
            assert operation["description"], (method, path)
            good = next(r for status, r in operation["responses"].items() if status.startswith("2"))
            assert "example" in good["content"]["application/json"], (method, path)
            if method in ("post", "put"):
                body = operation["requestBody"]["content"]["application/json"]
                assert "example" in body or "examples" in body, (method, path)
    problems = client.get("/problems").text
    for status, answer in paths["/v1/transactions"]["post"]["responses"].items():
        for example in (
            answer.get("content", {}).get("application/problem+json", {}).get("examples", {}).values()
        ):
            assert str(example["value"]["status"]) == status
            assert f"`{example['value']['code']}`" in problems


def test_the_documented_requests_are_accepted(home: Household, client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    content = document["paths"]["/v1/transactions"]["post"]["requestBody"]["content"]["application/json"]
    ids = [home.checking, home.savings, home.euros, home.food, home.home, home.salary]
    for name, example in content["examples"].items():
        text = str(example["value"]).replace("'", '"').replace("True", "true")
        for number, account_id in enumerate(ids, 1):
            text = text.replace(f"019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c0{number}", account_id)
        text = text.replace("2026-03-08T00:00:00Z", "2100-03-08T00:00:00Z")
        answer = home.person.request(
            "POST", "/transactions", content=text, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 201, (name, answer.text)

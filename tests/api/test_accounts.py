"""Opening, changing and archiving accounts and categories."""

from typing import Any
from uuid import uuid4

import pytest

from tests.support.service import Person, refused


def test_an_account_is_opened_with_its_opening_balance(ada: Person) -> None:
    made = ada.post(
        "/accounts",
        {
            "name": "Checking",
            "kind": "asset",
            "type": "checking",
            "currency": "USD",
            "floor": "0",
            "opening_balance": {"amount": "12.30", "currency": "USD"},
            "institution": "Bank",
            "metadata": {"iban": "DE00", "tags": [1, 2.5, None, True]},
        },
    )
    assert made.status_code == 201, made.text
    answer = made.json()
    assert answer["floor"] == {"amount": "0.00", "currency": "USD"}
    assert answer["metadata"] == {"iban": "DE00", "tags": [1, 2.5, None, True]}
    mine = next(b for b in answer["balances"] if b["account_id"] == answer["id"])
    assert mine["posted"] == {"amount": "12.30", "currency": "USD"}
    assert sum(float(b["posted"]["amount"]) for b in answer["balances"]) == 0
    assert made.headers["location"] == f"/v1/accounts/{answer['id']}"
    assert made.headers["etag"] == '"1"'


def test_a_credit_limit_is_a_floor_below_zero(ada: Person) -> None:
    made = ada.post(
        "/accounts",
        {"name": "Card", "kind": "liability", "currency": "USD", "credit_limit": "500.00"},
    )
    assert made.json()["floor"] == {"amount": "-500.00", "currency": "USD"}


def test_a_repeated_opening_opens_one_account(ada: Person) -> None:
    body = {
        "name": "Once",
        "kind": "asset",
        "currency": "USD",
        "opening_balance": "1.00",
        "opening_date": "2026-01-01",
    }
    first = ada.post("/accounts", body, headers={"idempotency-key": "k"})
    second = ada.post("/accounts", body, headers={"idempotency-key": "k"})
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()


def test_fields_are_changed_one_by_one_and_null_removes(ada: Person) -> None:
    account = ada.account("Old", floor="0", institution="Bank", notes="two\nlines")
    changed = ada.patch(
        f"/accounts/{account}", {"name": "New", "floor": None, "institution": None, "net_worth": False}
    )
    assert changed.status_code == 200, changed.text
    answer = changed.json()
    assert (answer["name"], answer["floor"], answer["institution"]) == ("New", None, None)
    assert answer["notes"] == "two\nlines"
    assert answer["net_worth"] is False
    assert changed.headers["etag"] == f'"{answer["version"]}"'


def test_a_policy_may_change_without_its_floor(ada: Person) -> None:
    account = ada.account("Guarded", floor="-10.00")
    answer = ada.patch(f"/accounts/{account}", {"floor_policy": "flag"}).json()
    assert (answer["floor"]["amount"], answer["floor_policy"]) == ("-10.00", "flag")


def test_an_account_is_archived_and_reopened(ada: Person) -> None:
    account = ada.account("Closing")
    assert ada.delete(f"/accounts/{account}").json()["archived"] is True
    refused(ada.delete(f"/accounts/{account}"), 409, "account_archived")
    assert ada.patch(f"/accounts/{account}", {"archived": False}).json()["archived"] is False


def test_siblings_are_never_called_alike(ada: Person) -> None:
    first = ada.account("Savings")
    problem = refused(
        ada.post("/accounts", {"name": " savings ", "kind": "asset", "currency": "USD"}), 409, "name_taken"
    )
    assert problem["account_id"] == first
    assert problem["field"] == "name"


def test_an_older_version_is_not_changed(ada: Person) -> None:
    account = ada.account("Versioned")
    assert ada.patch(f"/accounts/{account}", {"name": "V2"}, headers={"if-match": '"1"'}).status_code == 200
    refused(
        ada.patch(f"/accounts/{account}", {"name": "V3"}, headers={"if-match": '"1"'}), 412, "stale_version"
    )
    refused(
        ada.patch(f"/accounts/{account}", {"name": "V3"}, headers={"if-match": "abc"}),
        400,
        "invalid_if_match",
    )


def test_accounts_of_somebody_else_do_not_exist(ada: Person, bob: Person) -> None:
    account = ada.account("Private")
    for answer in (
        bob.patch(f"/accounts/{account}", {"name": "Mine"}),
        bob.patch(f"/accounts/{account}", {"floor": "0"}),
        bob.delete(f"/accounts/{account}"),
        bob.post("/accounts", {"name": "Child", "kind": "asset", "currency": "USD", "parent_id": account}),
        bob.delete(f"/accounts/{uuid4()}"),
    ):
        refused(answer, 404, "unknown_account")
    refused(bob.delete("/accounts/not-an-id"), 404, "unknown_account")


def test_the_header_chooses_among_ones_own_books_only(ada: Person, bob: Person) -> None:
    book = ada.post("/books", {"name": "Workshop", "currency": "EUR"})
    assert book.status_code == 201, book.text
    second = {"numina-book": book.json()["id"]}
    made = ada.post("/accounts", {"name": "Till", "kind": "asset", "currency": "EUR"}, headers=second)
    assert made.status_code == 201
    refused(ada.patch(f"/accounts/{made.json()['id']}", {"name": "X"}), 404, "unknown_account")
    stolen = bob.post("/accounts", {"name": "Till", "kind": "asset", "currency": "EUR"}, headers=second)
    refused(stolen, 404, "unknown_book")
    for nonsense in ("", "x", str(uuid4()), ada.user_id):
        answer = ada.post(
            "/accounts", {"name": "T", "kind": "asset", "currency": "EUR"}, headers={"numina-book": nonsense}
        )
        refused(answer, 404, "unknown_book")


def test_a_dry_run_opens_nothing(ada: Person) -> None:
    body = {"name": "Ghost", "kind": "asset", "currency": "USD"}
    tried = ada.post("/accounts?dry_run=true", body)
    assert tried.status_code == 200
    assert "location" not in tried.headers
    account = ada.post("/accounts", body).json()["id"]
    renamed = ada.patch(f"/accounts/{account}?dry_run=true", {"name": "Spirit"})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Spirit")
    assert ada.get(f"/accounts/{account}").json()["name"] == "Ghost"


def test_a_repeated_change_gets_the_first_answer_whatever_came_later(ada: Person) -> None:
    account = ada.account("One")
    keyed = {"idempotency-key": "rename"}
    first = ada.patch(f"/accounts/{account}", {"name": "Two"}, headers=keyed)
    assert ada.patch(f"/accounts/{account}", {"name": "Three"}).status_code == 200
    again = ada.patch(f"/accounts/{account}", {"name": "Two"}, headers=keyed)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert ada.get(f"/accounts/{account}").json()["name"] == "Three"


def test_a_category_takes_every_currency(ada: Person) -> None:
    food = ada.post("/categories", {"name": "Food", "kind": "expense"})
    assert food.status_code == 201, food.text
    assert food.json()["any_currency"] is True
    child = ada.post("/categories", {"name": "Out", "parent_id": food.json()["id"]})
    assert child.json()["parent_id"] == food.json()["id"]
    moved = ada.patch(f"/categories/{child.json()['id']}", {"parent_id": None})
    assert moved.json()["parent_id"] is None


def test_an_asset_is_no_category(ada: Person) -> None:
    account = ada.account("Cash")
    refused(ada.patch(f"/categories/{account}", {"name": "X"}), 404, "unknown_category")
    refused(ada.delete(f"/categories/{account}"), 404, "unknown_category")


BASE: dict[str, Any] = {"name": "A", "kind": "asset", "currency": "USD"}


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"kind": "gold"}, "invalid_request", "kind"),
        ({"kind": None}, "invalid_request", "kind"),
        ({"currency": "QQQ"}, "unknown_currency", "currency"),
        ({"currency": "dollars"}, "invalid_request", "currency"),
        ({"currency": {"code": "USD"}}, "invalid_request", "currency"),
        ({"name": 1}, "invalid_request", "name"),
        ({"name": "   "}, "invalid_request", "name"),
        ({"name": "nul\x00"}, "invalid_request", "name"),
        ({"name": "x" * 1_000_000}, "invalid_request", "name"),
        ({"notes": "form\x0cfeed"}, "invalid_request", "notes"),
        ({"parent_id": "x"}, "invalid_request", "parent_id"),
        ({"parent_id": 5}, "invalid_request", "parent_id"),
        ({"floor": 12.5}, "invalid_request", "floor"),
        ({"floor": "NaN"}, "invalid_amount", "floor"),
        ({"floor": "Infinity"}, "invalid_amount", "floor"),
        ({"floor": "1e400"}, "invalid_amount", "floor"),
        ({"floor": "1e2"}, "invalid_amount", "floor"),
        ({"floor": "+1"}, "invalid_amount", "floor"),
        ({"floor": "1_000"}, "invalid_amount", "floor"),
        ({"floor": "１２"}, "invalid_amount", "floor"),
        ({"floor": ""}, "invalid_amount", "floor"),
        ({"floor": "0.001"}, "invalid_amount", "floor"),
        ({"floor": "9" * 21}, "invalid_amount", "floor"),
        ({"floor": {"amount": "1", "currency": "EUR"}}, "invalid_value", "floor.currency"),
        ({"floor": {"amount": "1"}}, "invalid_request", "floor"),
        ({"floor": []}, "invalid_request", "floor"),
        ({"floor": "0", "credit_limit": "1"}, "invalid_value", "credit_limit"),
        ({"credit_limit": "-1"}, "invalid_value", "credit_limit"),
        ({"floor_policy": "maybe"}, "invalid_request", "floor_policy"),
        ({"kind": "expense", "floor": "0"}, "not_guardable", "floor"),
        ({"opening_balance": "1", "opening_date": "2026-02-30"}, "invalid_request", "opening_date"),
        ({"opening_balance": "1", "opening_date": "0001-01-01"}, "invalid_request", "opening_date"),
        ({"opening_balance": "1", "opening_date": "9999-12-31"}, "invalid_request", "opening_date"),
        ({"opening_balance": "1", "opening_date": 20260101}, "invalid_request", "opening_date"),
        ({"opening_balance": "1", "opening_date": "2026-01-01T00:00:00Z"}, "invalid_request", "opening_date"),
        ({"opening_balance": 100}, "invalid_request", "opening_balance"),
        ({"kind": "income", "opening_balance": "1"}, "invalid_value", "opening_balance"),
        ({"exponent": 19}, "invalid_request", "exponent"),
        ({"exponent": 10**30}, "invalid_request", "exponent"),
        ({"exponent": 3}, "invalid_value", "exponent"),
        ({"net_worth": "yes"}, "invalid_request", "net_worth"),
        ({"currencies": "EUR"}, "invalid_request", "currencies"),
        ({"currencies": ["EUR"] * 51}, "invalid_request", "currencies"),
        ({"metadata": []}, "invalid_request", "metadata"),
        ({"metadata": {"k": "\x00"}}, "invalid_request", "metadata"),
        ({"metadata": {"\x00": 1}}, "invalid_request", "metadata"),
        ({"metadata": {"n": 10**40}}, "invalid_request", "metadata"),
        ({"metadata": {str(i): i for i in range(1000)}}, "invalid_request", "metadata"),
        ({"ballance": "1"}, "invalid_request", "ballance"),
    ],
)
def test_an_account_with_a_wrong_field_is_refused(
    ada: Person, change: dict[str, Any], code: str, field: str
) -> None:
    problem = refused(ada.post("/accounts", BASE | change), 422, code)
    assert problem["field"] == field
    made = ada.post("/accounts", BASE)
    assert made.status_code == 201, "the refusal left something behind"

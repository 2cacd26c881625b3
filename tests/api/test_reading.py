"""Reading accounts, categories and books, and what freshness means."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.support.service import Person, refused


def test_what_was_written_is_read_at_once(ada: Person) -> None:
    for number in range(20):
        account = ada.account(f"Account {number}")
        read = ada.get(f"/accounts/{account}")
        assert read.status_code == 200, read.text
        assert read.json()["name"] == f"Account {number}"
        assert int(read.headers["numina-position"]) > 0


def test_the_list_shows_the_tree_in_order(ada: Person) -> None:
    bank = ada.account("Bank")
    ada.account("savings", parent_id=bank)
    ada.account("Checking", parent_id=bank)
    ada.account("Abroad")
    listed = ada.get("/accounts", params={"kind": "asset"}).json()
    paths = [item["path"] for item in listed["items"]]
    assert paths == [["Abroad"], ["Bank"], ["Bank", "Checking"], ["Bank", "savings"]]
    assert listed["next_cursor"] is None


def test_the_list_is_filtered(ada: Person) -> None:
    ada.account("Euro", currency="EUR")
    gone = ada.account("Gone")
    ada.account("Card", kind="liability")
    ada.delete(f"/accounts/{gone}")

    def names(**query: Any) -> set[str]:
        return {item["name"] for item in ada.get("/accounts", params=query).json()["items"]}

    assert names(kind="asset") == {"Euro"}
    assert names(kind="asset,liability") == {"Euro", "Card"}
    assert names(kind="asset", archived="true") == {"Gone"}
    assert names(kind="asset", archived="all") == {"Euro", "Gone"}
    assert names(currency="EUR") == {"Euro"}
    assert {"Opening balances", "Currency conversion"} <= names()


def test_a_list_comes_in_pages(ada: Person) -> None:
    for number in range(5):
        ada.account(f"Account {number}")
    names, query = [], {"kind": "asset", "limit": 2}
    page = ada.get("/accounts", params=query)
    while True:
        assert len(page.json()["items"]) <= 2
        names += [item["name"] for item in page.json()["items"]]
        if page.json()["next_cursor"] is None:
            break
        page = ada.get("/accounts", params=query | {"cursor": page.json()["next_cursor"]})
    assert names == [f"Account {number}" for number in range(5)]
    assert "link" not in page.headers
    for path in ("/accounts", "/categories", "/books", "/assertions", "/reconciliations"):
        refused(ada.get(f"{path}?cursor=made-up"), 422, "invalid_cursor")
        refused(ada.get(f"{path}?limit=0"), 422, "invalid_request")
        assert ada.get(f"{path}?limit=1").status_code == 200


def test_categories_are_listed_apart(ada: Person) -> None:
    ada.account("Cash")
    food = ada.post("/categories", {"name": "Food"}).json()["id"]
    ada.post("/categories", {"name": "Out", "parent_id": food})
    ada.post("/categories", {"name": "Salary", "kind": "income"})
    listed = ada.get("/categories").json()["items"]
    assert [item["path"] for item in listed] == [["Food"], ["Food", "Out"], ["Salary"]]
    assert [i["name"] for i in ada.get("/categories", params={"kind": "income"}).json()["items"]] == [
        "Salary"
    ]
    assert ada.get(f"/categories/{food}").json()["name"] == "Food"


def test_books_of_a_person_are_listed(ada: Person, bob: Person) -> None:
    ada.post("/books", {"name": "Workshop", "currency": "EUR", "time_zone": "Europe/Berlin"})
    listed = ada.get("/books").json()["items"]
    assert [book["name"] for book in listed] == ["Home", "Workshop"]
    assert listed[1]["currency"] == "EUR"
    workshop = listed[1]["id"]
    assert ada.get(f"/books/{workshop}").json()["name"] == "Workshop"
    changed = ada.patch(
        f"/books/{workshop}", {"name": "Studio", "time_zone": "UTC"}, headers={"if-match": '"1"'}
    )
    assert changed.json()["name"] == "Studio"
    refused(bob.get(f"/books/{workshop}"), 404, "unknown_book")
    refused(bob.patch(f"/books/{workshop}", {"name": "Mine"}), 404, "unknown_book")
    refused(ada.get("/books/7"), 404, "unknown_book")


def test_somebody_elses_account_is_not_found(ada: Person, bob: Person) -> None:
    account = ada.account("Private")
    refused(bob.get(f"/accounts/{account}"), 404, "unknown_account")
    refused(bob.get("/accounts/00000000-0000-0000-0000-00000000000g"), 404, "unknown_account")
    category = ada.post("/categories", {"name": "Food"}).json()["id"]
    refused(bob.get(f"/categories/{category}"), 404, "unknown_category")
    refused(ada.get(f"/categories/{account}"), 404, "unknown_category")


def test_an_eventual_read_does_not_wait(ada: Person) -> None:
    answer = ada.get("/accounts", headers={"numina-consistency": "eventual"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "kind=gold",
        "kind=",
        "archived=maybe",
        "currency=usd",
        "colour=red",
        "kind=asset&kind=asset",
        "kind=%00",
        "kind=%ff",
    ],
)
def test_a_wrong_filter_is_refused(ada: Person, query: str) -> None:
    answer = ada.get(f"/accounts?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] in ("invalid_request", "invalid_value")


def test_health_tells_the_lag(client: TestClient) -> None:
    assert client.get("/health/live").json() == {"status": "alive"}
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["status"] == "ready"


def test_metrics_are_exposed_by_route_template(client: TestClient, ada: Person) -> None:
    ada.get(f"/accounts/{ada.account('Measured')}")
    text = client.get("/metrics").text
    assert 'route="/v1/accounts/{account_id}"' in text
    assert "numina_writer_batches" in text
    assert "numina_writer_queue_depth" in text


def test_the_catalogue_of_problems_is_served(client: TestClient) -> None:
    page = client.get("/problems")
    assert "`unbalanced`" in page.text
    assert "`name_taken`" in page.text

"""The list of transactions over HTTP: filters, search, pages."""

from typing import Any

import pytest

from tests.support.household import Household, household
from tests.support.service import Person, refused


@pytest.fixture
def home(ada: Person) -> Household:
    made = household(ada)
    made.posted(made.expense("10.00", date="2026-01-10", payee="Corner Market", tags=["food", "weekly shop"]))
    made.posted(made.expense("250.00", date="2026-02-10", payee="Café Ångström", notes="with the whole team"))
    made.posted(made.full("42.10", date="2026-02-10", payee="Market Hall"))
    made.posted(made.expense("7.00", date="2026-03-01", payee="Kiosk", state="pending"))
    made.posted(
        {
            "date": "2026-03-05",
            "type": "transfer",
            "amount": "100.00",
            "currency": "USD",
            "account_id": made.checking,
            "to_account_id": made.savings,
        }
    )
    gone = made.posted(made.expense("3.00", date="2026-03-06", payee="Mistake"))
    assert ada.delete(f"/transactions/{gone['id']}").status_code == 200
    return made


def listed(home: Household, **query: Any) -> list[dict[str, Any]]:
    answer = home.person.get("/transactions", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def dates(home: Household, **query: Any) -> list[str]:
    return [item["date"][5:] for item in listed(home, **query)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["03-05", "03-01", "02-10", "02-10", "01-10"]),
        ({"from": "2026-02-10", "to": "2026-03-01"}, ["03-01", "02-10", "02-10"]),
        ({"from": "2026-03-05", "to": "2026-03-05"}, ["03-05"]),
        ({"account_id": "savings"}, ["03-05"]),
        ({"account_id": "checking", "to": "2026-01-31"}, ["01-10"]),
        ({"category_id": "food", "from": "2026-02-01"}, ["03-01", "02-10", "02-10"]),
        ({"category_id": "home"}, []),
        ({"min_amount": "100"}, ["03-05", "02-10"]),
        ({"min_amount": "42.10", "max_amount": "42.10"}, ["02-10"]),
        ({"max_amount": "9.99"}, ["03-01"]),
        ({"payee": "market"}, ["02-10", "01-10"]),
        ({"payee": "cafe ang"}, ["02-10"]),
        ({"payee": "team"}, []),
        ({"q": "TEAM"}, ["02-10"]),
        ({"tag": "weekly shop"}, ["01-10"]),
        ({"tag": "weekly"}, []),
        ({"state": "pending"}, ["03-01"]),
        ({"state": "voided"}, ["03-06"]),
        ({"state": "posted"}, ["03-05", "02-10", "02-10", "01-10"]),
        ({"state": "any", "payee": "mistake"}, ["03-06"]),
        ({"type": "transfer"}, ["03-05"]),
        ({"payee": "market", "min_amount": "20", "account_id": "checking", "category_id": "food"}, ["02-10"]),
    ],
)
def test_filters_are_combined(home: Household, query: dict[str, str], expected: list[str]) -> None:
    given = {name: getattr(home, value) if name.endswith("_id") else value for name, value in query.items()}
    assert dates(home, **given) == expected


def test_an_item_is_what_reading_it_alone_gives(home: Household) -> None:
    for item in listed(home, state="any"):
        alone = home.person.get(f"/transactions/{item['id']}").json()
        assert {name: value for name, value in item.items() if name in alone} == alone
        assert item["updated_at"] >= item["created_at"]


def test_a_locked_leg_is_shown_as_when_read_alone(home: Household) -> None:
    first = listed(home, payee="corner")[0]["id"]
    statement = {
        "account_id": home.checking,
        "date": "2026-01-31",
        "closing_balance": "-10.00",
        "transaction_ids": [first],
    }
    locked = home.person.post("/reconciliations", statement).json()["id"]
    leg = listed(home, payee="corner")[0]["postings"][0]
    assert (leg["cleared"], leg["reconciliation_ids"]) == (True, [locked])


def test_pages_show_everything_once(home: Household) -> None:
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        answer = home.person.get("/transactions", params=query)
        page = answer.json()
        seen += [item["id"] for item in page["items"]]
        assert len(page["items"]) <= 2
        if page["next_cursor"] is None:
            assert "link" not in answer.headers
            break
        assert 'rel="next"' in answer.headers["link"]
        query["cursor"] = page["next_cursor"]
    assert seen == [item["id"] for item in listed(home)]


def test_what_is_posted_meanwhile_disturbs_no_page(home: Household) -> None:
    before = [item["id"] for item in listed(home)]
    first = home.person.get("/transactions", params={"limit": 2}).json()
    home.posted(home.expense(date="2026-12-31"))
    rest = listed(home, limit=100, cursor=first["next_cursor"])
    assert [item["id"] for item in (*first["items"], *rest)] == before


def test_what_was_just_posted_is_in_the_list(home: Household) -> None:
    for number in range(20):
        made = home.posted(home.expense("1.00", date="2026-04-01", payee=f"Shop {number}"))
        assert listed(home, limit=1)[0]["id"] == made["id"]


def test_the_list_holds_nothing_of_anybody_else(home: Household, bob: Person) -> None:
    his = household(bob)
    assert bob.get("/transactions").json() == {"items": [], "next_cursor": None, "known_at": None}
    assert bob.get("/transactions", params={"account_id": home.checking}).json()["items"] == []
    assert bob.get("/transactions", params={"category_id": home.food}).json()["items"] == []
    his.posted(his.expense())
    assert len(listed(home)) == 5


def test_a_cursor_that_was_changed_is_refused(home: Household) -> None:
    cursor = home.person.get("/transactions", params={"limit": 1}).json()["next_cursor"]
    for forged in (
        cursor[:-2] + "AA",
        "A" + cursor[1:],
        cursor + "AA",
        cursor[:10],
        "nonsense",
        "",
        "é",
        "%00",
    ):
        answer = home.person.get("/transactions", params={"cursor": forged})
        refused(answer, 422, "invalid_cursor")


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-02-30"},
        {"to": "yesterday"},
        {"from": "0001-01-01"},
        {"account_id": "nonsense"},
        {"min_amount": "-1"},
        {"max_amount": "1e400"},
        {"min_amount": "NaN"},
        {"state": "gone"},
        {"limit": "0"},
        {"limit": "501"},
        {"limit": "many"},
        {"q": "x" * 201},
        {"payee": "nul\x00"},
        {"unknown": "x"},
    ],
)
def test_a_wrong_question_is_refused_by_name(home: Household, query: dict[str, str]) -> None:
    answer = home.person.get("/transactions", params=query)
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] in ("invalid_request", "invalid_amount")


@pytest.mark.parametrize(
    "q", ["'", "\\", "a & b", "!", ":*", "(", "<->", "%", "_", "''", "🙂", "-", '"', "a'b\\c"]
)
def test_no_character_of_a_search_means_anything(home: Household, q: str) -> None:
    for name in ("q", "payee", "tag"):
        assert home.person.get("/transactions", params={name: q}).status_code == 200

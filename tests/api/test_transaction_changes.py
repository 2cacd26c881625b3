"""Holds that are posted, released or expire; voids, marks, and the history of all of it."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.household import Household, household
from tests.support.recorded import nothing_recorded
from tests.support.service import Person, refused


@pytest.fixture
def home(ada: Person) -> Household:
    return household(ada)


def held(home: Household, amount: str = "50.00", **more: Any) -> str:
    return str(home.posted(home.expense(amount, state="pending", **more))["id"])


def soon(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def test_a_hold_lowers_what_is_available_and_nothing_else(home: Household) -> None:
    answer = home.posted(home.expense("50.00", state="pending", expires_at="2100-01-01T00:00:00+02:00"))
    assert answer["state"] == "pending"
    assert answer["expires_at"] == "2099-12-31T22:00:00Z"
    assert home.balance(home.checking) == ("0.00", "-50.00", "-50.00")


def test_posting_a_hold_whole_posts_all_of_it(home: Household) -> None:
    transaction = held(home)
    answer = home.person.post(f"/transactions/{transaction}/post", {"date": "2026-03-03"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["date"]) == ("posted", "2026-03-03")
    assert answer.headers["etag"] == '"2"'
    assert home.balance(home.checking) == ("-50.00", "0.00", "-50.00")


def test_a_hold_is_posted_without_a_body(home: Household) -> None:
    answer = home.person.request("POST", f"/transactions/{held(home)}/post")
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "posted"


def test_posting_a_part_releases_the_rest(home: Household) -> None:
    transaction = held(home)
    answer = home.person.post(f"/transactions/{transaction}/post", {"amount": "31.20"})
    assert [p["amount"] for p in answer.json()["postings"]] == ["-31.20", "31.20"]
    assert home.balance(home.checking) == ("-31.20", "0.00", "-31.20")


def test_the_legs_to_be_posted_may_be_given(home: Household) -> None:
    transaction = held(home)
    postings = home.full("20.00")["postings"]
    answer = home.person.post(f"/transactions/{transaction}/post", {"postings": postings})
    assert answer.status_code == 200, answer.text
    assert home.balance(home.checking) == ("-20.00", "0.00", "-20.00")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"amount": "50.01"}, 422, "more_than_held"),
        ({"amount": "0"}, 422, "invalid_amount"),
        ({"amount": "-1"}, 422, "invalid_amount"),
        ({"amount": "1.001"}, 422, "invalid_amount"),
        ({"amount": 1}, 422, "invalid_request"),
        ({"amount": "1e1"}, 422, "invalid_amount"),
        ({"amount": "1", "postings": []}, 422, "mixed_form"),
        ({"postings": []}, 422, "postings_count"),
        ({"date": "2026-02-30"}, 422, "invalid_request"),
        ({"amounts": "1"}, 422, "invalid_request"),
    ],
)
def test_a_hold_is_not_posted_wrongly(
    home: Household, api_database: str, body: dict[str, Any], status: int, code: str
) -> None:
    transaction = held(home)
    with nothing_recorded(api_database):
        refused(home.person.post(f"/transactions/{transaction}/post", body), status, code)
    assert home.balance(home.checking) == ("0.00", "-50.00", "-50.00")


def test_what_is_posted_cannot_be_posted_again(home: Household, api_database: str) -> None:
    transaction = held(home)
    assert home.person.post(f"/transactions/{transaction}/post", {}).status_code == 200
    with nothing_recorded(api_database):
        refused(home.person.post(f"/transactions/{transaction}/post", {}), 409, "not_pending")


def test_an_expired_hold_cannot_be_posted(home: Household, api_database: str) -> None:
    transaction = held(home, expires_at=soon(0.3))
    time.sleep(0.4)
    with nothing_recorded(api_database):
        refused(home.person.post(f"/transactions/{transaction}/post", {}), 409, "hold_expired")


@pytest.mark.parametrize(
    "change",
    [
        {"state": "posted", "expires_at": "2100-01-01T00:00:00Z"},
        {"state": "pending", "expires_at": "2001-01-01T00:00:00Z"},
    ],
)
def test_an_expiry_is_of_a_hold_and_in_the_future(home: Household, change: dict[str, Any]) -> None:
    assert refused(home.post(home.expense() | change), 422, "invalid_value")["field"] == "expires_at"


@pytest.mark.parametrize(
    "expires_at", ["2100-01-01T00:00:00", "2100-01-01", "tomorrow", 4102444800, "9999-12-31T23:59:59Z"]
)
def test_an_expiry_is_an_instant_with_an_offset(home: Household, expires_at: Any) -> None:
    body = home.expense(state="pending", expires_at=expires_at)
    assert refused(home.post(body), 422, "invalid_request")["field"] == "expires_at"


def test_voiding_releases_a_hold(home: Household) -> None:
    transaction = held(home)
    answer = home.person.post(f"/transactions/{transaction}/void", {"reason": "Cancelled"})
    assert answer.json()["state"] == "voided"
    assert home.balance(home.checking) == ("0.00", "0.00", "0.00")


def test_voiding_twice_is_refused(home: Household, api_database: str) -> None:
    made = home.posted(home.expense())["id"]
    assert home.person.delete(f"/transactions/{made}").status_code == 200
    with nothing_recorded(api_database):
        refused(home.person.delete(f"/transactions/{made}"), 409, "already_voided")
        refused(home.person.post(f"/transactions/{made}/void", {}), 409, "already_voided")
        refused(home.person.put(f"/transactions/{made}", home.expense("1.00")), 409, "already_voided")
        refused(home.person.post(f"/transactions/{made}/post", {}), 409, "already_voided")
        clear = {"account_id": home.checking}
        refused(home.person.post(f"/transactions/{made}/clear", clear), 409, "already_voided")


def test_a_leg_is_marked_and_unmarked_as_cleared(home: Household, api_database: str) -> None:
    path = f"/transactions/{home.posted(home.expense())['id']}"
    marked = home.person.post(f"{path}/clear", {"account_id": home.checking})
    assert [p["cleared"] for p in marked.json()["postings"]] == [True, False]
    with nothing_recorded(api_database):
        again = home.person.post(f"{path}/clear", {"account_id": home.checking})
    assert again.json()["version"] == 2
    home.person.post(f"{path}/clear", {"account_id": home.checking, "cleared": False})
    assert [p["cleared"] for p in home.person.get(path).json()["postings"]] == [False, False]
    with nothing_recorded(api_database):
        elsewhere = home.person.post(f"{path}/clear", {"account_id": home.savings})
        assert refused(elsewhere, 422, "not_on_account")["field"] == "account_id"


def test_a_hold_is_on_no_statement(home: Household) -> None:
    clear = {"account_id": home.checking}
    refused(home.person.post(f"/transactions/{held(home)}/clear", clear), 409, "not_pending")


def test_the_history_says_what_changed_by_whom_and_by_which_command(home: Household) -> None:
    made = home.posted(home.expense("10.00", payee="Market"))
    path = f"/transactions/{made['id']}"
    amended = home.person.put(path, home.expense("12.00", payee="Bakery")).json()
    home.person.post(f"{path}/clear", {"account_id": home.checking})
    home.person.post(f"{path}/void", {"reason": "Entered twice"})
    history = home.person.get(f"{path}/history")
    assert history.status_code == 200
    items = history.json()["items"]
    assert [i["version"] for i in items] == [1, 2, 3, 4]
    assert [i["what"] for i in items] == [
        "transaction.posted",
        "transaction.amended",
        "transaction.cleared",
        "transaction.voided",
    ]
    assert [i["command_id"] for i in items[:2]] == [made["command_id"], amended["command_id"]]
    assert all(i["actor"] == {"id": home.person.user_id, "name": "Ada"} for i in items)
    assert items[0]["before"] is None
    assert items[1]["before"] == items[0]["after"]
    assert (items[1]["before"]["payee"], items[1]["after"]["payee"]) == ("Market", "Bakery")
    assert items[1]["after"]["postings"][0]["amount"] == "-12.00"
    assert items[2]["account_id"] == home.checking
    assert items[3]["reason"] == "Entered twice"
    assert (items[3]["before"]["state"], items[3]["after"]["state"]) == ("posted", "voided")
    assert [i["position"] for i in items] == sorted(i["position"] for i in items)


def test_a_repeated_change_gets_its_first_answer_whatever_came_later(home: Household) -> None:
    path = f"/transactions/{home.posted(home.expense('10.00', payee='Market'))['id']}"
    keyed = {"idempotency-key": "amend"}
    first = home.person.put(path, home.expense("12.00", payee="Bakery"), headers=keyed)
    home.person.delete(path)
    again = home.person.put(path, home.expense("12.00", payee="Bakery"), headers=keyed)
    assert again.json() == first.json()
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["idempotency-replayed"] == "true"


def test_a_dry_run_of_a_change_stores_nothing(home: Household, api_database: str) -> None:
    path = f"/transactions/{home.posted(home.expense('10.00'))['id']}"
    hold = held(home)
    with nothing_recorded(api_database):
        amended = home.person.put(f"{path}?dry_run=true", home.expense("12.00"))
        voided = home.person.delete(f"{path}?dry_run=true")
        settled = home.person.post(f"/transactions/{hold}/post?dry_run=true", {})
    assert amended.json()["postings"][0]["amount"] == "-12.00"
    assert voided.json()["state"] == "voided"
    assert settled.json()["state"] == "posted"
    assert home.person.get(path).json()["version"] == 1

"""The same key and request have one effect and one answer, however often and however fast they are sent."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.household import Household, household
from tests.support.recorded import nothing_recorded, stored
from tests.support.service import Person, refused


@pytest.fixture
def home(ada: Person) -> Household:
    return household(ada)


def keyed(key: str) -> dict[str, Any]:
    return {"headers": {"idempotency-key": key}}


def test_a_repeated_request_gets_the_first_answer(home: Household, api_database: str) -> None:
    first = home.post(home.expense(payee="Market"), **keyed("one"))
    home.posted(home.expense("99.00"))
    with nothing_recorded(api_database):
        again = home.post(home.expense(payee="Market"), **keyed("one"))
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    for name in ("etag", "location", "numina-position"):
        assert again.headers[name] == first.headers[name]


def test_another_request_with_the_same_key_is_refused(home: Household, api_database: str) -> None:
    home.post(home.expense(), **keyed("one"))
    made = home.posted(home.expense())["id"]
    with nothing_recorded(api_database):
        other = home.post(home.expense("11.00"), **keyed("one"))
        assert refused(other, 422, "idempotency_key_reused")["field"] == "Idempotency-Key"
        elsewhere = home.person.put(f"/transactions/{made}", home.expense(), **keyed("one"))
        refused(elsewhere, 422, "idempotency_key_reused")


def test_a_refused_request_does_not_use_up_its_key(home: Household) -> None:
    refused(home.post(home.expense("1.001"), **keyed("one")), 422, "invalid_amount")
    assert home.post(home.expense("1.00"), **keyed("one")).status_code == 201


def test_the_same_key_of_two_people_does_not_meet(home: Household, bob: Person) -> None:
    his = household(bob)
    mine = home.post(home.expense(), **keyed("shared"))
    theirs = his.post(his.expense(), **keyed("shared"))
    assert mine.status_code == theirs.status_code == 201
    assert mine.json()["id"] != theirs.json()["id"]


def test_the_same_key_in_two_books_does_not_meet(home: Household) -> None:
    person = home.person
    book = {"numina-book": person.post("/books", {"name": "Workshop"}).json()["id"]}
    other = [
        person.post("/accounts", {"name": n, "kind": k, "currency": "USD"}, headers=book).json()["id"]
        for n, k in (("Till", "asset"), ("Tools", "expense"))
    ]
    home.post(home.expense(), **keyed("shared"))
    body = home.expense() | {"account_id": other[0], "category_id": other[1]}
    assert home.post(body, headers=book | {"idempotency-key": "shared"}).status_code == 201


def test_the_same_request_at_the_same_instant_has_one_effect(home: Household, api_database: str) -> None:
    before = stored(api_database)[0]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: home.post(home.expense(), **keyed("race")), range(16)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert stored(api_database)[0] == before + 1
    assert home.balance(home.checking)[0] == "-10.00"


def test_two_requests_that_race_for_one_key_leave_one_winner(home: Household, api_database: str) -> None:
    before = stored(api_database)[0]
    with ThreadPoolExecutor(8) as pool:
        amounts = [f"{n}.00" for n in range(1, 9)]
        answers = list(pool.map(lambda amount: home.post(home.expense(amount), **keyed("race")), amounts))
    won = [answer for answer in answers if answer.status_code == 201]
    assert len(won) == 1
    for answer in answers:
        if answer is not won[0]:
            refused(answer, 422, "idempotency_key_reused")
    assert stored(api_database)[0] == before + 1


@pytest.mark.parametrize("key", ["", " ", "two words", "x" * 256, "tab\there", "ümlaut"])
def test_a_key_is_visible_ascii_of_bounded_length(home: Household, api_database: str, key: str) -> None:
    with nothing_recorded(api_database):
        answer = home.post(home.expense(), headers={"idempotency-key": key.encode("latin-1")})
    assert refused(answer, 400, "invalid_idempotency_key")["field"] == "Idempotency-Key"


def test_a_key_of_the_greatest_length_works(home: Household) -> None:
    assert home.post(home.expense(), **keyed("x" * 255)).status_code == 201


def test_a_repeated_bulk_gets_the_same_results(home: Household, api_database: str) -> None:
    body = {"items": [home.expense("1.00"), home.expense("1.001"), home.expense("2.00")]}
    first = home.person.post("/transactions/bulk", body, **keyed("bulk"))
    with nothing_recorded(api_database):
        again = home.person.post("/transactions/bulk", body, **keyed("bulk"))
    assert again.json() == first.json()
    assert [r["status"] for r in again.json()["results"]] == [201, 422, 201]
    assert again.headers["idempotency-replayed"] == "true"


def test_another_bulk_with_the_same_key_is_refused_as_a_whole(home: Household, api_database: str) -> None:
    home.person.post("/transactions/bulk", {"items": [home.expense("1.00")]}, **keyed("bulk"))
    with nothing_recorded(api_database):
        longer = {"items": [home.expense("1.00"), home.expense("2.00")]}
        answer = home.person.post("/transactions/bulk", longer, **keyed("bulk"))
        refused(answer, 422, "idempotency_key_reused")


def test_a_bulk_at_the_same_instant_has_one_effect(home: Household, api_database: str) -> None:
    before = stored(api_database)[0]
    body = {"items": [home.expense(f"{n}.00") for n in range(1, 51)]}
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda _: home.person.post("/transactions/bulk", body, **keyed("race")), range(6))
        )
    assert len({answer.content for answer in answers}) == 1
    assert all(result["status"] == 201 for result in answers[0].json()["results"])
    assert stored(api_database)[0] == before + 50

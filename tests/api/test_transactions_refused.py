"""What the state of things does not allow is refused with the facts, and leaves nothing behind."""

import pytest

from tests.support.household import Household, household
from tests.support.recorded import nothing_recorded
from tests.support.service import Person, refused


@pytest.fixture
def home(ada: Person) -> Household:
    return household(ada)


def test_the_ids_of_somebody_else_are_unknown(home: Household, bob: Person) -> None:
    his = household(bob)
    made = his.posted(his.expense())["id"]
    for body in (home.expense(account_id=his.checking), home.expense(category_id=his.food)):
        assert refused(home.post(body), 404, "unknown_account")["detail"].count("in this book") == 1
    path = f"/transactions/{made}"
    for answer in (
        home.person.get(path),
        home.person.get(f"{path}/history"),
        home.person.put(path, home.expense()),
        home.person.put(path, his.expense()),
        home.person.delete(path),
        home.person.post(f"{path}/post", {}),
        home.person.post(f"{path}/void", {}),
        home.person.post(f"{path}/clear", {"account_id": his.checking}),
    ):
        refused(answer, 404, "unknown_transaction")
    assert bob.get(path).json()["version"] == 1


def test_an_archived_account_takes_no_postings(home: Household, api_database: str) -> None:
    assert home.person.delete(f"/accounts/{home.food}").status_code == 200
    with nothing_recorded(api_database):
        problem = refused(home.post(home.expense()), 409, "account_archived")
        assert problem["field"] == "category_id"
        problem = refused(home.post(home.full()), 409, "account_archived")
        assert problem["field"] == "postings.1.account_id"


def test_text_at_its_limits_is_kept_as_it_was_sent(home: Household) -> None:
    kept = {
        "payee": "Ω" * 500,
        "notes": "line\r\n\ttab 😀" + "x" * 9_900,
        "tags": ["t" * 100, *(f"tag {n}" for n in range(49))],
        "metadata": {"deep": {"er": [1, 2.5, None, True, "ünï"]}, "long": "x" * 8_000},
    }
    made = home.posted(home.expense(**kept))
    read = home.person.get(f"/transactions/{made['id']}").json()
    assert {name: read[name] for name in kept} == kept


@pytest.mark.parametrize("tag", ["x", '"0"', '"-1"', "1.5", 'W/"1"', '"1", "2"', "", "9" * 30])
def test_what_is_no_entity_tag_is_refused(home: Household, api_database: str, tag: str) -> None:
    path = f"/transactions/{home.posted(home.expense())['id']}"
    with nothing_recorded(api_database):
        answer = home.person.delete(path, headers={"if-match": tag})
        refused(answer, 400, "invalid_if_match")


def test_on_an_archived_account_words_may_still_be_changed(home: Household, api_database: str) -> None:
    path = f"/transactions/{home.posted(home.expense(payee='Market'))['id']}"
    assert home.person.delete(f"/accounts/{home.food}").status_code == 200
    with nothing_recorded(api_database):
        refused(home.person.put(path, home.expense("11.00")), 409, "account_archived")
    words = home.person.put(path, home.expense(payee="Bakery"))
    assert words.status_code == 200, words.text
    elsewhere = home.person.put(path, home.expense("11.00", category_id=home.home))
    assert elsewhere.status_code == 200, elsewhere.text


def test_a_posting_below_the_floor_is_refused_with_the_facts(
    ada: Person, home: Household, api_database: str
) -> None:
    wallet = ada.account("Wallet", floor="0", opening_balance="31.20", opening_date="2026-01-01")
    with nothing_recorded(api_database):
        answer = home.post(home.expense("50.00", account_id=wallet))
    problem = refused(answer, 409, "floor_breached")
    assert (problem["needed"], problem["available"], problem["currency"]) == ("50.00", "31.20", "USD")
    assert problem["account_id"] == wallet
    assert problem["retryable"] is False


def test_a_back_dated_posting_may_not_break_a_later_day(
    ada: Person, home: Household, api_database: str
) -> None:
    wallet = ada.account("Wallet", floor="0", opening_balance="100.00", opening_date="2026-01-01")
    home.posted(home.expense("90.00", account_id=wallet, date="2026-02-10"))
    refund = home.expense("90.00", account_id=wallet, date="2026-02-20", refund=True)
    home.posted(refund)
    with nothing_recorded(api_database):
        answer = home.post(home.expense("20.00", account_id=wallet, date="2026-02-01"))
    problem = refused(answer, 409, "floor_breached")
    assert problem["date"] == "2026-02-10"
    assert problem["available"] == "10.00"


def test_income_that_was_spent_cannot_be_voided(ada: Person, home: Household, api_database: str) -> None:
    wallet = ada.account("Wallet", floor="0")
    income = home.posted(home.expense("50.00", type="income", category_id=home.salary, account_id=wallet))[
        "id"
    ]
    home.posted(home.expense("40.00", account_id=wallet))
    with nothing_recorded(api_database):
        refused(ada.delete(f"/transactions/{income}"), 409, "floor_breached")


def test_a_reconciled_transaction_is_locked_but_for_its_words(home: Household, api_database: str) -> None:
    made = home.posted(home.expense("10.00"))["id"]
    statement = {
        "account_id": home.checking,
        "date": "2026-03-31",
        "closing_balance": "-10.00",
        "transaction_ids": [made],
    }
    locked = home.person.post("/reconciliations", statement)
    assert locked.status_code == 201, locked.text
    path = f"/transactions/{made}"
    with nothing_recorded(api_database):
        for change in ({"amount": "11.00"}, {"date": "2026-03-02"}, {"category_id": home.home}):
            refused(home.person.put(path, home.expense("10.00") | change), 409, "reconciled")
        refused(home.person.delete(path), 409, "reconciled")
        refused(home.person.post(f"{path}/void", {}), 409, "reconciled")
        clear = {"account_id": home.checking, "cleared": False}
        refused(home.person.post(f"{path}/clear", clear), 409, "reconciled")
    words = home.person.put(path, home.expense("10.00", payee="Market", tags=["kept"]))
    assert words.status_code == 200, words.text
    leg = home.person.get(path).json()["postings"][0]
    assert (leg["cleared"], leg["reconciliation_ids"]) == (True, [locked.json()["id"]])

"""Whatever is sent: a typed refusal, and nothing left behind."""

from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import Response

from tests.support.household import Household, household
from tests.support.recorded import nothing_recorded
from tests.support.service import Person, refused

UNKNOWN = "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c01"
JSON = {"content-type": "application/json"}


@pytest.fixture
def home(ada: Person) -> Household:
    return household(ada)


@pytest.fixture(autouse=True)
def _nothing_left_behind(home: Household, api_database: str) -> Iterator[None]:
    """Every test here leaves the record as it found it."""
    with nothing_recorded(api_database):
        yield


def raw(home: Household, body: bytes, path: str = "/transactions") -> Response:
    return home.person.request("POST", path, content=body, headers=JSON)


@pytest.mark.parametrize(
    "amount",
    [
        "NaN", "-NaN", "sNaN", "Infinity", "-Infinity", "inf", "1e400", "1E5", "1e-2", "", " ", "1 ", " 1", "+1",
        "1,000.00", "1_000", "0x10", "١٢", "１２", "1.", ".5", "01", "00.5", "--1", "1.2.3", "1.001", "0.000000001",
        "9" * 21, "1" * 65, "1" * 100_000, "1.0\n", "1\x00", "−5", "$5", "null", "0" * 30,
    ],
)  # fmt: skip
def test_what_is_no_amount_of_the_currency_is_refused(home: Household, amount: str) -> None:
    for body, field in ((home.expense(amount), "amount"), (home.full(amount), "postings.0.amount")):
        answer = home.post(body)
        assert answer.status_code == 422, (amount, answer.text)
        problem = answer.json()
        assert problem["code"] in ("invalid_amount", "invalid_request")
        assert problem["field"] in (field, "postings.0.amount", "postings.1.amount")


@pytest.mark.parametrize("number", [b"10", b"10.00", b"-1", b"1e400", b"1e-400", b"9" * 5000, b"0"])
def test_a_json_number_is_no_amount(home: Household, number: bytes) -> None:
    body = (
        b'{"date":"2026-03-01","type":"expense","amount":%s,"currency":"USD","account_id":"%s","category_id":"%s"}'
        % (number, home.checking.encode(), home.food.encode())
    )
    answer = raw(home, body)
    assert answer.status_code in (400, 422)
    problem = refused(answer, answer.status_code, answer.json()["code"])
    if answer.status_code == 422:
        assert problem["field"] == "amount"
        assert "string" in problem["detail"]


def test_minus_zero_is_nothing(home: Household) -> None:
    assert refused(home.post(home.expense("-0")), 422, "invalid_amount")["field"] == "amount"


@pytest.mark.parametrize(("first", "second", "left"), [("-10.00", "9.50", "-0.50"), ("10", "10", "20")])
def test_postings_that_do_not_balance_are_refused_with_what_is_left(
    home: Household, first: str, second: str, left: str
) -> None:
    body = home.full()
    body["postings"][0]["amount"], body["postings"][1]["amount"] = first, second
    problem = refused(home.post(body), 422, "unbalanced")
    assert problem["left_over"] == {"USD": left}
    assert problem["field"] == "postings"


def test_currencies_do_not_balance_each_other(home: Household) -> None:
    body = home.full()
    body["postings"][0] = {"account_id": home.euros, "amount": "-10.00", "currency": "EUR"}
    problem = refused(home.post(body), 422, "unbalanced")
    assert problem["left_over"] == {"EUR": "-10.00", "USD": "10.00"}


@pytest.mark.parametrize(
    ("count", "code"),
    [(0, "postings_count"), (1, "postings_count"), (1_001, "invalid_request"), (10_000, "invalid_request")],
)
def test_a_transaction_has_two_to_a_thousand_postings(home: Household, count: int, code: str) -> None:
    leg = {"account_id": home.checking, "amount": "0", "currency": "USD"}
    problem = refused(home.post({"date": "2026-03-01", "postings": [leg] * count}), 422, code)
    assert problem["field"] == "postings"


@pytest.mark.parametrize(
    "date",
    [
        "2026-02-30", "2026-13-01", "2026-00-10", "2025-02-29", "0001-01-01", "1899-12-31", "2201-01-01",
        "9999-12-31",
        "10000-01-01", "-2026-01-01", "2026-1-1", "20260101", "01/02/2026", "2026-03-01T00:00:00Z", "2026-03-01 ",
        "2026-W10-1", "today", "", "2026-03-01\x00", 20260301, 1.5, 0, True, None, [], {}, ["2026-03-01"],
    ],
)  # fmt: skip
def test_what_is_no_civil_date_is_refused(home: Household, date: Any) -> None:
    answer = home.post(home.expense(date=date))
    assert answer.status_code == 422, (date, answer.text)
    assert answer.json()["field"] == "date"


@pytest.mark.parametrize("field", ["account_id", "category_id"])
@pytest.mark.parametrize("value", [UNKNOWN, "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_account_is_named_as_it_was_sent(home: Household, field: str, value: str) -> None:
    problem = refused(home.post(home.expense(**{field: value})), 404, "unknown_account")
    assert problem["field"] == field


def test_an_unknown_account_in_the_full_form_is_named_by_its_posting(home: Household) -> None:
    body = home.full()
    body["postings"][1]["account_id"] = UNKNOWN
    problem = refused(home.post(body), 404, "unknown_account")
    assert problem["field"] == "postings.1.account_id"


@pytest.mark.parametrize("name", ["account", "book", "user", "unknown", "nonsense", "0", "%00", "a" * 5_000])
def test_what_is_no_transaction_is_not_found(home: Household, name: str) -> None:
    ids = {
        "account": home.checking,
        "book": home.person.book_id,
        "user": home.person.user_id,
        "unknown": UNKNOWN,
    }
    path = f"/transactions/{ids.get(name, name)}"
    for answer in (
        home.person.get(path),
        home.person.get(f"{path}/history"),
        home.person.put(path, home.expense()),
        home.person.delete(path),
        home.person.post(f"{path}/post", {}),
        home.person.post(f"{path}/void", {}),
        home.person.post(f"{path}/clear", {"account_id": home.checking}),
    ):
        refused(answer, 404, "unknown_transaction")


def test_an_account_takes_only_its_own_currencies(home: Household) -> None:
    problem = refused(home.post(home.expense(currency="EUR")), 422, "wrong_currency")
    assert problem["field"] == "currency"


@pytest.mark.parametrize(
    "currency", ["usd", "US", "", "USD ", "$", "U" * 25, "\x00", 840, None, [], "XXQ", "ÜSD"]
)
def test_what_is_no_currency_is_refused(home: Household, currency: Any) -> None:
    answer = home.post(home.expense(currency=currency))
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == "currency"


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("payee", "nul\x00"), ("payee", "bell\x07"), ("payee", "line\nbreak"), ("payee", "\x7f"), ("payee", "\x85"),
        ("payee", "x" * 501), ("payee", "x" * 1_000_000), ("notes", "nul\x00"), ("notes", "esc\x1b[31m"),
        ("notes", "x" * 10_001), ("tags", ["two\nlines"]), ("tags", [""]), ("tags", ["  "]), ("tags", ["x" * 101]),
        ("tags", ["x"] * 51), ("tags", ["nul\x00"]), ("metadata", {"k": "nul\x00"}), ("metadata", {"nul\x00": 1}),
        ("metadata", {"k": "x" * 9_000}), ("metadata", {"k": 2**64}), ("metadata", {str(n): n for n in range(500)}),
    ],
)  # fmt: skip
def test_text_that_is_too_long_or_holds_control_characters_is_refused(
    home: Household, field: str, text: Any
) -> None:
    answer = home.post(home.expense(**{field: text}))
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"].split(".")[0] == field
    assert len(answer.content) < 2_000


@pytest.mark.parametrize("memo", ["nul\x00", "line\nbreak", "x" * 501, 7])
def test_a_wrong_memo_is_named(home: Household, memo: Any) -> None:
    body = home.full()
    body["postings"][1]["memo"] = memo
    assert refused(home.post(body), 422, "invalid_request")["field"] == "postings.1.memo"
    splits = [{"category_id": home.food, "amount": "10.00", "memo": memo}]
    body = home.expense(category_id=None, splits=splits)
    assert refused(home.post(body), 422, "invalid_request")["field"] == "splits.0.memo"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"nonsense", b"{'a': 1}", b'{"date": }', b"\xff\xfe", b'{"payee": "\xff"}', b'{"payee": "\xc3("}',
        b'{"payee": "\\ud800"}', b'{"payee": "\\udc00\\ud800"}', b'{"payee": "a\x00b"}', b'{"payee": "line\nbreak"}',
        b"[" * 100_000, b'{"a":' * 100_000, b'{"date": "2026-03-01"} trailing', b"\xef\xbb\xbf{}", b"nul", b"{}{}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/transactions", "/transactions/bulk"])
def test_what_is_no_json_in_utf8_is_refused(home: Household, body: bytes, path: str) -> None:
    answer = raw(home, body, path)
    if body == b"":
        refused(answer, 422, "invalid_request")
    else:
        refused(answer, 400, "broken_json")


@pytest.mark.parametrize("body", [b"null", b"[]", b'"text"', b"1", b"true", b"NaN", b"[{}]"])
def test_a_body_is_an_object(home: Household, body: bytes) -> None:
    refused(raw(home, body), 422, "invalid_request")


WRONG = [7, 1.5, True, "text\x01", "", [], {}, ["x"], {"x": 1}, [[]], [None], [7]]
FIELDS = {
    "type": [], "amount": [], "currency": [], "account_id": [], "category_id": [], "refund": [True],
    "splits": [], "to_account_id": [], "to_amount": [], "to_currency": [], "payee": [""], "notes": [""],
    "tags": [[], ["x"]], "metadata": [{}, {"x": 1}], "state": [], "expires_at": [], "date": [],
    "postings": [[], [{}]],
}  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
def test_a_wrong_json_type_is_refused_by_the_name_of_the_field(home: Household, field: str) -> None:
    for value in WRONG:
        if any(value == fine and type(value) is type(fine) for fine in FIELDS[field]):
            continue
        answer = home.post(home.expense(**{field: value}))
        assert answer.status_code == 422, (field, value, answer.text)
        assert answer.json()["field"].split(".")[0] == field, (value, answer.text)


@pytest.mark.parametrize("field", ["account_id", "amount", "currency", "memo"])
def test_a_wrong_json_type_in_a_posting_is_refused_by_name(home: Household, field: str) -> None:
    for value in WRONG:
        if field == "memo" and value == "":
            continue
        body = home.full()
        body["postings"][1][field] = value
        answer = home.post(body)
        assert answer.status_code == 422, (value, answer.text)
        assert answer.json()["field"] == f"postings.1.{field}", (value, answer.text)


@pytest.mark.parametrize("field", ["date", "postings"])
def test_a_missing_field_is_named(home: Household, field: str) -> None:
    body = home.full()
    del body[field]
    problem = home.post(body)
    assert problem.status_code == 422
    assert problem.json()["field"] == field


@pytest.mark.parametrize("field", ["type", "amount", "currency", "account_id", "category_id"])
def test_a_missing_part_of_the_friendly_form_is_named(home: Household, field: str) -> None:
    body = home.expense()
    del body[field]
    assert refused(home.post(body), 422, "incomplete_form")["field"] == field


@pytest.mark.parametrize(
    "field", ["payeee", "Amount", "", "__proto__", "account", "x" * 10_000, "ünknown", "dry_run"]
)
def test_an_unknown_field_is_never_ignored(home: Household, field: str) -> None:
    for body in (home.expense(), home.full()):
        answer = home.post(body | {field: "x"})
        problem = refused(answer, 422, "invalid_request")
        assert problem.get("field", "") in (field, field[:200], None)
    body = home.full()
    body["postings"][0][field] = "x"
    refused(home.post(body), 422, "invalid_request")


@pytest.mark.parametrize(
    "part", ["type", "amount", "currency", "account_id", "category_id", "splits", "refund"]
)
def test_the_two_forms_cannot_be_mixed(home: Household, part: str) -> None:
    value = {"splits": [{"category_id": home.food, "amount": "1"}], "refund": True}.get(
        part, home.expense().get(part)
    )
    problem = refused(home.post(home.full() | {part: value}), 422, "mixed_form")
    assert problem["field"] == part
    assert "postings" in problem["detail"]


@pytest.mark.parametrize(("path", "limit"), [("/transactions", 2 << 20), ("/transactions/bulk", 16 << 20)])
def test_a_body_over_the_limit_is_refused(home: Household, path: str, limit: int) -> None:
    problem = refused(raw(home, b" " * (limit + 1), path), 413, "body_too_large")
    assert problem["limit"] == limit


def test_a_body_of_another_type_is_refused(home: Household) -> None:
    answer = home.person.request(
        "POST", "/transactions", content=b"a=b", headers={"content-type": "text/plain"}
    )
    refused(answer, 415, "unsupported_media_type")


def test_without_a_token_nothing_is_told(home: Household) -> None:
    client = home.person.client
    for method, path in (
        ("POST", "/v1/transactions"),
        ("POST", "/v1/transactions/bulk"),
        ("GET", f"/v1/transactions/{UNKNOWN}"),
        ("PUT", f"/v1/transactions/{UNKNOWN}"),
        ("DELETE", f"/v1/transactions/{UNKNOWN}"),
        ("POST", f"/v1/transactions/{UNKNOWN}/post"),
        ("GET", f"/v1/transactions/{UNKNOWN}/history"),
    ):
        answer = client.request(method, path, json=home.expense() if method in ("POST", "PUT") else None)
        refused(answer, 401, "not_authenticated")


@pytest.mark.parametrize(
    "query",
    ["dry_run=maybe", "dry_run=", "dry_run", "dry_run=1", "dry_run=TRUE", "dry_run=true&dry_run=false"],
)
@pytest.mark.parametrize("path", ["/transactions", "/transactions/bulk"])
def test_what_was_only_to_be_tried_is_not_carried_out(home: Household, path: str, query: str) -> None:
    body = home.expense() if path == "/transactions" else {"items": [home.expense()]}
    for slip in (query, query.replace("dry_run", "dryrun"), query.replace("dry_run", "dry-run")):
        problem = refused(home.person.post(f"{path}?{slip}", body), 422, "invalid_request")
        assert problem["field"] == "dry_run"

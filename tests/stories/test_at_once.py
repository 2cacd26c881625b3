"""Many clients ask for the same thing at the same instant: it happens once, and what may not happen does not."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from tests.stories.serving import Person, Serving

CLIENTS = 24


@pytest.fixture
def owner(service: Serving) -> Person:
    return service.register(currency="USD")


def account(owner: Person, name: str, kind: str = "asset", **more: Any) -> str:
    return str(owner.post("/accounts", {"name": name, "kind": kind, "currency": "USD", **more})["id"])


def spending(source: str, category: str, amount: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "expense",
        "date": "2026-03-01",
        "amount": amount,
        "currency": "USD",
        "account_id": source,
        "category_id": category,
        **more,
    }


def at_once(owner: Person, requests: list[dict[str, Any]]) -> list[httpx2.Response]:
    """The answers to requests that are sent together, each on a connection of its own."""

    async def all_of_them() -> list[httpx2.Response]:
        limits = httpx2.Limits(max_connections=len(requests))
        async with httpx2.AsyncClient(
            base_url=owner.client.base_url, headers=owner.client.headers, limits=limits, timeout=60
        ) as client:
            # Connected before anything is asked for, so that all of it arrives together.
            await asyncio.gather(*(client.get("/users/me") for _ in requests))
            return await asyncio.gather(*(client.request(**request) for request in requests))

    return asyncio.run(all_of_them())


def test_one_key_at_one_instant_has_one_effect_and_one_answer(owner: Person) -> None:
    bank, food = account(owner, "Bank"), account(owner, "Food", "expense")
    request = {
        "method": "POST",
        "url": "/transactions",
        "json": spending(bank, food, "7.50"),
        "headers": {"idempotency-key": "lunch"},
    }
    answers = at_once(owner, [request] * CLIENTS)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert owner.get(f"/accounts/{bank}/balance")["posted"]["amount"] == "-7.50"


def test_one_key_for_different_requests_at_one_instant_has_the_effect_of_one(owner: Person) -> None:
    bank, food = account(owner, "Bank"), account(owner, "Food", "expense")
    requests = [
        {
            "method": "POST",
            "url": "/transactions",
            "json": spending(bank, food, f"{number}.00"),
            "headers": {"idempotency-key": "which"},
        }
        for number in range(1, CLIENTS + 1)
    ]
    answers = at_once(owner, requests)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 422: CLIENTS - 1}
    refused = {answer.json()["code"] for answer in answers if answer.status_code == 422}
    assert refused == {"idempotency_key_reused"}
    [made] = [answer.json() for answer in answers if answer.status_code == 201]
    assert owner.get(f"/accounts/{bank}/balance")["posted"]["amount"] == made["postings"][0]["amount"]


def test_a_hold_is_posted_or_voided_once(owner: Person) -> None:
    bank, food = account(owner, "Bank"), account(owner, "Food", "expense")
    hold = owner.post("/transactions", spending(bank, food, "40.00", state="pending"))["id"]
    requests = [
        {"method": "POST", "url": f"/transactions/{hold}/{('post', 'void')[number % 2]}", "json": {}}
        for number in range(CLIENTS)
    ]
    answers = at_once(owner, requests)
    # A hold that was posted may still be voided, once; one that was voided may not be posted.
    done = [answer.request.url.path.rpartition("/")[2] for answer in answers if answer.status_code == 200]
    assert sorted(done) in (["post", "void"], ["void"])
    assert {answer.status_code for answer in answers} <= {200, 409}
    balance = owner.get(f"/accounts/{bank}/balance")
    assert (balance["posted"]["amount"], balance["pending"]["amount"]) == ("0.00", "0.00")


def test_of_many_changes_to_one_version_one_wins(owner: Person) -> None:
    bank, food = account(owner, "Bank"), account(owner, "Food", "expense")
    made = owner.post("/transactions", spending(bank, food, "1.00"))["id"]
    requests = [
        {
            "method": "PUT",
            "url": f"/transactions/{made}",
            "json": spending(bank, food, f"{number}.00"),
            "headers": {"if-match": '"1"'},
        }
        for number in range(2, CLIENTS + 2)
    ]
    answers = at_once(owner, requests)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: CLIENTS - 1}
    assert owner.get(f"/transactions/{made}")["version"] == 2


def test_no_more_is_spent_than_there_is(owner: Person) -> None:
    bank = account(owner, "Bank", floor="0", opening_balance="100.00", opening_date="2026-01-01")
    food = account(owner, "Food", "expense")
    states = ("posted", "pending")
    requests = [
        {
            "method": "POST",
            "url": "/transactions",
            "json": spending(bank, food, "9.00", state=states[number % 2]),
        }
        for number in range(CLIENTS)
    ]
    answers = at_once(owner, requests)
    assert Counter(answer.status_code for answer in answers) == {201: 11, 409: CLIENTS - 11}
    assert owner.get(f"/accounts/{bank}/balance")["available"]["amount"] == "1.00"


def test_one_name_at_one_instant_is_one_account(owner: Person) -> None:
    body = {"name": "Savings", "kind": "asset", "currency": "USD"}
    answers = at_once(owner, [{"method": "POST", "url": "/accounts", "json": body}] * CLIENTS)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: CLIENTS - 1}


def test_a_command_is_undone_once(owner: Person) -> None:
    bank, food = account(owner, "Bank"), account(owner, "Food", "expense")
    command = owner.post("/transactions", spending(bank, food, "3.00"))["command_id"]
    answers = at_once(owner, [{"method": "POST", "url": f"/commands/{command}/undo"}] * CLIENTS)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: CLIENTS - 1}
    assert owner.get(f"/accounts/{bank}/balance")["posted"]["amount"] == "0.00"


def test_statements_add_up_while_money_moves(owner: Person) -> None:
    bank, food = account(owner, "Bank"), account(owner, "Food", "expense")
    posts = [
        {"method": "POST", "url": "/transactions", "json": spending(bank, food, f"{number}.01")}
        for number in range(1, 60)
    ]
    query = {"from": "2026-03-01", "to": "2026-03-31"}
    reads = [
        {"method": "GET", "url": f"/accounts/{bank}/statement", "params": query} for _ in range(len(posts))
    ]
    for answer in at_once(owner, [each for pair in zip(posts, reads, strict=True) for each in pair]):
        assert answer.status_code in (200, 201), answer.text
        if answer.status_code == 200:
            statement = answer.json()
            moved = sum((Decimal(line["amount"]) for line in statement["lines"]), Decimal())
            opening, closing = (Decimal(statement[end]["amount"]) for end in ("opening", "closing"))
            assert opening + moved == closing

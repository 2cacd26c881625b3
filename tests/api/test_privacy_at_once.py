"""Somebody opens, fills and turns private accounts without pause while another reads: nothing slips through."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Event
from typing import Any

from starlette.testclient import TestClient

from tests.support.service import Person, register
from tests.support.shared_book import join

WORD = "Hushhush"
READS = (
    "/accounts",
    "/transactions?state=any&limit=200",
    "/changes?limit=1000",
    "/audit/logs?limit=200",
    "/reports/balance-sheet?as_of=2026-12-31",
    "/reports/cash-flow?from=2026-01-01&to=2026-12-31",
)
ROUNDS = 25


def test_nothing_slips_through_while_it_is_made_private(client: TestClient, api_database: str) -> None:
    ada = register(client, name="Ada")
    [bob] = join(api_database, client, ada, bob="editor")
    joint, food = ada.account("Joint", opening_balance="1000.00"), ada.account("Food", "expense")
    turned = ada.account("Turned", opening_balance="50.00", private=True)
    _pay(ada, "5.00", food, turned)
    done = Event()
    with ThreadPoolExecutor() as beside:
        opening = beside.submit(_opening, ada, joint, food)
        turning = beside.submit(_turning, ada, turned, done.is_set)
        reading = beside.submit(_reading, bob, food, opening.done)
        try:
            assert opening.result() == ROUNDS
            assert reading.result() > len(READS)
        finally:
            done.set()
        assert turning.result() > 0


def _pay(person: Person, amount: str, to: str, by: str, payee: str = "") -> None:
    legs = [
        {"account_id": to, "amount": amount, "currency": "USD"},
        {"account_id": by, "amount": f"-{amount}", "currency": "USD"},
    ]
    paid = person.post("/transactions", {"date": "2026-03-05", "payee": payee, "postings": legs})
    assert paid.status_code == 201, paid.text


def _opening(ada: Person, joint: str, food: str) -> int:
    for number in range(ROUNDS):
        account_id = ada.account(f"{WORD} {number}", private=True, opening_balance="7.77")
        _pay(ada, "3.33", food, account_id, WORD)
        _pay(ada, "1.00", account_id, joint)
    return ROUNDS


def _turning(ada: Person, account_id: str, done: Callable[[], bool]) -> int:
    for number in count(1):
        answer = ada.patch(f"/accounts/{account_id}", {"private": number % 2 == 0})
        assert answer.status_code == 200, answer.text
        if done():
            return number
    raise AssertionError


def _reading(bob: Person, food: str, done: Callable[[], bool]) -> int:
    for number in count(1):
        for path in READS:
            answer = bob.get(path, headers={"numina-consistency": "eventual"} if number % 2 else {})
            assert answer.status_code in (200, 503), answer.text
            assert WORD not in answer.text, path
            sheets: list[dict[str, Any]] = answer.json().get("currencies", [])
            assert all(sheet["difference"]["amount"] == "0.00" for sheet in sheets if "difference" in sheet)
        spent = bob.get(f"/accounts/{food}/balance")
        assert spent.status_code == 503 or spent.json()["posted"]["amount"] in ("0.00", "5.00"), spent.text
        if done():
            return number * len(READS)
    raise AssertionError

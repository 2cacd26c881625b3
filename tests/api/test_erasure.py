"""Somebody is forgotten while the service runs: nobody can come in as them, and nothing tells of them any more."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from gateways.vault import HEARD_WITHIN, Vault
from ledger.clock import system_clock
from ledger.writer import Writer
from projections.verify import verify
from scheduler.jobs.erase_people import ErasePeople
from tests.support.pictures import png
from tests.support.service import MASTER_KEY, PASSWORD, Person, post, refused, register, running
from tests.support.shared_book import join

WORDS = ("Ferdinand", "gooseberry", "Haberdasher", "rhubarb", "periwinkle")
LATER = dt.timedelta(days=15)


class Running:
    """The service on a database of its own, and the job that erases, whose clock is fifteen days ahead."""

    def __init__(self, url: str, client: TestClient) -> None:
        self.url, self.client = url, client
        self.vault = Vault(url, MASTER_KEY)
        self.reading = Vault(url, MASTER_KEY, role="numina_projector")
        self.writer = Writer(url, self.vault)
        self.writer.start()
        self.job = ErasePeople(
            url,
            self.writer,
            self.vault,
            self.reading,
            clock=lambda: system_clock() + LATER,
            settled=dt.timedelta(seconds=HEARD_WITHIN),
            every=dt.timedelta(0),
        )

    def person(self) -> Person:
        who = register(self.client, name="Ferdinand", email="ferdinand@gooseberry.example")
        cash = who.account("Haberdasher", institution="rhubarb")
        food = who.account("Haberdasher food", "expense")
        post(who, food, cash, "5.00", "2026-03-01", payee="periwinkle", notes="rhubarb")
        who.put("/users/me/avatar", None, content=png(None), headers={"content-type": "image/png"})
        return who

    def erase(self, who: Person) -> None:
        assert who.delete("/users/me").status_code == 202
        self.caught_up(who)
        self.job()
        time.sleep(HEARD_WITHIN + 0.2)
        self.job()
        # Who is gone is refused by every process within seconds.
        time.sleep(1.2)

    def caught_up(self, who: Person) -> None:
        assert who.get("/users/me/sessions").status_code == 200


@pytest.fixture
def service(fresh_database: Callable[[], AbstractContextManager[str]]) -> Iterator[Running]:
    with fresh_database() as url, running(url) as client:
        made = Running(url, client)
        yield made
        made.writer.stop()
        made.vault.close()
        made.reading.close()


def login(service: Running, who: Person) -> Any:
    return service.client.post("/v1/auth/login", json={"email": who.email, "password": PASSWORD})


def test_nobody_comes_in_as_somebody_who_was_forgotten(service: Running) -> None:
    who = service.person()
    other = register(service.client, name="Beatrix")
    made = who.post("/users/me/api-keys", {"name": "Sheet", "scopes": ["accounts:read", "profile:read"]})
    program = replace(who, token=made.json()["key"])
    assert program.get("/accounts").status_code == 200
    service.erase(who)
    refused(program.get("/accounts"), 401, "not_authenticated")
    refused(program.get("/users/me"), 401, "not_authenticated")
    refused(login(service, who), 401, "wrong_credentials")
    for path in ("/users/me", "/accounts", "/users/me/avatar", "/users/me/export"):
        assert who.get(path).status_code == 401, path
    assert who.post("/users/me/erasure/cancel").status_code == 401
    again = {"refresh_token": who.tokens["refresh_token"]}
    assert service.client.post("/v1/auth/refresh", json=again).status_code == 401
    assert other.get(f"/users/{who.user_id}/avatar").status_code == 404
    assert other.get("/users/me").json()["name"] == "Beatrix"
    anew = register(service.client, name="F.", email=who.email)
    assert anew.user_id != who.user_id


def test_nothing_tells_of_somebody_who_was_forgotten(
    service: Running, capfd: pytest.CaptureFixture[str]
) -> None:
    who = service.person()
    service.erase(who)
    assert verify(service.url, service.reading).mismatches == ()
    with psycopg.connect(service.url) as connection:
        left = connection.execute("SELECT count(*) FROM vault.images").fetchone()
        digests = connection.execute("SELECT request FROM registers.commands WHERE request <> ''").fetchall()
    assert left == (0,)
    assert digests == [], "what is remembered of their requests says nothing"
    logged = "".join(capfd.readouterr())
    assert [word for word in WORDS if word.lower() in logged.lower()] == []
    assert "argon2" not in logged


def test_a_shared_book_stays_with_the_others(service: Running) -> None:
    who = service.person()
    [bob, eve] = join(service.url, service.client, who, bob="editor", eve="viewer")
    cash, food = bob.account("Biscuit tin"), bob.account("Biscuits", "expense")
    mine = post(replace(who, headers=bob.headers), food, cash, "3.00", "2026-03-02", payee="Patisserie")
    asked = who.delete("/users/me").json()
    assert [(book["fate"], book["new_owner_id"]) for book in asked["books"]] == [("stays", bob.user_id)]
    who.post("/users/me/erasure/cancel")
    service.erase(who)
    assert verify(service.url, service.reading).mismatches == ()
    assert who.get("/users/me").status_code == 401
    items = bob.get("/transactions").json()["items"]
    assert {item["payee"] for item in items} == {"Patisserie", "periwinkle"}, (
        "a book's words are its members'"
    )
    history = bob.get(f"/transactions/{mine['id']}/history").json()["items"]
    assert [version["actor"]["name"] for version in history] == ["[erased]"]
    trail = bob.get("/audit/logs", params={"limit": 500})
    assert "Ferdinand" not in trail.text
    assert "gooseberry" not in trail.text
    changes = bob.get("/changes", params={"limit": 500}).text
    assert "Ferdinand" not in changes
    assert bob.patch(f"/books/{who.book_id}", {"name": "Ours"}).status_code == 200, "the book is Bob's"
    assert eve.patch(f"/books/{who.book_id}", {"name": "Mine"}).status_code == 403

"""Taking everything along: all of one's own, nothing of anybody else's, in an archive made while it is sent."""

import hashlib
import io
import json
import re
import zipfile
from itertools import count
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.support.pictures import png
from tests.support.service import PASSWORD, Person, post, register
from tests.support.shared_book import join

_numbers = count()
ANONYMOUS = {
    "README.txt",
    "books.jsonl",
    "accounts.jsonl",
    "transactions.jsonl",
    "facts.jsonl",
    "audit.jsonl",
    "manifest.json",
}
PERSONAL = {
    "profile.json",
    "avatar.png",
    "history.jsonl",
    "consents.jsonl",
    "sessions.jsonl",
    "passkeys.jsonl",
    "identities.jsonl",
    "keys.jsonl",
}


def taken(person: Person, **query: Any) -> zipfile.ZipFile:
    answer = person.get("/users/me/export", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    return archive


def lines(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in archive.read(name).splitlines()]


@pytest.fixture
def eve(client: TestClient) -> Person:
    """Somebody about whom there is something of every kind."""
    eve = register(client, name="Evelina", email=f"evelina{next(_numbers)}@quibble.example")
    cash = eve.account("Shoebox", institution="Bank of Nowhere")
    food = eve.account("Victuals", "expense")
    for number in range(3):
        words = {"payee": "Fishmonger", "notes": "for Rosalind", "tags": ["quaint"], "metadata": {"k": "zzz"}}
        post(eve, food, cash, "12.34", f"2026-03-0{number + 1}", **words)
    eve.patch("/users/me", {"country": "PT"})
    eve.post("/users/me/api-keys", {"name": "Spreadsheet", "scopes": ["accounts:read"]})
    eve.post("/users/me/consents", {"kind": "terms", "version": "7", "given": True})
    eve.put("/users/me/avatar", None, content=png(None), headers={"content-type": "image/png"})
    return eve


def test_everything_is_in_it_and_the_manifest_tells_it(eve: Person) -> None:
    answer = eve.get("/users/me/export")
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert set(archive.namelist()) == ANONYMOUS | PERSONAL
    manifest = json.loads(archive.read("manifest.json"))
    assert manifest["user_id"] == eve.user_id
    told = {file["name"]: file for file in manifest["files"]}
    assert set(told) == set(archive.namelist()) - {"manifest.json"}
    for name, file in told.items():
        content = archive.read(name)
        assert file["bytes"] == len(content)
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        if name.endswith(".jsonl"):
            assert file["lines"] == len(content.splitlines())
    assert told["facts.jsonl"]["lines"] == int(answer.headers["numina-export-facts"])
    assert json.loads(archive.read("profile.json"))["email"] == eve.email
    assert archive.read("avatar.png") == png(None)
    assert [entry["version"] for entry in lines(archive, "consents.jsonl")] == ["7"]
    assert [item["payee"] for item in lines(archive, "transactions.jsonl")] == ["Fishmonger"] * 3
    balances = {line["name"]: line["balances"] for line in lines(archive, "accounts.jsonl")}
    assert balances["Shoebox"] == [{"currency": "USD", "posted": "-37.02"}]
    topics = [line["topic"] for line in lines(archive, "facts.jsonl")]
    assert {"user.registered", "book.opened", "session.opened", "transaction.posted"} <= set(topics)
    assert [deed["topic"] for deed in lines(archive, "audit.jsonl")] == topics
    assert len(lines(archive, "sessions.jsonl")) == 1
    assert [key["name"] for key in lines(archive, "keys.jsonl")] == ["Spreadsheet"]


def test_no_secret_is_in_it(eve: Person) -> None:
    archive = taken(eve)
    for name in archive.namelist():
        content = archive.read(name)
        assert b"argon2" not in content, name
        assert PASSWORD.encode() not in content
        assert eve.tokens["refresh_token"].encode() not in content
        assert b"numina_k_" not in content


def test_nothing_of_anybody_else_is_in_it(eve: Person, client: TestClient) -> None:
    other = register(client, name="Balthazar")
    other.account("Piggybank")
    archive = taken(eve)
    for name in archive.namelist():
        for word in ("Balthazar", "Piggybank", other.user_id, other.book_id):
            assert word.encode() not in archive.read(name), name


def test_an_anonymised_one_says_nothing_about_anybody(eve: Person) -> None:
    archive, whole = taken(eve, anonymised="true"), taken(eve)
    assert set(archive.namelist()) == ANONYMOUS
    everything = b"\n".join(archive.read(name) for name in archive.namelist()).decode()
    for word in (
        "Evelina",
        "quibble",
        "Shoebox",
        "Nowhere",
        "Victuals",
        "Fishmonger",
        "Rosalind",
        "Spreadsheet",
        "quaint",
        "zzz",
    ):
        assert word not in everything
    ids = set(
        re.findall(
            r"[0-9a-f]{8}-[0-9a-f-]{27}", "\n".join(whole.read(n).decode("latin-1") for n in whole.namelist())
        )
    )
    assert len(ids) > 10
    assert [each for each in ids if each in everything] == []
    assert not re.search(r"\d\d:\d\d:\d\d", everything), "days, not instants"
    transactions = lines(archive, "transactions.jsonl")
    assert [t["date"] for t in transactions] == [t["date"] for t in lines(whole, "transactions.jsonl")]
    assert {p["amount"] for t in transactions for p in t["postings"]} == {"12.34", "-12.34"}
    accounts = {line["id"] for line in lines(archive, "accounts.jsonl")}
    assert {p["account_id"] for t in transactions for p in t["postings"]} <= accounts, "ids hold together"
    again = {line["id"] for line in lines(taken(eve, anonymised="true"), "accounts.jsonl")}
    assert not accounts & again, "and no other export has the same"


def test_many_pages_are_as_good_as_one(eve: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = taken(eve)
    monkeypatch.setattr("api.exporting.PAGE", 2)
    paged = taken(eve)
    for name in ("transactions.jsonl", "facts.jsonl", "audit.jsonl"):
        assert paged.read(name) == whole.read(name)


def test_what_is_asked_must_make_sense(eve: Person) -> None:
    assert eve.get("/users/me/export", params={"anonymised": "perhaps"}).status_code == 422
    assert eve.get("/users/me/export", params={"of": "somebody"}).status_code == 422


def test_what_is_private_to_others_is_not_in_it(client: TestClient, api_database: str) -> None:
    ada = register(client, name="Ada")
    [bob] = join(api_database, client, ada, bob="viewer")
    joint, food = ada.account("Jointly"), ada.account("Nourishment", "expense")
    secret = ada.account("Trousseau", private=True)
    post(ada, food, joint, "7.00", "2026-03-01", payee="Greengrocer")
    post(ada, food, secret, "9.00", "2026-03-02", payee="Goldsmith")
    answer = bob.get("/users/me/export")
    assert "numina-export-facts" not in answer.headers, "the number would tell"
    for archive in (zipfile.ZipFile(io.BytesIO(answer.content)), taken(bob, anonymised="true")):
        everything = b"\n".join(archive.read(name) for name in archive.namelist()).decode()
        for word in ("Trousseau", "Goldsmith", secret, "9.00", ada.email, "argon2"):
            assert word not in everything, word
    shared = zipfile.ZipFile(io.BytesIO(answer.content))
    assert {line["name"] for line in lines(shared, "books.jsonl")} == {"Home"}
    assert len(lines(shared, "books.jsonl")) == 2
    assert {t["payee"] for t in lines(shared, "transactions.jsonl")} == {"Greengrocer"}
    own = zipfile.ZipFile(io.BytesIO(ada.get("/users/me/export").content))
    assert {t["payee"] for t in lines(own, "transactions.jsonl")} == {"Greengrocer", "Goldsmith"}

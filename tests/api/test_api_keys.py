"""API keys at work: what they open and what they never do, how they die, and who tries a dead or a made-up one."""

import datetime as dt
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import crc32
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from api.permissions import PERMISSIONS
from gateways.api_keys import PREFIX
from ledger.keys.commands import MOST_KEYS
from ledger.keys.scopes import SCOPES
from numina.wiring import api_app
from tests.support.recorded import nothing_recorded
from tests.support.service import Person, post, refused, register, settings

READING = ["accounts:read", "transactions:read", "books:read", "profile:read"]


def make(person: Person, scopes: list[str] | None = None, **fields: Any) -> tuple[Person, str]:
    """The person as a program with a fresh key sees them, and the id of the key."""
    made = person.post("/users/me/api-keys", {"name": "Sheet", "scopes": scopes or READING, **fields})
    assert made.status_code == 201, made.text
    return replace(person, token=made.json()["key"]), made.json()["id"]


def topics(url: str, stream_id: str) -> list[str]:
    """The facts of a stream, once those that are noted beside the requests are there."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT topic FROM record.stored_events WHERE originator_id = %s ORDER BY originator_version",
            (stream_id,),
        ).fetchall()
    return [row[0] for row in rows]


def until(found: Callable[[], object]) -> None:
    began = time.monotonic()
    while not found():
        assert time.monotonic() - began < 5
        time.sleep(0.02)


def test_a_key_does_what_its_scopes_say_and_no_more(ada: Person) -> None:
    program, _ = make(ada)
    assert program.get("/users/me").json()["id"] == ada.user_id
    assert program.get("/accounts").status_code == 200
    refusal = refused(program.post("/accounts", {}), 403, "scope_needed")
    assert refusal["needed_scope"] == "accounts:write"
    refused(program.get("/reports/net-worth"), 403, "scope_needed")


def test_a_key_posts_in_the_name_of_its_person(ada: Person) -> None:
    program, _ = make(ada, ["accounts:write", "transactions:write", "audit:read"])
    posted = post(program, program.account("Purse"), program.account("Pay", "income"), "5.00", "2026-03-01")
    (entry,) = program.get("/audit/logs", params={"command_id": posted["command_id"]}).json()["items"]
    assert entry["actor"] == {"id": ada.user_id, "name": "Ada"}


FOR_PEOPLE = sorted(k for k, access in PERMISSIONS.items() if access.who != "anybody" and not access.scope)


@pytest.mark.parametrize("label", FOR_PEOPLE)
def test_no_key_does_what_takes_a_person(label: str, every_scope: Person, api_database: str) -> None:
    method, _, path = label.partition(" ")
    path = path.removeprefix("/v1").replace("{", "").replace("}", "")
    with nothing_recorded(api_database):
        refused(every_scope.request(method, path, json={}), 403, "not_permitted")


@pytest.fixture(scope="module")
def every_scope(client: TestClient, api_database: str) -> Person:
    program, key_id = make(register(client, name="Ada"), list(SCOPES))
    program.get("/users/me")
    until(lambda: "key.used" in topics(api_database, key_id))
    return program


def test_keys_sessions_factors_members_and_roles_take_a_person() -> None:
    kept = ("/auth/", "/sessions", "/api-keys", "/members", "/invitations", "/admin/", "/consents", "/roles")
    writing = {
        label
        for label, access in PERMISSIONS.items()
        if access.scope and not label.startswith("GET ") and any(part in label for part in kept)
    }
    assert writing == set()
    assert {label for label in PERMISSIONS if "api-keys" in label and PERMISSIONS[label].scope} == set()


def test_a_key_is_shown_once_and_stored_nowhere(ada: Person, api_database: str) -> None:
    program, key_id = make(ada, name="Spreadsheet of Ada")
    secret = program.token
    listed = ada.get("/users/me/api-keys")
    (item,) = listed.json()["items"]
    assert item["id"] == key_id
    assert item["name"] == "Spreadsheet of Ada"
    assert "key" not in item
    assert secret not in listed.text + ada.get(f"/users/me/api-keys/{key_id}").text
    with psycopg.connect(api_database) as connection:
        rows = connection.execute("SELECT convert_from(state, 'UTF8') FROM record.stored_events").fetchall()
        rows += connection.execute("SELECT k::text FROM views.keys k").fetchall()
        rows += connection.execute("SELECT c::text FROM registers.commands c").fetchall()
    text = "\n".join(row[0] for row in rows)
    # The id at its beginning is no secret; the name is one, but for the read model.
    assert secret[40:] not in text
    assert secret not in text


def test_a_key_that_is_asked_for_again_is_not_shown_again(ada: Person) -> None:
    wish, key = {"name": "Sheet", "scopes": ["books:read"]}, {"idempotency-key": "make-it-once"}
    first = ada.post("/users/me/api-keys", wish, headers=key)
    again = ada.post("/users/me/api-keys", wish, headers=key)
    assert first.json() | {"key": None} == again.json()
    assert first.json()["key"].startswith(PREFIX)
    tried = ada.post("/users/me/api-keys?dry_run=true", wish)
    assert (tried.status_code, tried.json()["key"]) == (200, None)
    assert len(ada.get("/users/me/api-keys").json()["items"]) == 1


def test_making_a_key_takes_a_fresh_proof(client: TestClient, ada: Person) -> None:
    services = client.app._services  # type: ignore[attr-defined]  # the outermost layer
    session, long_ago = ada.tokens["session_id"], int(time.time()) - 3_600
    stale = services.tokens.issue(ada.user_id, ada.book_id, session, ["pwd"], long_ago)
    wish = {"name": "Sheet", "scopes": ["books:read"]}
    refused(replace(ada, token=stale).post("/users/me/api-keys", wish), 403, "step_up_needed")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"scopes": []}, 422, "invalid_request"),
        ({"scopes": ["everything"]}, 422, "invalid_request"),
        ({"scopes": ["books:read", "admin"]}, 422, "invalid_request"),
        ({"scopes": "books:read"}, 422, "invalid_request"),
        ({"name": ""}, 422, "invalid_request"),
        ({"name": "a\x00b"}, 422, "invalid_request"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 422, "key_lifeless"),
        ({"expires_at": "2030-01-01"}, 422, "invalid_request"),
        ({"book_id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c52"}, 404, "not_found"),
        ({"user_id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c52"}, 422, "invalid_request"),
        ({"digest": "AAAA"}, 422, "invalid_request"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(
    ada: Person, change: dict[str, Any], status: int, code: str
) -> None:
    refused(ada.post("/users/me/api-keys", {"name": "Sheet", "scopes": READING} | change), status, code)


def test_nobody_has_keys_without_end(ada: Person) -> None:
    for _ in range(MOST_KEYS):
        make(ada, ["books:read"])
    refused(ada.post("/users/me/api-keys", {"name": "More", "scopes": READING}), 409, "too_many_keys")


def test_a_revoked_key_is_refused_at_once_and_for_ever(ada: Person) -> None:
    program, key_id = make(ada)
    assert program.get("/accounts").status_code == 200
    assert ada.delete(f"/users/me/api-keys/{key_id}").status_code == 204
    refused(program.get("/accounts"), 401, "not_authenticated")
    assert ada.delete(f"/users/me/api-keys/{key_id}").status_code == 204
    assert ada.get("/users/me/api-keys").json()["items"] == []
    refused(ada.get(f"/users/me/api-keys/{key_id}"), 404, "unknown_key")
    refused(ada.patch(f"/users/me/api-keys/{key_id}", {"name": "x"}), 404, "unknown_key")


def test_another_process_hears_of_it_within_seconds(ada: Person, api_database: str) -> None:
    program, key_id = make(ada)
    with TestClient(api_app(settings(api_database)), raise_server_exceptions=False) as other:
        elsewhere = replace(program, client=other)
        assert elsewhere.get("/accounts").status_code == 200
        ada.delete(f"/users/me/api-keys/{key_id}")
        began = time.monotonic()
        while elsewhere.get("/accounts").status_code == 200:
            assert time.monotonic() - began < 5
            time.sleep(0.05)


def test_an_expired_key_is_refused_and_its_misuse_noted_once(
    client: TestClient, ada: Person, api_database: str
) -> None:
    services = client.app._services  # type: ignore[attr-defined]  # the outermost layer
    soon = services.clock() + dt.timedelta(seconds=1)
    program, key_id = make(ada, expires_at=soon.isoformat())
    assert program.get("/accounts").status_code == 200
    until(lambda: program.get("/accounts").status_code == 401)
    for _ in range(3):
        assert "expired" in refused(program.get("/accounts"), 401, "not_authenticated")["detail"]
    until(lambda: "key.misused" in topics(api_database, key_id))
    assert sorted(topics(api_database, key_id)) == ["key.made", "key.misused", "key.used"]
    assert ada.get(f"/users/me/api-keys/{key_id}").json()["misused_at"] is not None


def test_use_is_noted_once_and_seen_by_its_person(ada: Person, api_database: str) -> None:
    program, key_id = make(ada)
    for _ in range(5):
        program.get("/accounts")
    until(lambda: "key.used" in topics(api_database, key_id))
    assert topics(api_database, key_id) == ["key.made", "key.used"]
    assert ada.get(f"/users/me/api-keys/{key_id}").json()["used_at"] is not None


def test_a_key_for_one_book_knows_no_other(ada: Person, bob: Person) -> None:
    shop = ada.post("/books", {"name": "Shop"}).json()["id"]
    program, _ = make(ada, [*READING, "books:write"], book_id=shop)
    assert [book["id"] for book in program.get("/books").json()["items"]] == [shop]
    assert program.get(f"/books/{shop}").json()["name"] == "Shop"
    assert program.get("/accounts").status_code == 200
    assert program.get("/accounts", headers={"numina-book": shop}).status_code == 200
    for other in (ada.book_id, bob.book_id, "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c52"):
        refused(program.get(f"/books/{other}"), 404, "unknown_book")
        refused(program.patch(f"/books/{other}", {"name": "x"}), 404, "unknown_book")
        refused(program.get("/accounts", headers={"numina-book": other}), 404, "unknown_book")
    refused(program.post("/books", {"name": "Another"}), 403, "not_permitted")


def test_a_key_opens_nothing_of_somebody_else(ada: Person, bob: Person) -> None:
    program, key_id = make(ada)
    refused(program.get("/accounts", headers={"numina-book": bob.book_id}), 404, "unknown_book")
    refused(bob.get(f"/users/me/api-keys/{key_id}"), 404, "unknown_key")
    refused(bob.patch(f"/users/me/api-keys/{key_id}", {"name": "Mine"}), 404, "unknown_key")
    refused(bob.delete(f"/users/me/api-keys/{key_id}"), 404, "unknown_key")
    refused(
        bob.post("/users/me/api-keys", {"name": "x", "scopes": READING, "book_id": ada.book_id}),
        404,
        "not_found",
    )
    assert key_id not in bob.get("/users/me/api-keys").text
    assert program.get("/accounts").status_code == 200


def test_a_renamed_key_works_on(ada: Person) -> None:
    program, key_id = make(ada)
    assert ada.patch(f"/users/me/api-keys/{key_id}", {"name": "Other"}).json()["name"] == "Other"
    refused(ada.patch(f"/users/me/api-keys/{key_id}", {"scopes": list(SCOPES)}), 422, "invalid_request")
    assert ada.get("/users/me/api-keys").json()["items"][0]["name"] == "Other"
    assert program.get("/accounts").status_code == 200


def with_checksum(raw: bytes) -> str:
    return PREFIX + urlsafe_b64encode(raw + crc32(raw).to_bytes(4, "big")).decode()


def test_what_is_not_quite_a_key_opens_nothing(client: TestClient, ada: Person, bob: Person) -> None:
    key = make(ada)[0].token
    raw = urlsafe_b64decode(key.removeprefix(PREFIX))[:-4]
    other = urlsafe_b64decode(make(bob)[0].token.removeprefix(PREFIX))[:-4]
    hostile = {
        "another checksum": key[:-1] + ("A" if key[-1] != "A" else "B"),
        "cut short": key[:-1],
        "prefix alone": PREFIX,
        "too long": key + "A",
        "another secret": with_checksum(raw[:47] + bytes([raw[47] ^ 1]) + raw[48:]),
        "his secret with her id": with_checksum(raw[:16] + other[16:]),
        "her secret with his id": with_checksum(other[:16] + raw[16:]),
        "capitals": key.swapcase(),
        "in quotes": f'"{key}"',
        "two keys": f"{key}, {key}",
        "two in one": f"{key} {key}",
        "a tab behind": key + "\t",
        "of another kind": key.replace("numina_k_", "numina_r_"),
    }
    for kind, text in hostile.items():
        answer = client.get("/v1/accounts", headers={"authorization": f"Bearer {text}"})
        assert answer.status_code == 401, kind
        assert key not in answer.text


def test_oddities_of_the_header(client: TestClient, ada: Person) -> None:
    key = make(ada)[0].token

    def say(*values: str) -> Response:
        return client.get("/v1/accounts", headers=[("authorization", value) for value in values])

    assert say(f"Bearer {key}").status_code == 200
    assert say(f"bearer {key}").status_code == 200
    for values in (
        [key],
        [f"Basic {key}"],
        [f"Bearer{key}"],
        [f"Bearer  {key}"],
        [f"Bearer\t{key}"],
        [f"Token {key}"],
        ["Bearer"],
        ["Bearer "],
        [f"Bearer {key}", "Bearer x"],
    ):
        assert say(*values).status_code == 401, values
    assert client.get("/v1/accounts", params={"api_key": key, "access_token": key}).status_code == 401
    assert client.get("/v1/accounts", headers={"x-api-key": key}).status_code == 401


def test_a_key_is_no_other_token(client: TestClient, ada: Person) -> None:
    program, _ = make(ada)
    refused(client.post("/v1/auth/refresh", json={"refresh_token": program.token}), 401, "not_authenticated")
    refused(program.post("/auth/logout", {}), 403, "not_permitted")


def test_signing_out_everywhere_leaves_keys_alone(ada: Person) -> None:
    program, _ = make(ada)
    ada.post("/auth/logout", {"everywhere": True})
    assert program.get("/accounts").status_code == 200


def test_checking_a_key_asks_the_database_nothing_once_it_is_known(
    client: TestClient, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, _ = make(ada)
    program.get("/accounts")
    services = client.app._services  # type: ignore[attr-defined]  # the outermost layer
    time.sleep(1.5)
    program.get("/accounts")
    asked = []
    monkeypatch.setattr(type(services.standing), "_read", lambda *a: asked.append(a))
    assert program.get("/accounts").status_code == 200
    assert asked == []


def test_a_key_that_reads_the_trail_reads_nothing_of_its_person(ada: Person) -> None:
    program, _ = make(ada, ["audit:read", "transactions:read"])
    ada.patch("/users/me", {"name": "Augusta"})
    (renamed,) = ada.get("/audit/logs", params={"topic": "user.renamed"}).json()["items"]
    for path in ("/audit/logs", "/changes"):
        found = program.get(path)
        assert found.json()["items"]
        assert not [item for item in found.json()["items"] if item["topic"].startswith("user.")]
        assert ada.email not in found.text
    refused(program.get(f"/audit/proofs/{renamed['position']}"), 404, "unknown_position")
    refused(program.get(f"/commands/{renamed['command_id']}"), 404, "unknown_command")

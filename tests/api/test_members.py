"""Sharing a book: who belongs to it, as what, and what they may do there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from tests.support.household import household
from tests.support.membership import join
from tests.support.service import Person, refused, register

People = Callable[..., Person]


@pytest.fixture
def carol(client: TestClient) -> Person:
    return register(client, name="Carol")


def members(person: Person, book_id: str) -> dict[str, str]:
    """Roles by name, as somebody sees them."""
    listed = person.get(f"/books/{book_id}/members")
    assert listed.status_code == 200, listed.text
    return {each["name"]: each["role"] for each in listed.json()["items"]}


def test_everybody_sees_who_belongs_to_the_book(ada: Person, bob: Person, carol: Person) -> None:
    join(ada, bob, "editor")
    join(ada, carol, "viewer")
    for person in (ada, bob, carol):
        assert members(person, ada.book_id) == {"Ada": "owner", "Bob": "editor", "Carol": "viewer"}


def test_a_book_is_listed_with_what_one_is_in_it(ada: Person, bob: Person) -> None:
    join(ada, bob, "viewer")
    listed = {book["id"]: book["role"] for book in bob.get("/books").json()["items"]}
    assert listed == {bob.book_id: "owner", ada.book_id: "viewer"}
    assert bob.get(f"/books/{ada.book_id}").json()["role"] == "viewer"
    assert ada.get(f"/books/{ada.book_id}").json()["role"] == "owner"


def test_a_viewer_reads_and_does_not_write(ada: Person, bob: Person) -> None:
    home = household(ada)
    home.post(home.expense("4.00"))
    viewer = join(ada, bob, "viewer")
    assert len(viewer.get("/transactions").json()["items"]) == 1
    assert viewer.get(f"/accounts/{home.checking}").status_code == 200
    refused(viewer.post("/transactions", home.expense("1.00")), 403, "not_permitted")
    refused(viewer.post("/accounts", {"name": "x", "kind": "asset"}), 403, "not_permitted")
    refused(viewer.patch(f"/books/{ada.book_id}", {"name": "Mine"}), 403, "not_permitted")


def test_an_editor_writes_and_does_not_manage(ada: Person, bob: Person) -> None:
    home = household(ada)
    editor = join(ada, bob, "editor")
    first = editor.post("/transactions", home.expense("4.00"))
    assert first.status_code == 201
    many = editor.post("/transactions/bulk", {"items": [home.expense("1.00"), home.expense("2.00")]})
    assert many.status_code in (200, 201, 207), many.text
    assert ada.get(f"/accounts/{home.checking}/balance").json()["balances"][0]["posted"]["amount"] == "-7.00"
    refused(editor.patch(f"/books/{ada.book_id}", {"name": "Mine"}), 403, "not_permitted")
    for method, path, body in (
        ("DELETE", f"/books/{ada.book_id}/members/{ada.user_id}", None),
        ("PATCH", f"/books/{ada.book_id}/members/{bob.user_id}", {"role": "viewer"}),
        ("POST", f"/books/{ada.book_id}/owner", {"user_id": bob.user_id}),
        ("POST", f"/books/{ada.book_id}/invitations", {"email": "x@example.org", "role": "viewer"}),
        ("GET", f"/books/{ada.book_id}/invitations", None),
    ):
        refused(editor.request(method, path, json=body), 403, "not_permitted")


def test_editors_undo_what_others_entered(ada: Person, bob: Person) -> None:
    home = household(ada)
    posted = home.post(home.expense("4.00")).json()
    editor = join(ada, bob, "editor")
    assert editor.get(f"/commands/{posted['command_id']}").status_code == 200
    undone = editor.post(f"/commands/{posted['command_id']}/undo")
    assert undone.status_code in (200, 201), undone.text
    assert ada.get(f"/transactions/{posted['id']}").json()["state"] == "voided"


def test_editors_undo_nothing_that_only_the_owner_may_do(ada: Person, bob: Person) -> None:
    renamed = ada.patch(f"/books/{ada.book_id}", {"name": "Ours"})
    editor = join(ada, bob, "editor")
    commands = ada.get("/audit/logs").json()["items"]
    by_topic = {each["topic"]: each["command_id"] for each in commands}
    assert renamed.status_code == 200
    refused(editor.post(f"/commands/{by_topic['book.renamed']}/undo"), 403, "role_needed")
    refused(editor.post(f"/commands/{by_topic['book.member_joined']}/undo"), 409, "not_undoable")
    refused(ada.post(f"/commands/{by_topic['book.member_joined']}/undo"), 409, "not_undoable")
    refused(ada.post(f"/commands/{by_topic['invitation.sent']}/undo"), 409, "not_undoable")
    assert ada.post(f"/commands/{by_topic['book.renamed']}/undo").status_code in (200, 201)


def test_what_somebody_changed_of_themselves_is_undone_by_nobody_else(ada: Person, bob: Person) -> None:
    ada.patch("/users/me", {"name": "Ada Lovelace"})
    command_id = next(
        each["command_id"]
        for each in ada.get("/audit/logs").json()["items"]
        if each["topic"] == "user.renamed"
    )
    editor = join(ada, bob, "editor")
    answer = editor.post(f"/commands/{command_id}/undo")
    assert answer.status_code in (403, 404), answer.text
    assert ada.get("/users/me").json()["name"] == "Ada Lovelace"


def test_a_reconciliation_of_an_editor_is_the_books(ada: Person, bob: Person) -> None:
    home = household(ada)
    posted = home.post(home.expense("4.00")).json()
    editor = join(ada, bob, "editor")
    statement = {"account_id": home.checking, "date": "2026-12-31", "closing_balance": "-4.00"}
    made = editor.post("/reconciliations", statement | {"transaction_ids": [posted["id"]]})
    assert made.status_code == 201, made.text
    assert ada.get(f"/reconciliations/{made.json()['id']}").status_code == 200


def test_the_trail_says_who_did_it(ada: Person, bob: Person) -> None:
    home = household(ada)
    editor = join(ada, bob, "editor")
    editor.post("/transactions", home.expense("4.00"))
    newest = ada.get("/audit/logs").json()["items"][0]
    assert newest["actor"] == {"id": bob.user_id, "name": "Bob"}
    theirs = editor.get("/audit/logs", params={"limit": 200}).json()["items"]
    about_people = {each["topic"] for each in theirs if each["topic"].startswith("user.")}
    assert about_people == set(), "what ada did with her account is not bob's to know"
    changed = editor.get("/changes", params={"limit": 500}).json()["items"]
    assert not [each for each in changed if each["topic"].startswith("user.")]
    assert {"book.member_joined", "invitation.sent"} <= {each["topic"] for each in changed}


def test_whom_the_owner_invites_is_nobody_elses_business(
    ada: Person, bob: Person, client: TestClient
) -> None:
    viewer = join(ada, bob, "viewer")
    wish = {"email": "third.party@example.com", "role": "editor", "message": "hush, a surprise"}
    sent = ada.post(f"/books/{ada.book_id}/invitations", wish)
    assert sent.status_code == 201, sent.text
    paths = ["/audit/logs", "/changes"]
    key = ada.post("/users/me/api-keys", {"name": "x", "scopes": ["transactions:read", "audit:read"]}).json()
    program = {"authorization": f"Bearer {key['key']}"}
    for path in paths:
        assert "third.party" in ada.get(path).text
        for told in (viewer.get(path).text, client.get(f"/v1{path}", headers=program).text):
            assert "third.party" not in told
            assert "hush" not in told


def test_roles_change_at_once(ada: Person, bob: Person) -> None:
    home = household(ada)
    person = join(ada, bob, "viewer")
    refused(person.post("/transactions", home.expense("1.00")), 403, "not_permitted")
    answer = ada.patch(f"/books/{ada.book_id}/members/{bob.user_id}", {"role": "editor"})
    assert answer.json() == {"user_id": bob.user_id, "role": "editor"}
    assert person.post("/transactions", home.expense("1.00")).status_code == 201
    refused(
        ada.patch(f"/books/{ada.book_id}/members/{bob.user_id}", {"role": "owner"}), 422, "invalid_request"
    )
    refused(ada.patch(f"/books/{ada.book_id}/members/{uuid4()}", {"role": "viewer"}), 404, "unknown_member")
    refused(ada.patch(f"/books/{ada.book_id}/members/none", {"role": "viewer"}), 404, "unknown_member")


def test_who_is_removed_or_leaves_is_out_at_once(ada: Person, bob: Person, carol: Person) -> None:
    one, other = join(ada, bob), join(ada, carol)
    assert ada.delete(f"/books/{ada.book_id}/members/{bob.user_id}").status_code == 204
    assert other.post(f"/books/{ada.book_id}/leave").status_code == 204
    for person in (one, other):
        refused(person.get("/accounts"), 404, "unknown_book")
        refused(person.get(f"/books/{ada.book_id}"), 404, "unknown_book")
        refused(person.get(f"/books/{ada.book_id}/members"), 404, "unknown_book")
        assert [book["id"] for book in person.get("/books").json()["items"]] == [person.book_id]
    refused(ada.delete(f"/books/{ada.book_id}/members/{bob.user_id}"), 404, "unknown_member")
    assert members(ada, ada.book_id) == {"Ada": "owner"}


def test_the_owner_gives_the_book_away_and_leaves(ada: Person, bob: Person) -> None:
    join(ada, bob)
    path = f"/books/{ada.book_id}"
    refused(ada.post(f"{path}/leave"), 409, "last_owner")
    refused(ada.delete(f"{path}/members/{ada.user_id}"), 409, "last_owner")
    refused(ada.patch(f"{path}/members/{ada.user_id}", {"role": "editor"}), 409, "last_owner")
    refused(ada.post(f"{path}/owner", {"user_id": str(uuid4())}), 404, "unknown_member")
    given = ada.post(f"{path}/owner", {"user_id": bob.user_id})
    assert given.json() == {"user_id": bob.user_id, "role": "owner"}
    assert members(bob, ada.book_id) == {"Ada": "editor", "Bob": "owner"}
    refused(ada.post(f"{path}/owner", {"user_id": ada.user_id}), 403, "not_permitted")
    assert ada.post(f"{path}/leave").status_code == 204
    # It was the book of her own: without it she still signs in, and opens another.
    refused(ada.get("/accounts"), 404, "unknown_book")
    fresh = ada.post("/books", {"name": "Anew", "currency": "EUR"})
    assert fresh.status_code == 201, fresh.text
    assert ada.get("/accounts", headers={"numina-book": fresh.json()["id"]}).status_code == 200
    assert ada.get("/users/me").status_code == 200


def test_giving_a_book_away_takes_a_fresh_proof(ada: Person, bob: Person, client: TestClient) -> None:
    join(ada, bob)
    services: Any = client.app._services  # type: ignore[attr-defined]  # the outermost layer
    stale = services.tokens.issue(ada.user_id, ada.book_id, ada.tokens["session_id"], ["pwd"], 0)
    path = f"/books/{ada.book_id}/owner"
    answer = ada.post(path, {"user_id": bob.user_id}, headers={"authorization": f"Bearer {stale}"})
    refused(answer, 403, "step_up_needed")


def test_two_who_give_the_book_to_two_others_leave_one_owner(ada: Person, bob: Person, carol: Person) -> None:
    join(ada, bob)
    join(ada, carol)
    with ThreadPoolExecutor(2) as pool:
        asked = [
            pool.submit(ada.post, f"/books/{ada.book_id}/owner", {"user_id": to.user_id})
            for to in (bob, carol)
        ]
        statuses = sorted(each.result().status_code for each in asked)
    assert statuses == [200, 403]
    assert sorted(members(ada, ada.book_id).values()) == ["editor", "editor", "owner"]


def test_a_stream_ends_for_who_is_removed(ada: Person, bob: Person, client: TestClient) -> None:
    person = join(ada, bob)
    ended = threading.Event()

    def follow() -> None:
        person.get("/stream")
        ended.set()

    threading.Thread(target=follow, daemon=True).start()
    time.sleep(0.5)
    assert not ended.is_set()
    assert ada.delete(f"/books/{ada.book_id}/members/{bob.user_id}").status_code == 204
    assert ended.wait(6)


def test_several_books_do_not_mix(ada: Person, bob: Person) -> None:
    theirs, own = household(ada), household(bob)
    shared = join(ada, bob)
    shared.post("/transactions", theirs.expense("4.00"))
    own.post(own.expense("9.00"))
    assert len(shared.get("/transactions").json()["items"]) == 1
    assert len(bob.get("/transactions").json()["items"]) == 1
    refused(shared.get(f"/accounts/{own.checking}"), 404, "unknown_account")
    refused(bob.get(f"/accounts/{theirs.checking}"), 404, "unknown_account")

"""Inviting by mail: who may, whom it reaches, and what each may do with it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from starlette.testclient import TestClient

from gateways.invitation_tokens import InvitationTokens
from tests.support.membership import invite, join, verified
from tests.support.service import Person, refused, register


@pytest.fixture
def ada(client: TestClient) -> Person:
    return verified(register(client, name="Ada"))


@pytest.fixture
def bob(client: TestClient) -> Person:
    return verified(register(client, name="Bob"))


def token_of(person: Person, invitation_id: str) -> str:
    """What the letter of the invitation bears."""
    services: Any = person.client.app._services  # type: ignore[attr-defined]  # the outermost layer
    return InvitationTokens(services.vault.mac).issue(UUID(invitation_id))


def test_an_invitation_is_listed_on_both_sides_and_accepted(ada: Person, bob: Person) -> None:
    sent = ada.post(
        f"/books/{ada.book_id}/invitations", {"email": bob.email, "role": "viewer", "message": "Our book"}
    )
    assert sent.status_code == 201
    told = sent.json()
    assert sent.headers["location"] == f"/v1/invitations/{told['id']}"
    assert told["invited_by"] == {"user_id": ada.user_id, "name": "Ada"}
    assert ada.get(f"/books/{ada.book_id}/invitations").json() == {"items": [told]}
    assert bob.get("/invitations").json() == {"items": [told | {"book": "Home"}]}
    assert ada.get("/invitations").json() == {"items": []}
    accepted = bob.post(f"/invitations/{told['id']}/accept")
    assert accepted.json() == {"book_id": ada.book_id, "role": "viewer"}
    for person, path in ((ada, f"/books/{ada.book_id}/invitations"), (bob, "/invitations")):
        assert person.get(path).json() == {"items": []}
    assert bob.post(f"/invitations/{told['id']}/accept").json() == accepted.json()


def test_somebody_who_is_not_here_yet_is_invited(ada: Person, client: TestClient) -> None:
    invitation_id = invite(ada, "later@example.org")
    later = register(client, email="Later@Example.org")
    refused(later.get("/invitations"), 403, "address_unverified")
    refused(later.post(f"/invitations/{invitation_id}/accept"), 403, "address_unverified")
    verified(later)
    assert [each["id"] for each in later.get("/invitations").json()["items"]] == [invitation_id]
    assert later.post(f"/invitations/{invitation_id}/accept").status_code == 200


def test_the_letter_shows_that_the_address_is_theirs(ada: Person, client: TestClient) -> None:
    invitation_id = invite(ada, "letter@example.org")
    reader = register(client, email="letter@example.org")
    body = {"token": token_of(ada, invitation_id)}
    tried = reader.post("/invitations/accept", body, params={"dry_run": "true"})
    refused(tried, 404, "unknown_invitation")
    assert reader.post("/invitations/accept", body).json() == {"book_id": ada.book_id, "role": "editor"}
    # That was proof enough for anything else that takes a verified address.
    assert reader.get("/invitations").status_code == 200


def test_a_letter_opens_nothing_to_somebody_with_another_address(
    ada: Person, bob: Person, client: TestClient
) -> None:
    body = {"token": token_of(ada, invite(ada, bob.email))}
    mallory = register(client)
    refused(mallory.post("/invitations/accept", body), 404, "unknown_invitation")
    refused(mallory.post("/invitations/decline", body), 404, "unknown_invitation")
    refused(mallory.get("/invitations"), 403, "address_unverified")
    assert bob.post("/invitations/decline", body).status_code == 204
    refused(bob.post("/invitations/accept", body), 409, "invitation_over")


@pytest.mark.parametrize("change", ["code", "id", "short", "words", "empty"])
def test_a_made_up_token_is_of_no_use(ada: Person, bob: Person, change: str) -> None:
    token = token_of(ada, invite(ada, bob.email))
    forged = {
        "code": token[:-1] + ("A" if token[-1] != "A" else "B"),
        "id": token.replace(token[12:16], "AAAA"),
        "short": token[:-4],
        "words": "numina_i_" + "!" * 64,
        "empty": "",
    }[change]
    refused(bob.post("/invitations/accept", {"token": forged}), 404, "unknown_invitation")


def test_an_invitation_for_another_address_does_not_exist(
    ada: Person, bob: Person, client: TestClient
) -> None:
    mallory = verified(register(client))
    invitation_id = invite(ada, bob.email)
    for named in (invitation_id, str(uuid4()), "none"):
        refused(mallory.post(f"/invitations/{named}/accept"), 404, "unknown_invitation")
        refused(mallory.post(f"/invitations/{named}/decline"), 404, "unknown_invitation")
        refused(mallory.delete(f"/invitations/{named}"), 404, "unknown_invitation")
    assert mallory.get("/invitations").json() == {"items": []}


def test_inviting_takes_a_verified_address(client: TestClient) -> None:
    zoe = register(client)
    answer = zoe.post(f"/books/{zoe.book_id}/invitations", {"email": "x@example.org", "role": "viewer"})
    refused(answer, 403, "address_unverified")


@pytest.mark.parametrize(
    "body",
    [
        {"email": "x@example.org", "role": "owner"},
        {"email": "x@example.org"},
        {"email": "no address", "role": "viewer"},
        {"email": "x@example.org\r\nBcc: y@example.org", "role": "viewer"},
        {"email": "аdа@example.org", "role": "viewer"},  # two letters are Cyrillic
        {"email": "x@example.org", "role": "viewer", "message": "x" * 501},
        {"email": "x@example.org", "role": "viewer", "user_id": str(uuid4())},
    ],
)
def test_what_cannot_be_invited(ada: Person, body: dict[str, Any]) -> None:
    assert ada.post(f"/books/{ada.book_id}/invitations", body).status_code == 422


def test_inviting_again_replaces(ada: Person, bob: Person) -> None:
    first = invite(ada, bob.email, "viewer")
    second = invite(ada, bob.email.upper().replace("EXAMPLE.COM", "example.com"), "editor")
    assert [each["id"] for each in bob.get("/invitations").json()["items"]] == [second]
    refused(bob.post(f"/invitations/{first}/accept"), 404, "unknown_invitation")
    assert bob.post(f"/invitations/{second}/accept").json()["role"] == "editor"
    answer = ada.post(f"/books/{ada.book_id}/invitations", {"email": bob.email, "role": "viewer"})
    refused(answer, 409, "already_member")


def test_one_key_sends_one_invitation(ada: Person, bob: Person) -> None:
    headers = {"idempotency-key": "once"}
    body = {"email": bob.email, "role": "viewer"}
    path = f"/books/{ada.book_id}/invitations"
    first, second = (ada.post(path, body, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert len(bob.get("/invitations").json()["items"]) == 1


def test_trying_sends_nothing(ada: Person, bob: Person) -> None:
    tried = ada.post(f"/books/{ada.book_id}/invitations?dry_run=true", {"email": bob.email, "role": "viewer"})
    assert tried.status_code == 200
    assert bob.get("/invitations").json() == {"items": []}


def test_withdrawn_ones_are_not_offered(ada: Person, bob: Person, client: TestClient) -> None:
    withdrawn = invite(ada, bob.email)
    assert ada.delete(f"/invitations/{withdrawn}").status_code == 204
    assert ada.delete(f"/invitations/{withdrawn}").status_code == 204
    assert bob.get("/invitations").json() == {"items": []}
    refused(bob.post(f"/invitations/{withdrawn}/accept"), 404, "unknown_invitation")


def test_editors_withdraw_nothing(ada: Person, bob: Person) -> None:
    join(ada, bob, "editor")
    invitation_id = invite(ada, "guest@example.org")
    refused(bob.delete(f"/invitations/{invitation_id}"), 403, "role_needed")


def test_accepting_twice_at_once_joins_once(ada: Person, bob: Person) -> None:
    invitation_id = invite(ada, bob.email)
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(bob.post, f"/invitations/{invitation_id}/accept") for _ in range(2)]
        assert {each.result().status_code for each in asked} == {200}
    joined = [e for e in ada.get("/changes?limit=500").json()["items"] if e["topic"] == "book.member_joined"]
    assert len(joined) == 1


def test_who_was_removed_does_not_come_back_by_the_old_invitation(ada: Person, bob: Person) -> None:
    invitation_id = invite(ada, bob.email)
    assert bob.post(f"/invitations/{invitation_id}/accept").status_code == 200
    assert ada.delete(f"/books/{ada.book_id}/members/{bob.user_id}").status_code == 204
    refused(bob.post(f"/invitations/{invitation_id}/accept"), 409, "invitation_over")
    token = {"token": token_of(ada, invitation_id)}
    refused(bob.post("/invitations/accept", token), 409, "invitation_over")
    refused(bob.get(f"/books/{ada.book_id}"), 404, "unknown_book")


def test_the_letter_is_in_no_trail(ada: Person, bob: Person) -> None:
    invitation_id = invite(ada, bob.email)
    token = token_of(ada, invitation_id)
    for path in ("/audit/logs?limit=100", "/changes?limit=500", f"/books/{ada.book_id}/invitations"):
        assert token not in ada.get(path).text

"""What an API key opens: what its scopes name, in the books that it is good in, and nothing about the person.
And what takes a fresh proof of who one is."""

from __future__ import annotations

from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from ledger.keys.scopes import SCOPES
from tests.api.test_permissions import GUARDED, OF_A_BOOK, STAFF, TABLE, call, let_in
from tests.support.membership import verified
from tests.support.service import Person, register
from tests.support.staff import give

BY_KEY = sorted(label for label in GUARDED if TABLE[label].scope is not None)
NEVER_BY_KEY = sorted(set(GUARDED) - set(BY_KEY))

LEAVING = {"/auth/logout", "/users/me/sessions", "/users/me/sessions/{session_id}"}
RECENT = {
    "POST /v1/auth/passkeys/options",
    "DELETE /v1/auth/passkeys/{passkey_id}",
    "POST /v1/auth/oidc/{provider}/link/start",
    "DELETE /v1/users/me/identities/{identity_id}",
    "GET /v1/users/me/export",
    "DELETE /v1/users/me",
    "POST /v1/users/me/api-keys",
    "POST /v1/users/me/email",
    "POST /v1/books/{book_id}/owner",
    "POST /v1/auth/totp",
    "DELETE /v1/auth/totp",
    "POST /v1/auth/recovery-codes",
    "POST /v1/admin/users/{user_id}/roles",
    "DELETE /v1/admin/users/{user_id}/roles",
    "POST /v1/admin/users/{user_id}/suspend",
    "POST /v1/admin/users/{user_id}/reinstate",
}
"""What takes a proof of who one is that is five minutes old at most."""


class Keys:
    """Ada's API keys, made when they are first asked for."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.ada = register(client, name="Ada")
        other = self.ada.post("/books", {"name": "Other"})
        self.other_book = other.json()["id"]
        self._made: dict[tuple[frozenset[str], str | None], str] = {}

    def key(self, *scopes: str, book_id: str | None = None) -> str:
        wanted = (frozenset(scopes), book_id)
        if wanted not in self._made:
            body: dict[str, Any] = {"name": "tests", "scopes": sorted(scopes), "book_id": book_id}
            answer = self.ada.post("/users/me/api-keys", body)
            assert answer.status_code == 201, answer.text
            self._made[wanted] = answer.json()["key"]
        return self._made[wanted]

    def call(self, label: str, key: str) -> Response:
        return call(None, self.client, label, self.ada.book_id, authorization=f"Bearer {key}")


@pytest.fixture(scope="module")
def keys(client: TestClient) -> Keys:
    return Keys(client)


@pytest.mark.parametrize("label", BY_KEY)
def test_a_key_opens_what_its_scope_names_and_no_more(label: str, keys: Keys) -> None:
    needed = TABLE[label].scope
    assert needed is not None
    answer = keys.call(label, keys.key(needed))
    assert let_in(answer), answer.text
    others = keys.call(label, keys.key(*(scope for scope in SCOPES if scope != needed)))
    assert others.status_code == 403
    assert others.json()["code"] == "scope_needed"
    assert others.json()["needed_scope"] == needed


@pytest.mark.parametrize("label", NEVER_BY_KEY)
def test_no_key_opens_what_is_for_the_person_alone(label: str, keys: Keys) -> None:
    answer = keys.call(label, keys.key(*SCOPES))
    assert answer.status_code == 403
    assert answer.json()["code"] == "not_permitted"


@pytest.mark.parametrize("label", sorted(set(BY_KEY) & set(OF_A_BOOK)))
def test_a_key_of_one_book_finds_no_other(label: str, keys: Keys) -> None:
    answer = keys.call(label, keys.key(*SCOPES, book_id=keys.other_book))
    assert answer.status_code == 404
    assert answer.json()["code"] == "unknown_book"


@pytest.fixture(scope="module")
def subject(client: TestClient) -> Person:
    """Somebody who may do all there is."""
    person = verified(register(client))
    for role in STAFF:
        give(person, role)
    return person


# What ends the session would end it for the next one as well; that it opens is seen elsewhere.
@pytest.mark.parametrize("label", [label for label in GUARDED if label.partition(" /v1")[2] not in LEAVING])
def test_what_is_dangerous_takes_a_fresh_proof(label: str, client: TestClient, subject: Person) -> None:
    services = client.app._services  # type: ignore[attr-defined]  # the outermost layer of the application
    now = int(services.clock().timestamp())
    session = (subject.user_id, subject.book_id, subject.tokens["session_id"], ["pwd"])
    token = services.tokens.issue(*session, now - 301)
    answer = call(None, client, label, subject.book_id, authorization=f"Bearer {token}")
    if label in RECENT:
        assert answer.status_code == 403
        assert answer.json()["code"] == "step_up_needed"
    else:
        assert let_in(answer), answer.text

"""What a member may do with a shared book: every operation of it, called by each role."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.api.test_permissions import EDITOR, OF_A_BOOK, OWNER, TABLE, VIEWER, call, let_in
from tests.support.service import Person, register
from tests.support.shared_book import join

# Whoever leaves is not there for the next call; tests/api/test_members.py tries it.
LEAVING = "POST /v1/books/{book_id}/leave"
RANKS = {VIEWER: 1, EDITOR: 2, OWNER: 3}


@pytest.fixture(scope="module")
def members(client: TestClient, api_database: str) -> dict[str, Person]:
    """The members of Ada's book by their roles."""
    ada = register(client, name="Ada")
    vera, emil = join(api_database, client, ada, vera="viewer", emil="editor")
    return {VIEWER: vera, EDITOR: emil, OWNER: ada}


@pytest.mark.parametrize("role", [VIEWER, EDITOR])
@pytest.mark.parametrize("label", [label for label in OF_A_BOOK if label != LEAVING])
def test_a_member_may_do_what_their_role_says(
    label: str, role: str, client: TestClient, members: dict[str, Person]
) -> None:
    answer = call(members[role], client, label, members[OWNER].book_id)
    if RANKS[role] >= RANKS[TABLE[label].who]:
        assert let_in(answer), answer.text
        return
    assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
    assert answer.json()["role"] == role
    assert answer.json()["needed_role"] == TABLE[label].who


def test_a_member_is_nobody_in_their_fellows_other_books(members: dict[str, Person]) -> None:
    ada, emil = members[OWNER], members[EDITOR]
    other = ada.post("/books", {"name": "Ada's own"}).json()["id"]
    for path in ("/accounts", "/transactions", "/reports/net-worth", f"/books/{other}"):
        answer = emil.get(path, headers={"numina-book": other})
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_book")

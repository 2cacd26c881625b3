"""A book that several people belong to, in the running service."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from ledger.books.book import Book
from ledger.books.roles import Role
from tests.support.service import Person, register


def join(monkeypatch: pytest.MonkeyPatch, client: TestClient, owner: Person, **names: Role) -> list[Person]:
    """People who belong to the owner's book with some role, and act in it: `join(..., bob="editor")`."""
    people = {name: register(client, name=name.title()) for name in names}
    roles = {UUID(people[name].user_id): role for name, role in names.items()}
    before = Book.role_of

    def role_of(book: Book, user_id: UUID) -> Role | None:
        if str(book.book_id) == owner.book_id and user_id in roles:
            return roles[user_id]
        return before(book, user_id)

    monkeypatch.setattr(Book, "role_of", role_of)
    return [replace(person, headers={"Numina-Book": owner.book_id}) for person in people.values()]

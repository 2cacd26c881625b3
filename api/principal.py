"""Who asks, and on which book: what authorising a request found out."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from starlette.requests import Request

from api.services import context
from ledger.books.roles import Role


class Principal(NamedTuple):
    """The person who is signed in, and the book that the request is about.

    `role` is theirs in `book_id`; None for an operation that is not about a book. They are here by a session or an
    API key, which may be good in its `only_book` alone. `auth_time` is when they last proved who they are, and
    `expires` when the token or key runs out (seconds since 1970; 0 for never); `methods` say how they proved it
    (RFC 8176).
    """

    user_id: UUID
    book_id: UUID
    home_book_id: UUID
    role: Role | None
    session_id: UUID | None = None
    key_id: UUID | None = None
    only_book: UUID | None = None
    auth_time: int = 0
    methods: tuple[str, ...] = ()
    expires: int = 0


def principal(request: Request) -> Principal:
    """Who was found to be allowed to call this operation, which is not a public one."""
    found = context(request).principal
    if found is None:
        raise LookupError("a public operation has no principal")
    return found

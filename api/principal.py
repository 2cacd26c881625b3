"""Who asks, and on which book: the bearer token and the Numina-Book header."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from starlette.requests import Request

from api.problems import NotAuthenticated
from api.reading import stream
from api.services import context
from gateways.tokens import Identity, InvalidToken
from ledger.books.book import Book
from ledger.books.commands import UnknownBook


class Principal(NamedTuple):
    """The person who signed in, and the book that the request is about."""

    user_id: UUID
    book_id: UUID


def identity(request: Request) -> Identity:
    """The person of the bearer token. Raises NotAuthenticated."""
    found = context(request)
    header = found.headers.get(b"authorization")
    if header is None:
        raise NotAuthenticated(
            "Send the access token from POST /v1/auth/login as `Authorization: Bearer ...`."
        )
    scheme, _, token = header.partition(b" ")
    if scheme.lower() != b"bearer":
        raise NotAuthenticated("The Authorization header must be `Bearer` and an access token.")
    try:
        return found.services.tokens.verify(token.decode("latin-1"))
    except InvalidToken as error:
        raise NotAuthenticated(f"The access token is not accepted: {error}. Sign in again.") from None


async def principal(request: Request) -> Principal:
    """The person, and their own book or that of Numina-Book. Raises NotAuthenticated, UnknownBook."""
    person = identity(request)
    wanted = context(request).headers.get(b"numina-book")
    if wanted is None:
        return Principal(person.user_id, person.home_book_id)
    try:
        book_id = UUID(wanted.decode("ascii"))
    except ValueError:
        raise UnknownBook("Numina-Book must be the id of one of your books.", field="Numina-Book") from None
    if book_id != person.home_book_id:
        await owned(request, person.user_id, book_id)
    return Principal(person.user_id, book_id)


async def owned(request: Request, user_id: UUID, book_id: UUID) -> Book:
    """The book, if it belongs to the person. Raises UnknownBook alike for what does not exist."""
    book = await stream(request, book_id, Book)
    if book is None or book.owner_id != user_id:
        raise UnknownBook("There is no such book among yours.", book_id=str(book_id))
    return book

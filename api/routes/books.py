"""Books: whose money it is, in which currency and time zone it is kept."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.authorising import NotPermitted
from api.carrying_out import carried_out, carry_out, made
from api.describe import operation, router
from api.fields import Body, Currency, Name, Zone
from api.idempotency import frame
from api.paging import ListPage, cut, link
from api.preconditions import expected_version
from api.principal import principal
from api.reading import fresh, left_by, read_body, read_query, stream_with_version
from api.responses import answer, etag, location
from api.services import services
from ledger.books.book import Book
from ledger.books.commands import AmendBook, OpenBook
from ledger.books.refusals import UnknownBook
from ledger.entities import fold
from ledger.identity.user import User
from projections.books import BookView, books_of

routes = router("Books")

_EXAMPLE = {
    "id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4e",
    "name": "Home",
    "owner_id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4d",
    "currency": "EUR",
    "time_zone": "Europe/Berlin",
    "role": "owner",
    "version": 1,
}


class BookAnswer(TypedDict):
    """A book. Reports default to `currency`; `time_zone` says what day it is in the book; `role` is what you are in
    it."""

    id: UUID
    name: str
    owner_id: UUID
    role: str
    currency: str
    time_zone: str
    version: int


class BookList(TypedDict):
    """Books, the oldest first."""

    items: list[BookAnswer]
    next_cursor: str | None


class NewBook(Body):
    """A further book; currency and time zone default to yours."""

    name: Name
    currency: Currency | None = None
    time_zone: Zone | None = None


class BookChange(Body):
    """What is to change; what is left out stays. A new zone or currency moves no past date or amount."""

    name: Name | None = None
    currency: Currency | None = None
    time_zone: Zone | None = None


@routes.post(
    "/books",
    **operation(
        "Open a further book",
        body=NewBook,
        example={"name": "Workshop", "currency": "EUR"},
        status=201,
        answer=BookAnswer,
        answer_example=_EXAMPLE | {"name": "Workshop"},
        refusals=(422,),
    ),
)
async def open_book(request: Request) -> Response:
    who = principal(request)
    if who.only_book is not None:
        raise NotPermitted("This API key is good in one book alone.")
    body = await read_body(request, NewBook)
    known = services(request)
    user, _ = await stream_with_version(request, who.user_id, User)
    # An idempotency key of a new book is bound to the home book; the new book has no id yet.
    framed = await frame(request, who)
    framed["book_id"] = known.new_id()
    command = OpenBook(
        **framed,
        title=body.name,
        currency=body.currency or (user.currency if user else "USD"),
        time_zone=body.time_zone or (user.time_zone if user else "UTC"),
    )
    outcome = await carry_out(request, command)
    opened = outcome.facts[0]
    book = fold([opened])
    return made(
        command,
        outcome,
        _answered(book, 1, who.user_id),
        [etag(1), location(f"/v1/books/{opened.stream_id}")],
    )


@routes.get(
    "/books",
    **operation(
        "List the books that you belong to",
        query=ListPage,
        answer=BookList,
        answer_example={"items": [_EXAMPLE], "next_cursor": None},
    ),
)
async def list_books(request: Request) -> Response:
    who = principal(request)
    query = read_query(request, ListPage)
    async with fresh(request) as connection:
        views = await books_of(connection, who.user_id)
    if who.only_book is not None:
        views = [view for view in views if view.book_id == who.only_book]
    page, following = cut(request, query, views, lambda view: view.book_id)
    shown = [_shown(view) for view in page]
    return answer(BookList(items=shown, next_cursor=following), headers=link(request, following))


@routes.get(
    "/books/{book_id}",
    **operation("Read a book", answer=BookAnswer, answer_example=_EXAMPLE, refusals=(404,)),
)
async def read(request: Request) -> Response:
    book, version = await _mine(request)
    return answer(_answered(book, version, principal(request).user_id), headers=[etag(version)])


@routes.patch(
    "/books/{book_id}",
    **operation(
        "Change a book",
        body=BookChange,
        example={"name": "Household"},
        answer=BookAnswer,
        answer_example=_EXAMPLE | {"name": "Household", "version": 2},
        refusals=(404, 412, 422),
    ),
)
async def change(request: Request) -> Response:
    who = principal(request)
    body = await read_body(request, BookChange)
    outcome = await carry_out(
        request,
        AmendBook(
            **await frame(request, who),
            title=body.name,
            currency=body.currency,
            time_zone=body.time_zone,
            expected_version=expected_version(request),
        ),
    )
    book, version = await left_by(request, outcome, who.book_id, Book)
    if book is None:
        raise UnknownBook("There is no such book among yours.")
    return carried_out(outcome, _answered(book, version, who.user_id), [etag(version)])


async def _mine(request: Request) -> tuple[Book, int]:
    book, version = await stream_with_version(request, principal(request).book_id, Book)
    if book is None:
        raise UnknownBook("There is no such book among yours.")
    return book, version


def _answered(book: Book, version: int, user_id: UUID) -> BookAnswer:
    return BookAnswer(
        id=book.book_id,
        name=book.text.get("name", ""),
        owner_id=book.owner_id,
        role=book.role_of(user_id) or "",
        currency=book.currency,
        time_zone=book.time_zone,
        version=version,
    )


def _shown(view: BookView) -> BookAnswer:
    return BookAnswer(
        id=view.book_id,
        name=view.name,
        owner_id=view.owner_id,
        role=view.role,
        currency=view.currency,
        time_zone=view.time_zone,
        version=view.version,
    )

"""The auditors who may read the words of a book."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.carrying_out import carry_out
from api.describe import operation, router
from api.idempotency import frame
from api.principal import principal
from api.reading import path_id, stream
from api.responses import Answer, answer
from ledger.books.auditing import GrantAuditor, UnknownAuditor, WithdrawAuditor
from ledger.books.book import Book
from ledger.books.refusals import UnknownBook

routes = router("Books")

_ID = "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c53"


class AuditorAnswer(TypedDict):
    """An auditor who may read the words of the book."""

    id: UUID


class AuditorList(TypedDict):
    """The auditors who may read the words of the book."""

    items: list[AuditorAnswer]


@routes.get(
    "/books/{book_id}/auditors",
    **operation(
        "List who may audit the words of a book",
        answer=AuditorList,
        answer_example={"items": [{"id": _ID}]},
        refusals=(404,),
    ),
)
async def list_auditors(request: Request) -> Response:
    """Any auditor reads amounts, dates and what was done in every book, but no words."""
    book = await stream(request, principal(request).book_id, Book)
    if book is None:
        raise UnknownBook("There is no such book among yours.")
    return answer(AuditorList(items=[AuditorAnswer(id=each) for each in sorted(book.auditors)]))


@routes.put(
    "/books/{book_id}/auditors/{auditor_id}",
    **operation("Let an auditor read the words of a book", status=204, refusals=(403, 404)),
)
async def grant(request: Request) -> Response:
    """Words on accounts that are private to somebody stay sealed, and so do those of people about themselves. Ask the
    auditor for their id."""
    auditor_id = path_id(request, "auditor_id", UnknownAuditor)
    await carry_out(request, GrantAuditor(**await frame(request, principal(request)), auditor_id=auditor_id))
    return Answer(b"", 204)


@routes.delete(
    "/books/{book_id}/auditors/{auditor_id}",
    **operation("Let an auditor read the words of a book no more", status=204, refusals=(403, 404)),
)
async def withdraw(request: Request) -> Response:
    auditor_id = path_id(request, "auditor_id", UnknownAuditor)
    command = WithdrawAuditor(**await frame(request, principal(request)), auditor_id=auditor_id)
    await carry_out(request, command)
    return Answer(b"", 204)

"""Taking everything along."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.describe import operation, router
from api.exporting import Export, Whose
from api.fields import Query
from api.principal import principal
from api.reading import fresh, progress, read_query
from api.services import services
from projections.belongings import count
from projections.books import books_of
from projections.veil import veil

routes = router("Privacy")


class ExportQuery(Query):
    """In which form."""

    anonymised: Annotated[
        bool,
        Field(
            description="Without words and instants, and with other ids: amounts, dates and kinds of your "
            "books, of which nobody can tell whose they are."
        ),
    ] = False


@routes.get(
    "/users/me/export",
    **operation(
        "Take everything along",
        query=ExportQuery,
        download=("application/zip",),
        refusals=(403, 422),
    ),
)
async def export(request: Request) -> Response:
    """A ZIP archive of all that is known of you and of your books, made while it is sent: a README, JSON lines for
    each kind of thing, and last a manifest with counts and SHA-256. `Numina-Export-Facts` says how many facts are
    coming, which are the larger part of it; it is left out where something in a shared book is private to somebody
    else. An archive without a manifest was broken off."""
    who = principal(request)
    query = read_query(request, ExportQuery)
    known = services(request)
    async with fresh(request) as connection:
        books = await books_of(connection, who.user_id)
        _, last, _ = await progress(connection)
        whose = Whose(who.user_id, books, last, known.clock(), query.anonymised)
        facts = await count(connection, whose.streams, last)
        hidden = [await veil(connection, book.book_id, who.user_id) for book in books]
    headers = {"content-disposition": f'attachment; filename="numina-{whose.made_at:%Y-%m-%d}.zip"'}
    if not any(hidden):
        # Elsewhere it would tell how much is recorded on what is private to others.
        headers["numina-export-facts"] = str(facts)
    return StreamingResponse(Export(request, whose).chunks(), media_type="application/zip", headers=headers)

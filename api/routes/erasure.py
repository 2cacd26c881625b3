"""Asking to be forgotten, and thinking better of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.carrying_out import carried_out, carry_out
from api.describe import operation, router
from api.oneself import about_oneself
from api.principal import principal
from api.reading import fresh, left_by
from api.responses import answer
from api.services import services
from ledger.identity.user import User
from ledger.privacy.commands import AskErasure, CancelErasure
from projections.books import BookView, MemberView, books_of, members_of

routes = router("Privacy")


class BookFate(TypedDict):
    """What becomes of one of your books: `erased` with you, its words gone for ever; or it `stays` with those who
    share it, who see you as [erased]. If it is yours, it passes to `new_owner_id`: the editor who came first, or
    where there is none, the viewer. Give it to somebody else before, if you want that."""

    book_id: UUID
    name: str
    fate: Literal["erased", "stays"]
    new_owner_id: UUID | None


class Erasure(TypedDict):
    """When you will be forgotten (null: you will not), and what becomes of your books."""

    due_at: dt.datetime | None
    books: list[BookFate]


_EXAMPLE = {
    "due_at": "2026-03-15T12:00:00Z",
    "books": [
        {
            "book_id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4e",
            "name": "Home",
            "fate": "erased",
            "new_owner_id": None,
        }
    ],
}


@routes.delete(
    "/users/me",
    **operation(
        "Ask to be forgotten",
        status=202,
        answer=Erasure,
        answer_example=_EXAMPLE,
        refusals=(403,),
    ),
)
async def ask(request: Request) -> Response:
    """You are signed out everywhere else at once. Until `due_at` you may sign in and cancel. Then every word of yours
    is destroyed for ever; amounts, dates and proofs stay, of nobody. Asking again changes nothing."""
    who = principal(request)
    known = services(request)
    framed = await about_oneself(request)
    due_at = framed["now"] + known.erasure_grace
    outcome = await carry_out(request, AskErasure(**framed, due_at=due_at, session_id=who.session_id))
    user, _ = await left_by(request, outcome, who.user_id, User)
    payload = Erasure(
        due_at=user.privacy.erasure_due if user else None, books=await _fates(request, who.user_id)
    )
    return answer(payload, 200 if framed["dry_run"] else 202)


@routes.post(
    "/users/me/erasure/cancel",
    **operation(
        "Stay after all", answer=Erasure, answer_example={"due_at": None, "books": []}, refusals=(409,)
    ),
)
async def cancel(request: Request) -> Response:
    framed = await about_oneself(request)
    outcome = await carry_out(request, CancelErasure(**framed))
    return carried_out(outcome, Erasure(due_at=None, books=[]))


async def _fates(request: Request, user_id: UUID) -> list[BookFate]:
    async with fresh(request) as connection:
        return [
            _fate(user_id, book, await members_of(connection, book.book_id))
            for book in await books_of(connection, user_id)
        ]


def _fate(user_id: UUID, book: BookView, members: Sequence[MemberView]) -> BookFate:
    others = sorted((m for m in members if m.user_id != user_id), key=lambda m: m.role != "editor")
    return BookFate(
        book_id=book.book_id,
        name=book.name,
        fate="stays" if others else "erased",
        new_owner_id=others[0].user_id if others and book.role == "owner" else None,
    )

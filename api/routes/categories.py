"""Categories: what money is earned and spent on."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api.accounts import (
    EXAMPLE,
    AccountAnswer,
    AccountList,
    CategoryChanges,
    CategoryQuery,
    NewCategory,
    shown,
    words_of,
)
from api.carrying_out import carry_out
from api.describe import operation, router
from api.idempotency import frame
from api.preconditions import expected_version
from api.principal import Principal, principal
from api.reading import fresh, path_id, read_body, read_query, stream
from api.responses import answer, etag
from api.routes.accounts import changed, listed, opened, states
from api.services import services
from ledger.accounts.account import Account
from ledger.accounts.commands import UNCHANGED, AmendAccount, ArchiveAccount, OpenAccount
from ledger.accounts.events import Kind
from ledger.accounts.refusals import UnknownAccount
from ledger.books.book import Book
from projections.accounts import account, accounts

routes = router("Categories")

_EXAMPLE = EXAMPLE | {
    "name": "Groceries",
    "kind": "expense",
    "type": "expense",
    "any_currency": True,
    "floor": None,
    "institution": None,
    "parent_id": "019a9d3e-8b20-7d11-9a01-5c2f4e6a7b81",
}


CATEGORY_KINDS: tuple[Kind, ...] = ("income", "expense")


class UnknownCategory(UnknownAccount):
    """There is no such category in this book."""

    code = "unknown_category"


@routes.post(
    "/categories",
    **operation(
        "Open a category",
        body=NewCategory,
        example={"name": "Groceries", "kind": "expense", "parent_id": "019a9d3e-8b20-7d11-9a01-5c2f4e6a7b81"},
        status=201,
        answer=AccountAnswer,
        answer_example=_EXAMPLE,
        refusals=(404, 409, 422),
    ),
)
async def open_category(request: Request) -> Response:
    who = principal(request)
    body = await read_body(request, NewCategory)
    known = services(request)
    currency = body.currency
    if currency is None:
        book = await stream(request, who.book_id, Book)
        currency = book.currency if book else "USD"
    command = OpenAccount(
        **await frame(request, who),
        account_id=known.new_id(),
        kind=body.kind,
        type=body.kind,
        currency=currency,
        any_currency=True,
        parent_id=body.parent_id,
        text={word: text for word, text in words_of(body, body.model_fields_set).items() if text},
    )
    return await opened(request, command, await carry_out(request, command), "/v1/categories")


@routes.get(
    "/categories",
    **operation(
        "List categories",
        query=CategoryQuery,
        answer=AccountList,
        answer_example={"items": [_EXAMPLE | {"path": ["Food", "Groceries"]}], "next_cursor": None},
        refusals=(422,),
    ),
)
async def list_categories(request: Request) -> Response:
    who = principal(request)
    query = read_query(request, CategoryQuery)
    kinds: tuple[Kind, ...] = CATEGORY_KINDS if query.kind is None else (query.kind,)
    async with fresh(request) as connection:
        views = await accounts(connection, who.book_id, kinds=kinds, states=states(query.archived))
    return listed(request, query, views)


@routes.get(
    "/categories/{category_id}",
    **operation(
        "Read a category",
        answer=AccountAnswer,
        answer_example=_EXAMPLE | {"path": ["Food", "Groceries"]},
        refusals=(404,),
    ),
)
async def read(request: Request) -> Response:
    who = principal(request)
    category_id = path_id(request, "category_id", UnknownCategory)
    async with fresh(request) as connection:
        view = await account(connection, who.book_id, category_id)
    if view is None or view.account.state == "withdrawn" or view.account.kind not in CATEGORY_KINDS:
        raise UnknownCategory(f"There is no category {category_id} in this book.")
    return answer(shown(view), headers=[etag(view.account.version)])


@routes.patch(
    "/categories/{category_id}",
    **operation(
        "Change a category",
        body=CategoryChanges,
        example={"name": "Food", "parent_id": None},
        answer=AccountAnswer,
        answer_example=_EXAMPLE | {"name": "Food", "parent_id": None, "version": 3},
        refusals=(404, 409, 412, 422),
    ),
)
async def change(request: Request) -> Response:
    who = principal(request)
    category_id = path_id(request, "category_id", UnknownCategory)
    body = await read_body(request, CategoryChanges)
    await _category(request, who, category_id)
    given = body.model_fields_set
    outcome = await carry_out(
        request,
        AmendAccount(
            **await frame(request, who),
            account_id=category_id,
            expected_version=expected_version(request),
            text=words_of(body, given),
            parent_id=body.parent_id if "parent_id" in given else UNCHANGED,
            archived=body.archived,
        ),
    )
    return await changed(request, outcome, category_id)


@routes.delete(
    "/categories/{category_id}",
    **operation(
        "Archive a category",
        answer=AccountAnswer,
        answer_example=_EXAMPLE | {"archived": True, "version": 2},
        refusals=(404, 409, 412),
    ),
)
async def archive(request: Request) -> Response:
    who = principal(request)
    category_id = path_id(request, "category_id", UnknownCategory)
    await _category(request, who, category_id)
    outcome = await carry_out(
        request,
        ArchiveAccount(
            **await frame(request, who), account_id=category_id, expected_version=expected_version(request)
        ),
    )
    return await changed(request, outcome, category_id)


async def _category(request: Request, who: Principal, category_id: UUID) -> None:
    """Raises UnknownCategory for what is none of this book."""
    found = await stream(request, category_id, Account)
    if found is None or found.book_id != who.book_id or found.kind not in CATEGORY_KINDS:
        raise UnknownCategory(f"There is no category {category_id} in this book.")

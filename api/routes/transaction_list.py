"""The list of transactions: filtered, searched, page by page."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal

from msgspec.structs import replace
from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.commodities import Declared, declared
from api.describe import operation, router
from api.fields import Amount, CivilDate, Id
from api.paging import Page, cursor, link, position
from api.principal import principal
from api.reading import fresh, read_query
from api.responses import answer
from api.services import context
from api.times import KnownAt, known_position
from api.transaction_answers import TransactionAnswer, places, transaction_answer
from api.transaction_examples import LISTED
from ledger.accounts.account import private_side
from ledger.money import InvalidAmount, read_amount
from ledger.transactions.events import Type
from projections.listed import Listed
from projections.search import Filters, transactions

routes = router("Transactions")

Words = Annotated[str, StringConstraints(max_length=200)]


class TransactionQuery(Page):
    """Which transactions; all conditions must hold."""

    from_: Annotated[CivilDate | None, Field(alias="from", description="The first date, inclusive.")] = None
    to: Annotated[CivilDate | None, Field(description="The last date, inclusive.")] = None
    account_id: Annotated[Id | None, Field(description="With a posting on this account.")] = None
    category_id: Annotated[
        Id | None, Field(description="With a posting on this category or one below it.")
    ] = None
    min_amount: Annotated[
        Amount | None, Field(description="Some posting is at least so large, either sign.")
    ] = None
    max_amount: Annotated[
        Amount | None, Field(description="Some posting is at most so large, either sign.")
    ] = None
    payee: Annotated[Words | None, Field(description="Words, or beginnings of words, in the payee.")] = None
    tag: Annotated[Words | None, Field(description="One whole tag, in any case.")] = None
    type: Type | None = None
    state: Annotated[
        Literal["pending", "posted", "voided", "any"] | None,
        Field(description="If left out, all but the voided."),
    ] = None
    q: Annotated[
        Words | None,
        Field(description="Words, or beginnings of words, in payee, notes, tags and memos."),
    ] = None
    known_at: KnownAt = None


class ListedTransaction(TransactionAnswer):
    """A transaction with when it was first recorded and when it last changed."""

    created_at: dt.datetime
    updated_at: dt.datetime


class TransactionList(TypedDict):
    """A page, the latest date first, and of one date the latest recorded first."""

    items: list[ListedTransaction]
    next_cursor: str | None
    known_at: int | None


@routes.get(
    "/transactions",
    **operation(
        "List transactions",
        query=TransactionQuery,
        answer=TransactionList,
        answer_example=LISTED,
        refusals=(422, 503),
    ),
)
async def transaction_list(request: Request) -> Response:
    """The latest first. Searching reads the words of the people concerned, whatever case and accents. As known
    at a position in the past, transactions have the date, state and postings that were in force then; words are
    searched for and shown as they are now."""
    who = principal(request)
    query = read_query(request, TransactionQuery)
    filters = _filters(query)
    after = position(request, query.cursor)
    async with fresh(request) as connection:
        known_at = await known_position(connection, query.known_at, context(request).position)
        if context(request).veil is not None:
            filters = replace(filters, side=private_side(who.book_id))
        page = await transactions(
            connection, who.book_id, filters, limit=query.limit, after=after, known_at=known_at
        )
    decimals = await declared(request, [p for item in page.items for p in places(item.transaction)])
    following = cursor(request, page.next) if page.next is not None else None
    shown = TransactionList(
        items=[_shown(item, decimals) for item in page.items], next_cursor=following, known_at=known_at
    )
    return answer(shown, headers=link(request, following))


def _filters(query: TransactionQuery) -> Filters:
    return Filters(
        first=query.from_,
        last=query.to,
        account_id=query.account_id,
        category_id=query.category_id,
        min_amount=_magnitude(query.min_amount, "min_amount"),
        max_amount=_magnitude(query.max_amount, "max_amount"),
        payee=query.payee,
        text=query.q,
        tag=query.tag,
        type=query.type,
        state=query.state,
    )


def _magnitude(text: str | None, field: str) -> Decimal | None:
    if text is None:
        return None
    amount = read_amount(text, field=field)
    if amount < 0:
        raise InvalidAmount("Amounts are searched for without their sign.", field=field)
    return amount


def _shown(item: Listed, decimals: Declared) -> ListedTransaction:
    return {
        **transaction_answer(item.transaction, decimals),
        "created_at": item.created_at,
        "updated_at": item.updated_at,
    }

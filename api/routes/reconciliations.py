"""Reconciliations: statements that agree with the bank's, and lock what is on them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.carrying_out import carried_out, carry_out, made
from api.commodities import declared
from api.describe import operation, router
from api.fields import Amount, Body, CivilDate, Currency, Id, Line, Notes
from api.idempotency import frame
from api.money import Money, Sum, amount_in, money
from api.paging import ListPage, cut, link
from api.principal import Principal, principal
from api.reading import fresh, left_by, path_id, read_body, read_query, stream_with_version
from api.responses import answer, etag, location
from api.services import services
from api.visibility import sight
from ledger.accounts.account import Account
from ledger.accounts.refusals import UnknownAccount
from ledger.entities import fold
from ledger.reconciliations.commands import (
    MOST_TRANSACTIONS,
    CompleteReconciliation,
    UnlockReconciliation,
)
from ledger.reconciliations.reconciliation import Reconciliation
from ledger.reconciliations.refusals import UnknownReconciliation
from projections.lines import cleared
from projections.statements import ReconciliationRow, reconciliations

routes = router("Reconciliation")


class NewReconciliation(Body):
    """A bank's statement: the account's last reconciled closing balance and the legs of `transaction_ids` on the
    account must come to `closing_balance` (debit positive)."""

    account_id: Id
    date: CivilDate
    closing_balance: Amount | Sum
    currency: Annotated[Currency | None, Field(description="The account's main one if left out.")] = None
    transaction_ids: Annotated[
        list[Id] | None,
        Field(
            max_length=MOST_TRANSACTIONS,
            description="If left out, all that are marked cleared up to the date.",
        ),
    ] = None
    notes: Notes | None = None


class Unlocking(Body):
    """Why."""

    reason: Line | None = None


class ReconciliationQuery(ListPage):
    """Which statements."""

    account_id: Id | None = None


class ReconciliationAnswer(TypedDict):
    """A reconciled statement. While `locked`, amounts, dates and accounts of its transactions cannot change."""

    id: UUID
    account_id: UUID
    date: dt.date
    currency: str
    closing_balance: Money
    locked: bool
    transaction_ids: list[UUID]
    notes: str | None
    version: int
    command_id: UUID | None


class ReconciliationList(TypedDict):
    """Statements, the latest first."""

    items: list[ReconciliationAnswer]
    next_cursor: str | None


_COMMAND = "019a9d3f-1c00-7b11-8c22-aa31bd0c9e11"
_EXAMPLE: dict[str, Any] = {
    "id": "019a9d42-2b00-7c31-9d00-6f0d9b1f2c4d",
    "account_id": "019a9d3e-8b20-7d11-9a01-5c2f4e6a7b80",
    "date": "2026-02-28",
    "currency": "EUR",
    "closing_balance": {"amount": "1250.00", "currency": "EUR"},
    "locked": True,
    "transaction_ids": ["019a9d3e-9c30-7e21-8b11-1f2e3d4c5b6a"],
    "notes": None,
    "version": 1,
    "command_id": None,
}


@routes.post(
    "/reconciliations",
    **operation(
        "Reconcile a statement",
        body=NewReconciliation,
        example={
            "account_id": _EXAMPLE["account_id"],
            "date": "2026-02-28",
            "closing_balance": "1250.00",
            "transaction_ids": _EXAMPLE["transaction_ids"],
        },
        status=201,
        answer=ReconciliationAnswer,
        answer_example=_EXAMPLE | {"command_id": _COMMAND},
        refusals=(404, 409, 422, 503),
    ),
)
async def complete(request: Request) -> Response:
    """Its transactions are marked cleared and locked. If it does not add up, the refusal tells the difference."""
    who = principal(request)
    body = await read_body(request, NewReconciliation)
    known = services(request)
    found, _ = await stream_with_version(request, body.account_id, Account)
    account: Account | None = (await sight(request)).entity(found)
    if account is None or account.book_id != who.book_id:
        raise UnknownAccount(f"There is no account {body.account_id} in this book.", field="account_id")
    closing = body.closing_balance
    currency = body.currency or (closing.currency if isinstance(closing, Sum) else account.currency)
    chosen = body.transaction_ids
    if chosen is None:
        async with fresh(request) as connection:
            chosen = await cleared(
                connection, account.account_id, currency, body.date, limit=MOST_TRANSACTIONS + 1
            )
    command = CompleteReconciliation(
        **await frame(request, who),
        reconciliation_id=known.new_id(),
        account_id=account.account_id,
        date=body.date,
        currency=currency,
        closing_balance=amount_in(closing, currency, "closing_balance"),
        transaction_ids=chosen,
        text={"notes": body.notes} if body.notes else {},
    )
    outcome = await carry_out(request, command)
    first = outcome.facts[0]
    shown = await _answered(request, fold([first]), 1, outcome.command_id)
    return made(command, outcome, shown, [etag(1), location(f"/v1/reconciliations/{first.stream_id}")])


@routes.get(
    "/reconciliations",
    **operation(
        "List reconciled statements",
        query=ReconciliationQuery,
        answer=ReconciliationList,
        answer_example={"items": [_EXAMPLE], "next_cursor": None},
        refusals=(422,),
    ),
)
async def list_reconciliations(request: Request) -> Response:
    who = principal(request)
    query = read_query(request, ReconciliationQuery)
    async with fresh(request) as connection:
        rows = await reconciliations(connection, who.book_id, account_id=query.account_id)
    page, following = cut(request, query, rows, lambda row: row.reconciliation_id)
    shown = [await _answered(request, row, row.version, None) for row in page]
    return answer(ReconciliationList(items=shown, next_cursor=following), headers=link(request, following))


@routes.get(
    "/reconciliations/{reconciliation_id}",
    **operation(
        "Read a reconciled statement", answer=ReconciliationAnswer, answer_example=_EXAMPLE, refusals=(404,)
    ),
)
async def read(request: Request) -> Response:
    who = principal(request)
    statement, version = await _one(request, who)
    return answer(await _answered(request, statement, version, None), headers=[etag(version)])


@routes.post(
    "/reconciliations/{reconciliation_id}/unlock",
    **operation(
        "Unlock a reconciled statement",
        body=Unlocking,
        example={"reason": "The bank corrected a booking"},
        answer=ReconciliationAnswer,
        answer_example=_EXAMPLE | {"locked": False, "version": 2, "command_id": _COMMAND},
        refusals=(404, 409, 422, 503),
    ),
)
async def unlock(request: Request) -> Response:
    """Only the last one of an account: later statements begin where it ends. Its transactions stay cleared."""
    who = principal(request)
    body = await read_body(request, Unlocking)
    reconciliation_id = path_id(request, "reconciliation_id", UnknownReconciliation)
    outcome = await carry_out(
        request,
        UnlockReconciliation(
            **await frame(request, who), reconciliation_id=reconciliation_id, reason=body.reason
        ),
    )
    left, version = await left_by(request, outcome, reconciliation_id, Reconciliation)
    statement = (await sight(request)).entity(left)
    if statement is None:
        raise UnknownReconciliation(f"There is no reconciliation {reconciliation_id} in this book.")
    shown = await _answered(request, statement, version, outcome.command_id)
    return carried_out(outcome, shown, [etag(version)])


async def _one(request: Request, who: Principal) -> tuple[Reconciliation, int]:
    reconciliation_id = path_id(request, "reconciliation_id", UnknownReconciliation)
    found, version = await stream_with_version(request, reconciliation_id, Reconciliation)
    statement: Reconciliation | None = (await sight(request)).entity(found)
    if statement is None or statement.book_id != who.book_id:
        raise UnknownReconciliation(f"There is no reconciliation {reconciliation_id} in this book.")
    return statement, version


async def _answered(
    request: Request, statement: Reconciliation | ReconciliationRow, version: int, command_id: UUID | None
) -> ReconciliationAnswer:
    place = (statement.account_id, statement.currency)
    decimals = (await declared(request, [place])).get(place)
    notes = statement.notes if isinstance(statement, ReconciliationRow) else statement.text.get("notes")
    return ReconciliationAnswer(
        id=statement.reconciliation_id,
        account_id=statement.account_id,
        date=statement.date,
        currency=statement.currency,
        closing_balance=money(statement.closing_balance, statement.currency, decimals),
        locked=statement.locked,
        transaction_ids=list(statement.transaction_ids),
        notes=notes or None,
        version=version,
        command_id=command_id,
    )

"""Balance assertions: what somebody says a balance is, held true from then on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.carrying_out import carried_out, carry_out, made
from api.commodities import declared
from api.describe import operation, router
from api.fields import Amount, Body, CivilDate, Currency, Id, Notes
from api.idempotency import frame
from api.money import Money, Sum, amount_in, money
from api.paging import ListPage, cut, link
from api.principal import Principal, principal
from api.reading import fresh, path_id, read_body, read_query, stream
from api.responses import answer, location
from api.services import services
from api.visibility import sight
from ledger.accounts.account import Account
from ledger.accounts.asserting import AssertBalance, WithdrawAssertion
from ledger.accounts.events import BalanceAsserted
from ledger.accounts.refusals import UnknownAccount, UnknownAssertion
from ledger.record import Recorded
from projections import statements
from projections.statements import AssertionRow

routes = router("Reconciliation")


class NewAssertion(Body):
    """At the end of `date` the posted balance of the account is `amount` (debit positive)."""

    account_id: Id
    date: CivilDate
    amount: Amount | Sum
    currency: Annotated[Currency | None, Field(description="The account's main one if left out.")] = None
    notes: Notes | None = None


class AssertionQuery(ListPage):
    """Which assertions; by default all that are made."""

    account_id: Id | None = None


class AssertionAnswer(TypedDict):
    """A balance assertion. A later change that would falsify it meets the account's `floor_policy`."""

    id: UUID
    account_id: UUID
    date: dt.date
    amount: Money
    notes: str | None
    command_id: UUID | None


class AssertionList(TypedDict):
    """Assertions, the latest date first."""

    items: list[AssertionAnswer]
    next_cursor: str | None


_EXAMPLE: dict[str, Any] = {
    "id": "019a9d41-2b00-7c31-9d00-6f0d9b1f2c4d",
    "account_id": "019a9d3e-8b20-7d11-9a01-5c2f4e6a7b80",
    "date": "2026-02-28",
    "amount": {"amount": "1250.00", "currency": "EUR"},
    "notes": "Statement 2/2026",
    "command_id": None,
}


@routes.post(
    "/assertions",
    **operation(
        "Assert a balance",
        body=NewAssertion,
        example={
            "account_id": _EXAMPLE["account_id"],
            "date": "2026-02-28",
            "amount": "1250.00",
            "notes": "Statement 2/2026",
        },
        status=201,
        answer=AssertionAnswer,
        answer_example=_EXAMPLE | {"command_id": "019a9d3f-1c00-7b11-8c22-aa31bd0c9e11"},
        refusals=(404, 409, 422, 503),
    ),
)
async def make(request: Request) -> Response:
    """It must be true now; if not, the refusal tells the difference."""
    who = principal(request)
    body = await read_body(request, NewAssertion)
    known = services(request)
    account = (await sight(request)).entity(await stream(request, body.account_id, Account))
    if account is None or account.book_id != who.book_id:
        raise UnknownAccount(f"There is no account {body.account_id} in this book.", field="account_id")
    currency = body.currency or (body.amount.currency if isinstance(body.amount, Sum) else account.currency)
    command = AssertBalance(
        **await frame(request, who),
        account_id=body.account_id,
        assertion_id=known.new_id(),
        date=body.date,
        amount=amount_in(body.amount, currency, "amount"),
        currency=currency,
        text={"notes": body.notes} if body.notes else {},
    )
    outcome = await carry_out(request, command)
    asserted = _made(outcome.facts[0], account, outcome.command_id)
    return made(command, outcome, asserted, [location(f"/v1/assertions/{asserted['id']}")])


@routes.get(
    "/assertions",
    **operation(
        "List balance assertions",
        query=AssertionQuery,
        answer=AssertionList,
        answer_example={"items": [_EXAMPLE], "next_cursor": None},
        refusals=(422,),
    ),
)
async def list_assertions(request: Request) -> Response:
    who = principal(request)
    query = read_query(request, AssertionQuery)
    async with fresh(request) as connection:
        rows = await statements.assertions(connection, who.book_id, account_id=query.account_id)
    made_ones = [row for row in rows if not row.withdrawn]
    page, following = cut(request, query, made_ones, lambda row: row.assertion_id)
    shown = await _shown(request, page)
    return answer(AssertionList(items=shown, next_cursor=following), headers=link(request, following))


@routes.get(
    "/assertions/{assertion_id}",
    **operation("Read a balance assertion", answer=AssertionAnswer, answer_example=_EXAMPLE, refusals=(404,)),
)
async def read(request: Request) -> Response:
    who = principal(request)
    row = await _one(request, who)
    return answer((await _shown(request, [row]))[0])


@routes.delete(
    "/assertions/{assertion_id}",
    **operation(
        "Withdraw a balance assertion",
        answer=AssertionAnswer,
        answer_example=_EXAMPLE | {"command_id": "019a9d3f-1c00-7b11-8c22-aa31bd0c9e11"},
        refusals=(404, 503),
    ),
)
async def withdraw(request: Request) -> Response:
    who = principal(request)
    framed = await frame(request, who)
    # A repeated withdrawal finds nothing to withdraw any more and still gets the first answer.
    row = await _one(request, who, withdrawn=framed["request"] is not None)
    outcome = await carry_out(
        request, WithdrawAssertion(**framed, account_id=row.account_id, assertion_id=row.assertion_id)
    )
    shown = (await _shown(request, [row]))[0]
    shown["command_id"] = outcome.command_id
    return carried_out(outcome, shown)


async def _one(request: Request, who: Principal, *, withdrawn: bool = False) -> AssertionRow:
    assertion_id = path_id(request, "assertion_id", UnknownAssertion)
    async with fresh(request) as connection:
        rows = await statements.assertions(connection, who.book_id, assertion_id=assertion_id)
    if not rows or (rows[0].withdrawn and not withdrawn):
        raise UnknownAssertion(f"There is no assertion {assertion_id} in this book.")
    return rows[0]


async def _shown(request: Request, rows: Sequence[AssertionRow]) -> list[AssertionAnswer]:
    decimals = await declared(request, [(row.account_id, row.currency) for row in rows])
    return [
        AssertionAnswer(
            id=row.assertion_id,
            account_id=row.account_id,
            date=row.date,
            amount=money(row.amount, row.currency, decimals.get((row.account_id, row.currency))),
            notes=row.notes or None,
            command_id=None,
        )
        for row in rows
    ]


def _made(recorded: Recorded, account: Account, command_id: UUID) -> AssertionAnswer:
    fact = recorded.fact
    assert isinstance(fact, BalanceAsserted)  # noqa: S101  # the command leads to no other
    return AssertionAnswer(
        id=fact.assertion_id,
        account_id=account.account_id,
        date=fact.date,
        amount=money(fact.amount, fact.currency, account.exponent),
        notes=fact.text.get("notes"),
        command_id=command_id,
    )

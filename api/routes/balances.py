"""What an account has, had, and how it came to it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.commodities import Declared, declared
from api.describe import operation, router
from api.fields import CivilDate, Currency, Query
from api.money import CurrencyBalance, Money, balance_of, money, written
from api.paging import MAX_LIMIT, cursor, link, position
from api.principal import principal
from api.reading import fresh, one_moment, path_id, read_query, stream
from api.responses import answer
from api.services import context
from api.times import AsOf, KnownAt, known_position
from api.visibility import sight
from ledger.accounts.account import Account
from ledger.accounts.refusals import UnknownAccount, WrongCurrency
from ledger.command import Balance
from ledger.money import ZERO, add
from ledger.refusals import InvalidValue
from projections.lines import Line, Place, lines
from projections.sums import balance_as_of, balance_known_at

routes = router("Accounts")

_ACCOUNT = "019a9d3e-8b20-7d11-9a01-5c2f4e6a7b80"
_DAY = dt.timedelta(days=1)
_NOTHING = Balance(ZERO, ZERO, ZERO)


class BalanceQuery(Query):
    """At which time in the world, and in the record."""

    as_of: AsOf = None
    known_at: KnownAt = None


class AccountBalanceAnswer(CurrencyBalance):
    """The account's balances in its main currency, and in `balances` in every one that it has. All are debit
    positive; available is posted less what holds reserve. `known_at` is the position that was asked about."""

    account_id: UUID
    as_of: dt.date | None
    known_at: int | None
    balances: list[CurrencyBalance]


class StatementQuery(Query):
    """Which days, and in which currency."""

    from_: Annotated[CivilDate, Field(alias="from")]
    to: CivilDate
    currency: Annotated[Currency | None, Field(description="The account's main one if left out.")] = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = MAX_LIMIT
    cursor: Annotated[str | None, Field(max_length=2_000)] = None


class StatementLine(TypedDict):
    """One posting on the account, and the balance after it."""

    date: dt.date
    transaction_id: UUID
    type: str
    payee: str | None
    notes: str | None
    memo: str | None
    amount: str
    balance: str
    cleared: bool
    reconciliation_id: UUID | None


class StatementAnswer(TypedDict):
    """What was posted from one date to another (both inclusive), oldest first. `opening` is the balance
    before the first line of the page, `closing` that at the end of `to`."""

    account_id: UUID
    currency: str
    opening: Money
    lines: list[StatementLine]
    closing: Money
    next_cursor: str | None


def _euro(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


_THREE = {"posted": _euro("1250.00"), "pending": _euro("-40.00"), "available": _euro("1210.00")}


@routes.get(
    "/accounts/{account_id}/balance",
    **operation(
        "Read an account's balance",
        query=BalanceQuery,
        answer=AccountBalanceAnswer,
        answer_example={
            "currency": "EUR",
            **_THREE,
            "account_id": _ACCOUNT,
            "as_of": "2026-03-01",
            "known_at": None,
            "balances": [{"currency": "EUR", **_THREE}],
        },
        refusals=(404, 422),
    ),
)
async def balance(request: Request) -> Response:
    account = await _account(request)
    query = read_query(request, BalanceQuery)
    async with fresh(request) as connection:
        known_at = await known_position(connection, query.known_at, context(request).position)
        if known_at is None:
            found = await balance_as_of(connection, account.account_id, query.as_of)
        else:
            found = await balance_known_at(connection, account.account_id, known_at, query.as_of)
    decimals = await _decimals(request, account, found)
    shown = {
        currency: balance_of(currency, each, decimals.get((account.account_id, currency)))
        for currency, each in {account.currency: _NOTHING, **found}.items()
    }
    return answer(
        AccountBalanceAnswer(
            **shown[account.currency],
            account_id=account.account_id,
            as_of=query.as_of,
            known_at=known_at,
            balances=list(shown.values()),
        )
    )


@routes.get(
    "/accounts/{account_id}/statement",
    **operation(
        "Read an account's statement",
        query=StatementQuery,
        answer=StatementAnswer,
        answer_example={
            "account_id": _ACCOUNT,
            "currency": "EUR",
            "opening": _euro("1254.50"),
            "lines": [
                {
                    "date": "2026-03-01",
                    "transaction_id": "019a9d3e-9c30-7e21-8b11-1f2e3d4c5b6a",
                    "type": "expense",
                    "payee": "Café",
                    "notes": None,
                    "memo": None,
                    "amount": "-4.50",
                    "balance": "1250.00",
                    "cleared": False,
                    "reconciliation_id": None,
                }
            ],
            "closing": _euro("1250.00"),
            "next_cursor": None,
        },
        refusals=(404, 422),
    ),
)
async def statement(request: Request) -> Response:
    account = await _account(request)
    query = read_query(request, StatementQuery)
    if query.from_ > query.to:
        raise InvalidValue("`from` lies after `to`.", field="from")
    currency = query.currency or account.currency
    if not account.holds(currency):
        raise WrongCurrency(f"The account does not hold {currency}.", field="currency")
    resumed = position(request, query.cursor)
    # Opening and lines must add up to closing.
    async with one_moment(request) as connection:
        before = await balance_as_of(connection, account.account_id, query.from_ - _DAY)
        after = await balance_as_of(connection, account.account_id, query.to)
        found = await lines(
            connection,
            account.account_id,
            currency,
            query.from_,
            query.to,
            after=None if resumed is None else Place(dt.date.fromisoformat(resumed[0]), *resumed[1:3]),
            limit=query.limit + 1,
        )
    decimals = (await _decimals(request, account, [currency])).get((account.account_id, currency))
    opening = before.get(currency, _NOTHING).posted if resumed is None else Decimal(resumed[3])
    shown, running = [], opening
    for line in found[: query.limit]:
        running = add(running, line.amount)
        shown.append(
            _shown(line, written(line.amount, currency, decimals), written(running, currency, decimals))
        )
    following = None
    if len(found) > query.limit:
        last = found[query.limit - 1].place
        following = cursor(
            request, [last.date.isoformat(), last.created_position, last.line, format(running, "f")]
        )
    return answer(
        StatementAnswer(
            account_id=account.account_id,
            currency=currency,
            opening=money(opening, currency, decimals),
            lines=shown,
            closing=money(after.get(currency, _NOTHING).posted, currency, decimals),
            next_cursor=following,
        ),
        headers=link(request, following),
    )


async def _account(request: Request) -> Account:
    who = principal(request)
    account_id = path_id(request, "account_id", UnknownAccount)
    account: Account | None = (await sight(request)).entity(await stream(request, account_id, Account))
    if account is None or account.book_id != who.book_id or account.withdrawn:
        raise UnknownAccount(f"There is no account {account_id} in this book.")
    return account


async def _decimals(request: Request, account: Account, currencies: Any) -> Declared:
    return await declared(request, [(account.account_id, currency) for currency in currencies])


def _shown(line: Line, amount: str, balance_after: str) -> StatementLine:
    return StatementLine(
        date=line.place.date,
        transaction_id=line.transaction_id,
        type=line.type,
        payee=line.payee,
        notes=line.notes,
        memo=line.memo,
        amount=amount,
        balance=balance_after,
        cleared=line.cleared,
        reconciliation_id=line.reconciliation_id,
    )

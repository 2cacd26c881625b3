"""Accounts: what is owned and owed."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api.accounts import (
    EXAMPLE,
    AccountAnswer,
    AccountChanges,
    AccountList,
    AccountQuery,
    NewAccount,
    answered,
    guard_of,
    shown,
    words_of,
)
from api.carrying_out import carried_out, carry_out, made
from api.describe import operation, router
from api.idempotency import frame
from api.money import amount_in, balances_of
from api.paging import ListPage, cut, link
from api.preconditions import expected_version
from api.principal import principal
from api.reading import fresh, left_by, path_id, read_body, read_query, stream
from api.responses import Answer, answer, etag, location
from api.services import services
from api.visibility import sight
from api.visible_balances import visible_balances
from ledger.accounts.account import Account
from ledger.accounts.commands import (
    UNCHANGED,
    AmendAccount,
    ArchiveAccount,
    OpenAccount,
    Opening,
)
from ledger.accounts.events import KINDS, AccountOpened, Guard, Kind
from ledger.accounts.refusals import UnknownAccount
from ledger.clock import FIRST_DATE
from ledger.command import Outcome
from ledger.entities import fold
from ledger.money import known_exponent
from ledger.refusals import InvalidValue
from projections.accounts import AccountView, account, accounts

routes = router("Accounts")


@routes.post(
    "/accounts",
    **operation(
        "Open an account",
        body=NewAccount,
        examples={
            "checking with an overdraft": {
                "name": "Checking",
                "kind": "asset",
                "type": "checking",
                "currency": "EUR",
                "floor": "-500.00",
                "opening_balance": "1250.00",
                "opening_date": "2026-01-01",
            },
            "credit card": {
                "name": "Card",
                "kind": "liability",
                "type": "credit_card",
                "currency": "EUR",
                "credit_limit": {"amount": "3000.00", "currency": "EUR"},
            },
            "shares": {
                "name": "Fund",
                "kind": "asset",
                "type": "investment",
                "currency": "VBMPX",
                "exponent": 3,
            },
        },
        status=201,
        answer=AccountAnswer,
        answer_example=EXAMPLE,
        refusals=(404, 409, 422),
    ),
)
async def open_account(request: Request) -> Response:
    who = principal(request)
    body = await read_body(request, NewAccount)
    known = services(request)
    every = body.any_currency
    command = OpenAccount(
        **await frame(request, who),
        account_id=known.new_id(),
        kind=body.kind,
        type=body.type or body.kind,
        currency=body.currency,
        currencies=tuple(dict.fromkeys(c for c in body.currencies if c != body.currency)),
        any_currency=body.kind in ("income", "expense") and not body.currencies if every is None else every,
        exponent=None if known_exponent(body.currency) == body.exponent else body.exponent,
        parent_id=body.parent_id,
        guard=guard_of(body, Guard(), body.currency),
        net_worth=body.net_worth,
        private=body.private,
        text={word: text for word, text in words_of(body, body.model_fields_set).items() if text},
        opening=_opening(request, body),
    )
    return await opened(request, command, await carry_out(request, command), "/v1/accounts")


@routes.patch(
    "/accounts/{account_id}",
    **operation(
        "Change an account",
        body=AccountChanges,
        example={"name": "Joint checking", "floor": None, "colour": "teal"},
        answer=AccountAnswer,
        answer_example=EXAMPLE | {"name": "Joint checking", "floor": None, "colour": "teal", "version": 4},
        refusals=(404, 409, 412, 422),
    ),
)
async def change(request: Request) -> Response:
    who = principal(request)
    account_id = path_id(request, "account_id", UnknownAccount)
    body = await read_body(request, AccountChanges)
    given = body.model_fields_set
    guard = None
    if given & {"floor", "credit_limit", "floor_policy"}:
        present = (await sight(request)).entity(await stream(request, account_id, Account))
        if present is None or present.book_id != who.book_id:
            raise UnknownAccount(f"There is no account {account_id} in this book.")
        guard = guard_of(body, present.guard, present.currency)
    outcome = await carry_out(
        request,
        AmendAccount(
            **await frame(request, who),
            account_id=account_id,
            expected_version=expected_version(request),
            text=words_of(body, given),
            type=body.type,
            parent_id=body.parent_id if "parent_id" in given else UNCHANGED,
            guard=guard,
            net_worth=body.net_worth,
            currencies=None if body.currencies is None else tuple(dict.fromkeys(body.currencies)),
            archived=body.archived,
            private=body.private,
        ),
    )
    return await changed(request, outcome, account_id)


@routes.delete(
    "/accounts/{account_id}",
    **operation(
        "Archive an account",
        answer=AccountAnswer,
        answer_example=EXAMPLE | {"archived": True, "version": 2},
        refusals=(404, 409, 412),
    ),
)
async def archive(request: Request) -> Response:
    who = principal(request)
    account_id = path_id(request, "account_id", UnknownAccount)
    outcome = await carry_out(
        request,
        ArchiveAccount(
            **await frame(request, who), account_id=account_id, expected_version=expected_version(request)
        ),
    )
    return await changed(request, outcome, account_id)


async def opened(request: Request, command: OpenAccount, outcome: Outcome, base: str) -> Answer:
    """The answer with the account that a command opened."""
    first = next(f for f in outcome.facts if isinstance(f.fact, AccountOpened))
    seen = await sight(request)
    # What was opened by the same request before may have become private to somebody else.
    seen.check(first.stream_id)
    new = answered(seen.entity(fold([first])), 1)
    new["balances"] = balances_of(await visible_balances(request, seen, outcome))
    new["command_id"] = outcome.command_id
    return made(command, outcome, new, [etag(1), location(f"{base}/{first.stream_id}")])


async def changed(request: Request, outcome: Outcome, account_id: UUID) -> Answer:
    """200 with the account as a command left it."""
    left, version = await left_by(request, outcome, account_id, Account)
    entity = (await sight(request)).entity(left)
    if entity is None:
        raise UnknownAccount(f"There is no account {account_id} in this book.")
    present = answered(entity, version)
    present["command_id"] = outcome.command_id
    return carried_out(outcome, present, [etag(version)])


def _opening(request: Request, body: NewAccount) -> Opening | None:
    if body.opening_balance is None:
        return None
    amount = amount_in(body.opening_balance, body.currency, "opening_balance")
    return Opening(services(request).new_id(), amount, body.opening_date or FIRST_DATE)


@routes.get(
    "/accounts",
    **operation(
        "List accounts",
        query=AccountQuery,
        answer=AccountList,
        answer_example={"items": [EXAMPLE | {"path": ["Checking"]}], "next_cursor": None},
        refusals=(422,),
    ),
)
async def list_accounts(request: Request) -> Response:
    who = principal(request)
    query = read_query(request, AccountQuery)
    kinds = None if query.kind is None else _kinds(query.kind)
    async with fresh(request) as connection:
        views = await accounts(connection, who.book_id, kinds=kinds, states=states(query.archived))
    return listed(request, query, [v for v in views if query.currency in (None, v.account.currency)])


@routes.get(
    "/accounts/{account_id}",
    **operation(
        "Read an account",
        answer=AccountAnswer,
        answer_example=EXAMPLE | {"path": ["Checking"]},
        refusals=(404,),
    ),
)
async def read(request: Request) -> Response:
    who = principal(request)
    account_id = path_id(request, "account_id", UnknownAccount)
    async with fresh(request) as connection:
        view = await account(connection, who.book_id, account_id)
    if view is None or view.account.state == "withdrawn":
        raise UnknownAccount(f"There is no account {account_id} in this book.")
    return answer(shown(view), headers=[etag(view.account.version)])


def listed(request: Request, query: ListPage, views: Sequence[AccountView]) -> Answer:
    """A page of accounts."""
    page, following = cut(request, query, views, lambda view: view.account.account_id)
    shown_ones = [shown(view) for view in page]
    return answer(AccountList(items=shown_ones, next_cursor=following), headers=link(request, following))


def states(archived: str) -> tuple[str, ...]:
    """The states that a filter `archived` (false, true, all) lets through."""
    return {"false": ("open",), "true": ("archived",)}.get(archived, ("open", "archived"))


def _kinds(given: str) -> tuple[Kind, ...]:
    wanted = set(given.split(","))
    if not wanted <= set(KINDS):
        raise InvalidValue(f"Kinds are {', '.join(KINDS)}.", field="kind")
    return tuple(kind for kind in KINDS if kind in wanted)

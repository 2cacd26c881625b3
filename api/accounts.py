"""What an account looks like in requests and answers; a category is an account of kind income or expense."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, NotRequired
from uuid import UUID

import orjson
from pydantic import Field
from typing_extensions import TypedDict

from api.fields import Amount, Body, CivilDate, Currency, Id, Line, Metadata, Name, Notes, Word
from api.money import AccountBalance, Money, Sum, amount_in, money
from api.paging import ListPage
from ledger.accounts.account import DESCRIPTION, Account
from ledger.accounts.events import Guard, Kind, Policy
from ledger.refusals import InvalidValue
from projections.accounts import AccountRow, AccountView

WORDS = ("name", *DESCRIPTION)

Floor = Annotated[
    Amount | Sum,
    Field(description='The lowest available balance allowed on any day, e.g. "0" or "-500.00".'),
]
Limit = Annotated[
    Amount | Sum,
    Field(description="How far the account may be overdrawn or owe, positive: another way to set `floor`."),
]


class Described(Body):
    """What is written beside the name."""

    type: Word | None = Field(None, description="The everyday word: checking, credit_card, loan ...")
    institution: Line | None = None
    colour: Word | None = None
    icon: Word | None = None
    group: Line | None = None
    number: Line | None = None
    notes: Notes | None = None
    metadata: Metadata | None = None
    floor: Floor | None = None
    credit_limit: Limit | None = None
    floor_policy: Policy | None = Field(
        None, description="What happens to a posting below the floor: reject it, flag it, or allow it."
    )


class NewAccount(Described):
    """An account to be opened."""

    name: Name
    kind: Kind
    currency: Currency
    currencies: Annotated[list[Currency], Field(max_length=50)] = Field(
        [], description="Further currencies that it may hold."
    )
    any_currency: bool | None = Field(
        None,
        description="Whether it takes every currency, as income and expense accounts do unless told.",
    )
    exponent: Annotated[int, Field(ge=0, le=18)] | None = Field(
        None, description="The decimals of a currency that ISO 4217 does not know: declares a commodity."
    )
    parent_id: Id | None = None
    net_worth: bool = True
    private: bool = Field(
        False, description="Whether nobody else in the book may know of it (assets and liabilities)."
    )
    opening_balance: Amount | Sum | None = Field(
        None,
        description='Debit positive: a debt of 100 is "-100.00". Posted against the book\'s opening equity.',
    )
    opening_date: CivilDate | None = Field(
        None, description="The day of the opening balance; before everything (1900-01-01) if left out."
    )


class AccountQuery(ListPage):
    """Which accounts; by default all that are open."""

    kind: Annotated[
        str | None,
        Field(
            pattern="^[a-z,]{1,60}$",
            description="One kind, or several with commas.",
            examples=["asset,liability"],
        ),
    ] = None
    currency: Annotated[Currency | None, Field(description="Those whose main currency this is.")] = None
    archived: Annotated[
        Literal["false", "true", "all"], Field(description="Archived ones instead, or as well.")
    ] = "false"


class NewCategory(Body):
    """A category to be opened: an account of kind income or expense that takes every currency."""

    name: Name
    kind: Literal["income", "expense"] = "expense"
    parent_id: Id | None = None
    currency: Currency | None = Field(None, description="The currency shown for it; the book's if left out.")
    colour: Word | None = None
    icon: Word | None = None
    group: Line | None = None
    notes: Notes | None = None
    metadata: Metadata | None = None


class CategoryQuery(ListPage):
    """Which categories; by default all that are open."""

    kind: Literal["income", "expense"] | None = None
    archived: Annotated[
        Literal["false", "true", "all"], Field(description="Archived ones instead, or as well.")
    ] = "false"


class AccountChanges(Described):
    """What is to change; what is left out stays, null removes."""

    name: Name | None = None
    parent_id: Id | None = None
    currencies: Annotated[list[Currency], Field(max_length=50)] | None = None
    net_worth: bool | None = None
    archived: bool | None = None
    private: bool | None = Field(
        None, description="Whether nobody else may know of it: for who opened it alone to say."
    )


class CategoryChanges(Body):
    """What is to change; what is left out stays, null removes."""

    name: Name | None = None
    parent_id: Id | None = None
    colour: Word | None = None
    icon: Word | None = None
    group: Line | None = None
    notes: Notes | None = None
    metadata: Metadata | None = None
    archived: bool | None = None


class AccountAnswer(TypedDict):
    """An account. `role` marks those that Numina keeps itself. `floor` is null where there is none. A `private`
    one is yours alone; one with the role "private" stands for all that are private to others.

    `path` holds the names from the top of the tree down to its own. After a command, `balances` are the
    resulting ones and `command_id` names what can be undone."""

    id: UUID
    name: str
    kind: Kind
    type: str
    currency: str
    currencies: list[str]
    any_currency: bool
    exponent: int | None
    parent_id: UUID | None
    role: str | None
    floor: Money | None
    floor_policy: Policy
    net_worth: bool
    private: bool
    archived: bool
    institution: str | None
    colour: str | None
    icon: str | None
    group: str | None
    number: str | None
    notes: str | None
    metadata: dict[str, Any]
    version: int
    path: NotRequired[list[str]]
    balances: NotRequired[list[AccountBalance]]
    command_id: NotRequired[UUID]


class AccountList(TypedDict):
    """Accounts as a tree is read: each parent before its children, siblings by name."""

    items: list[AccountAnswer]
    next_cursor: str | None


EXAMPLE: dict[str, Any] = {
    "id": "019a9d3e-8b20-7d11-9a01-5c2f4e6a7b80",
    "name": "Checking",
    "kind": "asset",
    "type": "checking",
    "currency": "EUR",
    "currencies": [],
    "any_currency": False,
    "exponent": None,
    "parent_id": None,
    "role": None,
    "floor": {"amount": "-500.00", "currency": "EUR"},
    "floor_policy": "reject",
    "net_worth": True,
    "private": False,
    "archived": False,
    "institution": "Sparkasse",
    "colour": None,
    "icon": None,
    "group": None,
    "number": None,
    "notes": None,
    "metadata": {},
    "version": 1,
}


def answered(account: Account, version: int) -> AccountAnswer:
    """The account as it stands at `version`."""
    return _answered(account, account.guard, account.archived, version)


def shown(view: AccountView) -> AccountAnswer:
    """The account as the read models show it."""
    row = view.account
    answer = _answered(row, Guard(floor=row.floor, policy=row.policy), row.state == "archived", row.version)
    answer["path"] = list(view.path)
    return answer


def _answered(account: Account | AccountRow, guard: Guard, archived: bool, version: int) -> AccountAnswer:
    words = account.text
    floor = guard.floor
    return AccountAnswer(
        id=account.account_id,
        name=account.name,
        kind=account.kind,
        type=account.type,
        currency=account.currency,
        currencies=list(account.currencies),
        any_currency=account.any_currency,
        exponent=account.exponent,
        parent_id=account.parent_id,
        role=account.role,
        floor=None if floor is None else money(floor, account.currency, account.exponent),
        floor_policy=guard.policy,
        net_worth=account.net_worth,
        private=account.private_to is not None,
        archived=archived,
        institution=words.get("institution"),
        colour=words.get("colour"),
        icon=words.get("icon"),
        group=words.get("group"),
        number=words.get("number"),
        notes=words.get("notes"),
        metadata=orjson.loads(words["metadata"]) if words.get("metadata") else {},
        version=version,
    )


def words_of(body: Body, given: Sequence[str] | frozenset[str] | set[str]) -> dict[str, str]:
    """The words among the fields that were given, as facts carry them; an empty text removes one."""
    words = {}
    for word in WORDS:
        if word in given:
            value = getattr(body, word)
            words[word] = orjson.dumps(value).decode() if isinstance(value, dict) else value or ""
    return words


def guard_of(body: Described, present: Guard, currency: str) -> Guard:
    """The guard that `present` becomes. Raises InvalidValue, InvalidAmount."""
    given = body.model_fields_set
    floor: Decimal | None = present.floor
    if "floor" in given and "credit_limit" in given:
        raise InvalidValue(
            "Give either `floor` or `credit_limit`: they say the same thing.", field="credit_limit"
        )
    if "floor" in given:
        floor = None if body.floor is None else amount_in(body.floor, currency, "floor")
    if "credit_limit" in given:
        floor = (
            None
            if body.credit_limit is None
            else _below(amount_in(body.credit_limit, currency, "credit_limit"))
        )
    return Guard(floor=floor, policy=body.floor_policy or present.policy)


def _below(limit: Decimal) -> Decimal:
    if limit < 0:
        raise InvalidValue(
            "A limit is a positive amount: how far below zero the balance may go.", field="credit_limit"
        )
    return limit.copy_negate() if limit else limit

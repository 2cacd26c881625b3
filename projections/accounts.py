"""Accounts and categories as people see them: names, state, place in the tree."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from ledger.accounts.account import Account, evolve
from ledger.accounts.events import AccountOpened, Guard, Kind, Policy
from projections import sql
from projections.copying import clean, replace
from projections.projection import Cursor, Window

SQL = sql.load(__file__)

_KEYS = {"book_id": "uuid", "account_id": "uuid"}
_COLUMNS = _KEYS | {
    "kind": "text",
    "type": "text",
    "currency": "text",
    "currencies": "text[]",
    "any_currency": "bool",
    "exponent": "int4",
    "parent_id": "uuid",
    "role": "text",
    "floor": "numeric",
    "policy": "text",
    "net_worth": "bool",
    "private_to": "uuid",
    "archived": "bool",
    "withdrawn": "bool",
    "version": "int8",
    "opened_at": "timestamptz",
    "changed_at": "timestamptz",
    "text": "jsonb",
}


class AccountRow(msgspec.Struct, frozen=True):
    """A row of `accounts`: `text` holds the name and what is written beside it; `floor` is debit positive;
    `version` is the number of the account's facts."""

    book_id: UUID
    account_id: UUID
    kind: Kind
    type: str
    currency: str
    currencies: list[str]
    any_currency: bool
    exponent: int | None
    parent_id: UUID | None
    role: str | None
    floor: Decimal | None
    policy: Policy
    net_worth: bool
    private_to: UUID | None
    archived: bool
    withdrawn: bool
    version: int
    opened_at: datetime
    changed_at: datetime
    text: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.text.get("name", "")

    @property
    def state(self) -> str:
        """One of open, archived, withdrawn."""
        return "withdrawn" if self.withdrawn else "archived" if self.archived else "open"


class AccountView(msgspec.Struct, frozen=True):
    """An account with its place in the tree: the names from the top down to its own."""

    account: AccountRow
    path: tuple[str, ...]


class Accounts:
    """The projection that keeps `accounts`."""

    name = "accounts"
    version = 2
    tables: tuple[str, ...] = ("accounts",)
    schema: LiteralString = SQL["schema"]
    indexes: LiteralString = ""
    pipelined = False
    worded = True
    erase: tuple[LiteralString, ...] = (SQL["erase"],)

    def apply(self, window: Window, cursor: Cursor) -> None:
        facts = window.by_noun.get("account", ())
        if not facts:
            return
        old = {(f.book_id, f.stream_id) for f in facts if not isinstance(f.fact, AccountOpened)}
        known = _load(cursor, old)
        opened = {row.account_id: row.opened_at for row in known.values()}
        accounts = {account_id: _account(row) for account_id, row in known.items()}
        last = {}
        for f in facts:
            accounts[f.stream_id] = evolve(accounts.get(f.stream_id), f.fact, f.stream_id, f.book_id)
            opened.setdefault(f.stream_id, f.recorded_at)
            last[f.stream_id] = f
        rows = [
            _row(accounts[account_id], f.version, opened[account_id], f.recorded_at)
            for account_id, f in last.items()
        ]
        replace(cursor, "accounts", _KEYS, _COLUMNS, rows)


async def accounts(
    connection: psycopg.AsyncConnection[Any],
    book_id: UUID,
    *,
    kinds: Collection[Kind] | None = None,
    states: Collection[str] = ("open",),
) -> list[AccountView]:
    """The book's accounts of some kinds (None: all) and states, as a tree is read: each parent before its
    children, siblings by name."""
    cursor = await connection.execute(SQL["of_book"], {"book_id": book_id}, binary=True)
    rows = [AccountRow(*row) for row in await cursor.fetchall()]
    # What stands for accounts that are private to others is nobody's account.
    views = tree(row for row in rows if row.role != "private")
    return [v for v in views if v.account.state in states and (kinds is None or v.account.kind in kinds)]


async def account(
    connection: psycopg.AsyncConnection[Any], book_id: UUID, account_id: UUID
) -> AccountView | None:
    """One account of the book in whatever state; None if the book has no such account."""
    given = {"book_id": book_id, "account_id": account_id}
    cursor = await connection.execute(SQL["with_ancestors"], given, binary=True)
    views = tree(AccountRow(*row) for row in await cursor.fetchall())
    return next((view for view in views if view.account.account_id == account_id), None)


def tree(rows: Iterable[AccountRow]) -> list[AccountView]:
    """The rows of one book with their paths, in the order in which a tree is read."""
    by_id = {row.account_id: row for row in rows}
    views = [AccountView(row, _path(row, by_id)) for row in by_id.values()]
    return sorted(views, key=lambda view: ([name.casefold() for name in view.path], view.account.account_id))


def _path(row: AccountRow, by_id: Mapping[UUID, AccountRow]) -> tuple[str, ...]:
    names = [row.name]
    # No command makes a circle of parents; were there one, it should not hang whoever looks at it.
    while row.parent_id is not None and len(names) <= len(by_id):
        parent = by_id.get(row.parent_id)
        if parent is None:
            break
        names.append(parent.name)
        row = parent
    return tuple(reversed(names))


def _load(cursor: Cursor, ids: Collection[tuple[UUID, UUID]]) -> dict[UUID, AccountRow]:
    if not ids:
        return {}
    books, accounts = map(list, zip(*ids, strict=True))
    found = cursor.execute(SQL["load"], {"books": books, "accounts": accounts}, binary=True)
    return {row[1]: AccountRow(*row) for row in found}


def _account(row: AccountRow) -> Account:
    return Account(
        account_id=row.account_id,
        book_id=row.book_id,
        kind=row.kind,
        type=row.type,
        currency=row.currency,
        currencies=tuple(row.currencies),
        any_currency=row.any_currency,
        exponent=row.exponent,
        parent_id=row.parent_id,
        role=row.role,
        guard=Guard(floor=row.floor, policy=row.policy),
        net_worth=row.net_worth,
        private_to=row.private_to,
        archived=row.archived,
        withdrawn=row.withdrawn,
        text=row.text,
    )


def _row(account: Account, version: int, opened_at: datetime, changed_at: datetime) -> tuple[Any, ...]:
    return (
        account.book_id,
        account.account_id,
        account.kind,
        account.type,
        account.currency,
        list(account.currencies),
        account.any_currency,
        account.exponent,
        account.parent_id,
        account.role,
        account.guard.floor,
        account.guard.policy,
        account.net_worth,
        account.private_to,
        account.archived,
        account.withdrawn,
        version,
        opened_at,
        changed_at,
        Jsonb({field: clean(words) for field, words in account.text.items()}),
    )

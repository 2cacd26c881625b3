"""What was checked against the bank: reconciled statements and asserted balances."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import msgspec
import psycopg

from ledger.accounts.events import AssertionReinstated, AssertionWithdrawn, BalanceAsserted
from ledger.reconciliations.events import StatementReconciled, StatementRelocked, StatementUnlocked
from ledger.record import Recorded
from projections import sql
from projections.copying import clean, replace
from projections.projection import Cursor, Window

SQL = sql.load(__file__)

_RECONCILIATION_KEYS = {"book_id": "uuid", "reconciliation_id": "uuid"}
_RECONCILIATIONS = _RECONCILIATION_KEYS | {
    "account_id": "uuid",
    "date": "date",
    "currency": "text",
    "closing_balance": "numeric",
    "locked": "bool",
    "transaction_ids": "uuid[]",
    "notes": "text",
    "version": "int8",
    "created_at": "timestamptz",
    "changed_at": "timestamptz",
}
_ASSERTION_KEYS = {"book_id": "uuid", "assertion_id": "uuid"}
_ASSERTIONS = _ASSERTION_KEYS | {
    "account_id": "uuid",
    "date": "date",
    "currency": "text",
    "amount": "numeric",
    "withdrawn": "bool",
    "notes": "text",
    "created_at": "timestamptz",
    "changed_at": "timestamptz",
}


class ReconciliationRow(msgspec.Struct, frozen=True):
    """A statement of an account up to and with `date`; while `locked`, its transactions keep their terms."""

    book_id: UUID
    reconciliation_id: UUID
    account_id: UUID
    date: dt.date
    currency: str
    closing_balance: Decimal
    locked: bool
    transaction_ids: list[UUID]
    notes: str
    version: int
    created_at: dt.datetime
    changed_at: dt.datetime


class AssertionRow(msgspec.Struct, frozen=True):
    """The posted balance, debit positive, that somebody says an account has at the end of `date`."""

    book_id: UUID
    assertion_id: UUID
    account_id: UUID
    date: dt.date
    currency: str
    amount: Decimal
    withdrawn: bool
    notes: str
    created_at: dt.datetime
    changed_at: dt.datetime


R = TypeVar("R", ReconciliationRow, AssertionRow)


class Statements:
    """The projection that keeps `reconciliations` and `assertions`."""

    name = "statements"
    version = 1
    tables: tuple[str, ...] = ("reconciliations", "assertions")
    schema: LiteralString = SQL["schema"]
    indexes: LiteralString = ""
    pipelined = False
    worded = True
    erase: tuple[LiteralString, ...] = (SQL["erase_reconciliations"], SQL["erase_assertions"])

    def apply(self, window: Window, cursor: Cursor) -> None:
        _apply_reconciliations(window.by_noun.get("reconciliation", ()), cursor)
        made = (BalanceAsserted, AssertionWithdrawn, AssertionReinstated)
        _apply_assertions([f for f in window.by_noun.get("account", ()) if isinstance(f.fact, made)], cursor)


async def reconciliations(
    connection: psycopg.AsyncConnection[Any],
    book_id: UUID,
    *,
    account_id: UUID | None = None,
    reconciliation_id: UUID | None = None,
) -> list[ReconciliationRow]:
    """The book's reconciliations, unlocked ones included, the latest statement first."""
    given = {"book_id": book_id, "account_id": account_id, "reconciliation_id": reconciliation_id}
    cursor = await connection.execute(SQL["reconciliations"], given, binary=True)
    return [ReconciliationRow(*row) for row in await cursor.fetchall()]


async def assertions(
    connection: psycopg.AsyncConnection[Any],
    book_id: UUID,
    *,
    account_id: UUID | None = None,
    assertion_id: UUID | None = None,
) -> list[AssertionRow]:
    """The book's balance assertions, withdrawn ones included, the latest date first."""
    given = {"book_id": book_id, "account_id": account_id, "assertion_id": assertion_id}
    cursor = await connection.execute(SQL["assertions"], given, binary=True)
    return [AssertionRow(*row) for row in await cursor.fetchall()]


def _apply_reconciliations(facts: list[Recorded] | tuple[()], cursor: Cursor) -> None:
    keys = {(f.book_id, f.stream_id) for f in facts if not isinstance(f.fact, StatementReconciled)}
    known = _load(cursor, SQL["load_reconciliations"], keys, ReconciliationRow)
    for f in facts:
        match f.fact:
            case StatementReconciled() as made:
                known[f.stream_id] = ReconciliationRow(
                    book_id=f.book_id,
                    reconciliation_id=f.stream_id,
                    account_id=made.account_id,
                    date=made.date,
                    currency=made.currency,
                    closing_balance=made.closing_balance,
                    locked=True,
                    transaction_ids=list(made.transaction_ids),
                    notes=clean(made.text.get("notes", "")),
                    version=f.version,
                    created_at=f.recorded_at,
                    changed_at=f.recorded_at,
                )
            case StatementUnlocked() | StatementRelocked() as turned:
                known[f.stream_id] = msgspec.structs.replace(
                    known[f.stream_id],
                    locked=isinstance(turned, StatementRelocked),
                    version=f.version,
                    changed_at=f.recorded_at,
                )
    changed = [msgspec.structs.astuple(row) for row in known.values()]
    replace(cursor, "reconciliations", _RECONCILIATION_KEYS, _RECONCILIATIONS, changed)


def _apply_assertions(facts: list[Recorded], cursor: Cursor) -> None:
    turned_ones = (AssertionWithdrawn, AssertionReinstated)
    keys = {(f.book_id, f.fact.assertion_id) for f in facts if isinstance(f.fact, turned_ones)}
    known = _load(cursor, SQL["load_assertions"], keys, AssertionRow)
    for f in facts:
        match f.fact:
            case BalanceAsserted() as made:
                known[made.assertion_id] = AssertionRow(
                    book_id=f.book_id,
                    assertion_id=made.assertion_id,
                    account_id=f.stream_id,
                    date=made.date,
                    currency=made.currency,
                    amount=made.amount,
                    withdrawn=False,
                    notes=clean(made.text.get("notes", "")),
                    created_at=f.recorded_at,
                    changed_at=f.recorded_at,
                )
            case AssertionWithdrawn() | AssertionReinstated() as turned:
                known[turned.assertion_id] = msgspec.structs.replace(
                    known[turned.assertion_id],
                    withdrawn=isinstance(turned, AssertionWithdrawn),
                    changed_at=f.recorded_at,
                )
    changed = [msgspec.structs.astuple(row) for row in known.values()]
    replace(cursor, "assertions", _ASSERTION_KEYS, _ASSERTIONS, changed)


def _load(
    cursor: Cursor, statement: LiteralString, keys: set[tuple[UUID, UUID]], kind: type[R]
) -> dict[UUID, R]:
    """The rows at the given keys, by the second of each."""
    if not keys:
        return {}
    found = cursor.execute(statement, [list(part) for part in zip(*keys, strict=True)], binary=True)
    return {row[1]: kind(*row) for row in found}

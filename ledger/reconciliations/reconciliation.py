"""A reconciliation as its facts make it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

import msgspec

from ledger.reconciliations.events import StatementReconciled, StatementRelocked, StatementUnlocked
from ledger.record import Fact
from ledger.refusals import Refusal


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """The transactions that a statement of `account_id` up to and with `date` locked, if it still does."""

    reconciliation_id: UUID
    book_id: UUID
    account_id: UUID
    date: dt.date
    currency: str
    closing_balance: Decimal
    transaction_ids: tuple[UUID, ...]
    locked: bool = True
    text: Mapping[str, str] = {}


class ReconciliationUnreadable(Refusal):
    """A reconciliation's facts do not follow from each other."""

    code = "reconciliation_unreadable"
    status = 409


def evolve(
    reconciliation: Reconciliation | None, fact: Fact, stream_id: UUID, book_id: UUID
) -> Reconciliation:
    """The reconciliation after `fact`."""
    match fact:
        case StatementReconciled():
            return Reconciliation(
                reconciliation_id=stream_id,
                book_id=book_id,
                account_id=fact.account_id,
                date=fact.date,
                currency=fact.currency,
                closing_balance=fact.closing_balance,
                transaction_ids=fact.transaction_ids,
                text=fact.text,
            )
        case StatementUnlocked() if reconciliation is not None:
            return msgspec.structs.replace(reconciliation, locked=False)
        case StatementRelocked() if reconciliation is not None:
            return msgspec.structs.replace(reconciliation, locked=True)
        case _:
            raise ReconciliationUnreadable(f"{fact.topic} cannot follow here")

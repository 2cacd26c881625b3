"""What becomes true of a statement reconciliation. Stream: the reconciliation's id."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from ledger.record import Fact, fact


@fact
class StatementReconciled(Fact, frozen=True):
    """Everything on `account_id` in `currency` up to and with `date` that was marked sums to
    `closing_balance` (debit positive); those transactions are locked. text: notes."""

    topic: ClassVar[str] = "reconciliation.completed"

    account_id: UUID
    date: dt.date
    currency: str
    closing_balance: Decimal
    transaction_ids: tuple[UUID, ...]


@fact
class StatementUnlocked(Fact, frozen=True):
    """The reconciliation was taken back; its transactions may change again. text: reason."""

    topic: ClassVar[str] = "reconciliation.unlocked"


@fact
class StatementRelocked(Fact, frozen=True):
    """The unlocking was undone."""

    topic: ClassVar[str] = "reconciliation.relocked"

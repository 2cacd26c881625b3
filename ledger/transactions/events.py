"""What becomes true of a transaction. Stream: the transaction's id.

Each fact carries the terms before and after it, so that its effect on balances is known from the fact alone
and no projection has to look anything up. `flagged` names the accounts whose floor or balance assertion it
breaches under the policy "flag".
"""

from __future__ import annotations

import datetime as dt
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from ledger.postings import Posting
from ledger.record import Fact, fact

State = Literal["pending", "posted", "voided"]
Type = Literal["expense", "income", "transfer", "opening", "journal"]


class Terms(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a transaction says: its balanced postings on a civil date of the book's zone, held or posted.

    `expires_at` (aware UTC) is when a pending one lapses by itself; None for never.
    `type` is the everyday word for its shape.
    """

    date: dt.date
    postings: tuple[Posting, ...]
    type: Type = "journal"
    state: State = "posted"
    expires_at: dt.datetime | None = None


@fact
class TransactionPosted(Fact, frozen=True):
    """Money moved. text: payee, notes, tags (newline-separated), memo.N (of posting N), metadata (JSON)."""

    topic: ClassVar[str] = "transaction.posted"
    begins: ClassVar[bool] = True

    terms: Terms
    flagged: tuple[UUID, ...] = ()


@fact
class TransactionHeld(Fact, frozen=True):
    """Money is reserved: it lowers what is available and nothing else. text as in TransactionPosted."""

    topic: ClassVar[str] = "transaction.held"
    begins: ClassVar[bool] = True

    terms: Terms
    flagged: tuple[UUID, ...] = ()


@fact
class TransactionSettled(Fact, frozen=True):
    """A hold was posted, wholly or in part; what was not posted is released."""

    topic: ClassVar[str] = "transaction.settled"

    before: Terms
    after: Terms
    flagged: tuple[UUID, ...] = ()


@fact
class TransactionAmended(Fact, frozen=True):
    """The terms or the words were changed. text: all of the words as they now stand."""

    topic: ClassVar[str] = "transaction.amended"

    before: Terms
    after: Terms
    flagged: tuple[UUID, ...] = ()


@fact
class TransactionVoided(Fact, frozen=True):
    """Taken back in full. text: reason."""

    topic: ClassVar[str] = "transaction.voided"

    before: Terms
    flagged: tuple[UUID, ...] = ()


@fact
class TransactionExpired(Fact, frozen=True):
    """A hold lapsed; its money is free again."""

    topic: ClassVar[str] = "transaction.expired"

    before: Terms


@fact
class TransactionRestored(Fact, frozen=True):
    """Put back, by an undo, as it was at an earlier version. text: all of the words as they now stand.
    `before` is None where nothing was in force (a voided or expired one)."""

    topic: ClassVar[str] = "transaction.restored"

    after: Terms
    before: Terms | None = None
    flagged: tuple[UUID, ...] = ()


@fact
class TransactionCleared(Fact, frozen=True):
    """The leg on `account_id` was seen on a statement; not locked yet."""

    topic: ClassVar[str] = "transaction.cleared"

    account_id: UUID


@fact
class TransactionUncleared(Fact, frozen=True):
    """The mark of `account_id` was taken away."""

    topic: ClassVar[str] = "transaction.uncleared"

    account_id: UUID


@fact
class TransactionReconciled(Fact, frozen=True):
    """The leg on `account_id` is part of a reconciled statement: amount, date and accounts are locked."""

    topic: ClassVar[str] = "transaction.reconciled"

    account_id: UUID
    reconciliation_id: UUID


@fact
class TransactionUnreconciled(Fact, frozen=True):
    """The statement was unlocked; the leg on `account_id` is free (and still cleared)."""

    topic: ClassVar[str] = "transaction.unreconciled"

    account_id: UUID
    reconciliation_id: UUID

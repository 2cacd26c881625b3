"""A transaction as its facts make it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

import msgspec

from ledger.record import Fact
from ledger.refusals import Refusal
from ledger.transactions.effects import transition
from ledger.transactions.events import (
    Terms,
    TransactionAmended,
    TransactionCleared,
    TransactionExpired,
    TransactionHeld,
    TransactionPosted,
    TransactionReconciled,
    TransactionRestored,
    TransactionUncleared,
    TransactionUnreconciled,
    TransactionVoided,
)


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """The present state: `terms` is what was last in force (voided and expired ones keep it, with
    terms.state "voided"); `reconciled` maps each reconciliation that locks a leg to that leg's account."""

    transaction_id: UUID
    book_id: UUID
    version: int
    terms: Terms
    text: Mapping[str, str] = {}
    expired: bool = False
    cleared: frozenset[UUID] = frozenset()
    reconciled: Mapping[UUID, UUID] = {}

    @property
    def state(self) -> str:
        return self.terms.state

    @property
    def in_force(self) -> Terms | None:
        """The terms that count in balances now; None once voided or expired."""
        return None if self.terms.state == "voided" else self.terms


class TransactionUnreadable(Refusal):
    """A transaction's facts do not follow from each other."""

    code = "transaction_unreadable"
    status = 409


def evolve(transaction: Transaction | None, fact: Fact, stream_id: UUID, book_id: UUID) -> Transaction:
    """The transaction after `fact`."""
    if isinstance(fact, TransactionPosted | TransactionHeld):
        return Transaction(
            transaction_id=stream_id, book_id=book_id, version=1, terms=fact.terms, text=fact.text
        )
    if transaction is None:
        raise TransactionUnreadable(f"transaction {stream_id} does not begin with a posting or a hold")
    return msgspec.structs.replace(
        transaction, version=transaction.version + 1, **_changes(transaction, fact)
    )


def _changes(transaction: Transaction, fact: Fact) -> dict[str, object]:
    match fact:
        case TransactionVoided() | TransactionExpired():
            gone = msgspec.structs.replace(transaction.terms, state="voided")
            return {"terms": gone, "expired": isinstance(fact, TransactionExpired)}
        case TransactionAmended(after=after) | TransactionRestored(after=after):
            return {
                "terms": after,
                "text": fact.text,
                "expired": False,
                "cleared": _still(transaction, after),
            }
        case TransactionCleared(account_id=account_id):
            return {"cleared": transaction.cleared | {account_id}}
        case TransactionUncleared(account_id=account_id):
            return {"cleared": transaction.cleared - {account_id}}
        case TransactionReconciled(account_id=account_id, reconciliation_id=reconciliation_id):
            return {
                "reconciled": {**transaction.reconciled, reconciliation_id: account_id},
                "cleared": transaction.cleared | {account_id},
            }
        case TransactionUnreconciled(reconciliation_id=gone):
            return {"reconciled": {r: a for r, a in transaction.reconciled.items() if r != gone}}
        case _:
            after_terms = transition(fact)[1]
            if after_terms is None:
                raise TransactionUnreadable(f"{fact.topic} is not a fact of transactions")
            return {"terms": after_terms}


def _still(transaction: Transaction, after: Terms) -> frozenset[UUID]:
    """The cleared marks that survive a change: those of accounts whose legs are what they were."""

    def leg(terms: Terms, account_id: UUID) -> list[tuple[str, Decimal]]:
        return sorted((p.currency, p.amount) for p in terms.postings if p.account_id == account_id)

    before = transaction.terms
    return frozenset(a for a in transaction.cleared if leg(before, a) == leg(after, a))

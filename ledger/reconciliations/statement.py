"""Whether a statement adds up: what it opens with, and the legs on it, come to what it closes with."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

from ledger.accounts.account import Account
from ledger.command import State
from ledger.money import EXACT, ZERO
from ledger.reconciliations.reconciliation import Reconciliation
from ledger.reconciliations.refusals import (
    AfterStatement,
    AlreadyReconciled,
    NotOnStatement,
    StatementDiffers,
)
from ledger.transactions.refusals import NotOnAccount, UnknownTransaction
from ledger.transactions.seeing import looking, seen
from ledger.transactions.transaction import Transaction


def check_statement(state: State, statement: Reconciliation, viewer: UUID) -> None:
    """For `viewer`, who sees the statement's account. Raises UnknownTransaction, NotOnStatement,
    AfterStatement, NotOnAccount, AlreadyReconciled for a transaction that cannot be on the statement, and
    StatementDiffers unless everything adds up."""
    account = state.entity(Account, statement.account_id)
    chain = account.locked_in(statement.currency) if account is not None else ()
    earlier = [s for s in chain if s.reconciliation_id != statement.reconciliation_id]
    opening = earlier[-1].closing_balance if earlier else ZERO
    locked = {s.reconciliation_id for s in earlier}
    total = opening
    for amount in _amounts(state, statement, locked, viewer):
        total = EXACT.add(total, amount)
    difference = EXACT.subtract(statement.closing_balance, total)
    if difference:
        raise StatementDiffers(
            f"The statement opens at {opening:f} {statement.currency} and its transactions bring it to "
            f"{total:f}, not {statement.closing_balance:f}: {difference:f} is not accounted for.",
            field="closing_balance",
            opening=format(opening, "f"),
            total=format(total, "f"),
            closing=format(statement.closing_balance, "f"),
            difference=format(difference, "f"),
            currency=statement.currency,
        )


def _amounts(state: State, statement: Reconciliation, locked: set[UUID], viewer: UUID) -> Iterator[Decimal]:
    """What each leg of the statement adds; `locked` are the other reconciliations of the chain."""
    for index, transaction_id in enumerate(statement.transaction_ids):
        field = f"transaction_ids.{index}"
        transaction = state.entity(Transaction, transaction_id)
        if (
            transaction is None
            or transaction.book_id != statement.book_id
            or not _known(state, transaction, statement, viewer)
        ):
            raise UnknownTransaction(f"There is no transaction {transaction_id} in this book.", field=field)
        yield _leg(transaction, statement, locked, field)


def _known(state: State, transaction: Transaction, statement: Reconciliation, viewer: UUID) -> bool:
    """Whoever sees an account sees the transactions on it; only of others must it be asked."""
    terms = transaction.terms
    if any(p.account_id == statement.account_id for p in terms.postings):
        return True
    return seen(terms, viewer, looking(state)) != "nothing"


def _leg(transaction: Transaction, statement: Reconciliation, locked: set[UUID], field: str) -> Decimal:
    facts = {"field": field, "transaction_id": str(transaction.transaction_id)}
    terms = transaction.terms
    if terms.state != "posted":
        raise NotOnStatement(f"The transaction is {terms.state}, not posted.", state=terms.state, **facts)
    if terms.date > statement.date:
        raise AfterStatement(
            f"The transaction of {terms.date} is later than the statement of {statement.date}.", **facts
        )
    legs = [
        p.amount
        for p in terms.postings
        if p.account_id == statement.account_id and p.currency == statement.currency
    ]
    if not legs:
        raise NotOnAccount(f"The transaction has no {statement.currency} posting on the account.", **facts)
    for reconciliation_id in transaction.reconciled:
        if reconciliation_id in locked:
            raise AlreadyReconciled(
                "The transaction is on an earlier statement.",
                reconciliation_id=str(reconciliation_id),
                **facts,
            )
    total = ZERO
    for amount in legs:
        total = EXACT.add(total, amount)
    return total

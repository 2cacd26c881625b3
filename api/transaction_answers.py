"""What a transaction looks like in answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Literal, NotRequired
from uuid import UUID

import orjson
from typing_extensions import TypedDict

from api.commodities import Declared
from api.money import AccountBalance, balance_of, written
from ledger.command import Balance
from ledger.transactions.events import State, Type
from ledger.transactions.transaction import Transaction


class PostingAnswer(TypedDict):
    """One leg; positive is debit. `cleared`: seen on a statement; with `reconciliation_ids` it is locked (an
    account has a statement for each of its currencies). A leg on an account that is private to somebody else stands
    on the book's private side, an account that is in no list."""

    account_id: UUID
    amount: str
    currency: str
    memo: NotRequired[str]
    cleared: bool
    reconciliation_ids: NotRequired[list[UUID]]


class TransactionTerms(TypedDict):
    """What a transaction says at one version. A voided one keeps what it last said; `expired`: it was a hold
    that lapsed."""

    state: State
    type: Type
    date: dt.date
    expires_at: dt.datetime | None
    expired: bool
    payee: str | None
    notes: str | None
    tags: list[str]
    metadata: dict[str, Any]
    postings: list[PostingAnswer]


class TransactionAnswer(TransactionTerms):
    """A transaction as it stands at `version`."""

    id: UUID
    version: int
    history: str


class Warned(TypedDict):
    """A rule that the transaction breaks on an account whose policy is to flag it."""

    code: Literal["account_flagged"]
    account_id: UUID
    detail: str


class CommandedTransaction(TransactionAnswer):
    """A transaction after a command, with the resulting balances of every account and currency that the
    command touched. `command_id` can be undone; `position` is that of the last fact, 0 if nothing changed."""

    balances: list[AccountBalance]
    warnings: list[Warned]
    command_id: UUID
    position: int


def transaction_answer(transaction: Transaction, declared: Declared) -> TransactionAnswer:
    """The transaction as answers carry it."""
    return TransactionAnswer(
        id=transaction.transaction_id,
        **transaction_terms(transaction, declared),
        version=transaction.version,
        history=f"/v1/transactions/{transaction.transaction_id}/history",
    )


def transaction_terms(transaction: Transaction, declared: Declared) -> TransactionTerms:
    """What it says, without its id and version."""
    terms, text = transaction.terms, transaction.text
    tags = text.get("tags")
    metadata = text.get("metadata")
    return TransactionTerms(
        state=terms.state,
        type=terms.type,
        date=terms.date,
        expires_at=terms.expires_at,
        expired=transaction.expired,
        payee=text.get("payee") or None,
        notes=text.get("notes") or None,
        tags=tags.split("\n") if tags else [],
        metadata=orjson.loads(metadata) if metadata else {},
        postings=_postings(transaction, declared),
    )


def warnings(flagged: Iterable[UUID]) -> list[Warned]:
    """The warnings about accounts that a fact flagged."""
    return [
        Warned(
            code="account_flagged",
            account_id=account_id,
            detail="The account falls below its floor, or an asserted balance is no longer true.",
        )
        for account_id in flagged
    ]


def account_balances(
    touched: Iterable[tuple[UUID, str, Balance]], declared: Declared
) -> list[AccountBalance]:
    """The balances that a command led to."""
    return [
        {
            "account_id": account_id,
            **balance_of(currency, balance, declared.get((account_id, currency)) if declared else None),
        }
        for account_id, currency, balance in touched
    ]


def places(transaction: Transaction) -> list[tuple[UUID, str]]:
    """Every account and currency that the transaction has a posting on."""
    return [(p.account_id, p.currency) for p in transaction.terms.postings]


def _postings(transaction: Transaction, declared: Declared) -> list[PostingAnswer]:
    # Hashing an id costs more than all else here, so nothing is looked up in what is mostly empty.
    text, cleared, reconciled = transaction.text, transaction.cleared, transaction.reconciled
    shown: list[PostingAnswer] = []
    for index, posting in enumerate(transaction.terms.postings):
        account_id, currency = posting.account_id, posting.currency
        decimals = declared.get((account_id, currency)) if declared else None
        answer: PostingAnswer = {
            "account_id": account_id,
            "amount": written(posting.amount, currency, decimals),
            "currency": currency,
            "cleared": bool(cleared) and account_id in cleared,
        }
        memo = text.get(f"memo.{index}")
        if memo:
            answer["memo"] = memo
        if reconciled and account_id in reconciled.values():
            answer["reconciliation_ids"] = [r for r, account in reconciled.items() if account == account_id]
        shown.append(answer)
    return shown

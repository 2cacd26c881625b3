"""The answer to a command on one transaction: the transaction as the command left it, and the balances."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api.carrying_out import carried_out, made
from api.commodities import declared
from api.reading import facts_of, left_by
from api.responses import etag, location
from api.services import context
from api.transaction_answers import (
    CommandedTransaction,
    account_balances,
    places,
    transaction_answer,
    warnings,
)
from api.visibility import Sight, shown_flags, sight
from api.visible_balances import visible_balances
from ledger.command import Command, Outcome
from ledger.entities import fold
from ledger.record import Recorded
from ledger.transactions.refusals import UnknownTransaction
from ledger.transactions.transaction import Transaction


async def created(request: Request, command: Command, outcome: Outcome) -> Response:
    """The answer to a command that made a transaction."""
    transaction, payload = await _commanded(request, outcome, fold(outcome.facts))
    address = location(f"/v1/transactions/{transaction.transaction_id}")
    return made(command, outcome, payload, [etag(transaction.version), address])


async def changed(request: Request, outcome: Outcome, transaction_id: UUID) -> Response:
    """The answer to a command on a transaction that was there, which a change (and its repetition) leaves as
    its facts say, whatever came later."""
    left, _ = await left_by(request, outcome, transaction_id, Transaction)
    if left is None:
        raise UnknownTransaction(f"There is no transaction {transaction_id} in this book.")
    transaction, payload = await _commanded(request, outcome, left)
    return carried_out(outcome, payload, [etag(transaction.version)])


async def history_in(request: Request, transaction_id: UUID, book_id: UUID) -> list[Recorded]:
    """The facts of a transaction of this book, in order. Raises UnknownTransaction."""
    history = await facts_of(request, transaction_id)
    if not history or history[0].book_id != book_id or not history[0].topic.startswith("transaction."):
        raise UnknownTransaction(f"There is no transaction {transaction_id} in this book.")
    # Read from the record itself, the answer may be ahead of the read models.
    found = context(request)
    found.position = max(found.position, history[-1].position)
    return history


async def _commanded(
    request: Request, outcome: Outcome, left: Transaction
) -> tuple[Transaction, CommandedTransaction]:
    """The transaction that a command left, as whoever asks may see it. Raises UnknownTransaction, which only the
    repetition of a command can meet: what it was about may have become private to somebody else."""
    seen = await sight(request)
    transaction = shown(seen, left)
    balances = await visible_balances(request, seen, outcome)
    touched = [(account_id, currency) for account_id, currency, _ in balances]
    decimals = await declared(request, touched + places(transaction))
    return transaction, CommandedTransaction(
        **transaction_answer(transaction, decimals),
        balances=account_balances(balances, decimals),
        warnings=warnings(shown_flags(seen, outcome.facts)),
        command_id=outcome.command_id,
        position=outcome.last,
    )


def shown(seen: Sight, transaction: Transaction) -> Transaction:
    """The transaction as it may be seen. Raises UnknownTransaction."""
    visible: Transaction | None = seen.entity(transaction)
    if visible is None:
        raise UnknownTransaction(f"There is no transaction {transaction.transaction_id} in this book.")
    return visible

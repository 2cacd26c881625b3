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
from ledger.command import Command, Outcome
from ledger.entities import fold
from ledger.record import Recorded
from ledger.transactions.refusals import UnknownTransaction
from ledger.transactions.transaction import Transaction


async def created(request: Request, command: Command, outcome: Outcome) -> Response:
    """The answer to a command that made a transaction."""
    transaction: Transaction = fold(outcome.facts)
    payload = await _commanded(request, outcome, transaction)
    address = location(f"/v1/transactions/{transaction.transaction_id}")
    return made(command, outcome, payload, [etag(transaction.version), address])


async def changed(request: Request, outcome: Outcome, transaction_id: UUID) -> Response:
    """The answer to a command on a transaction that was there, which a change (and its repetition) leaves as
    its facts say, whatever came later."""
    transaction, _ = await left_by(request, outcome, transaction_id, Transaction)
    if transaction is None:
        raise UnknownTransaction(f"There is no transaction {transaction_id} in this book.")
    payload = await _commanded(request, outcome, transaction)
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


async def _commanded(request: Request, outcome: Outcome, transaction: Transaction) -> CommandedTransaction:
    touched = [(account_id, currency) for account_id, currency, _ in outcome.balances]
    decimals = await declared(request, touched + places(transaction))
    flagged = [account_id for each in outcome.facts for account_id in getattr(each.fact, "flagged", ())]
    return CommandedTransaction(
        **transaction_answer(transaction, decimals),
        balances=account_balances(outcome.balances, decimals),
        warnings=warnings(dict.fromkeys(flagged)),
        command_id=outcome.command_id,
        position=outcome.last,
    )

"""The answer to a command on one transaction: the transaction as the command left it, and the balances."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api.commodities import declared
from api.responses import Header, answer, etag, location
from api.services import context, services
from api.transaction_answers import (
    CommandedTransaction,
    account_balances,
    places,
    transaction_answer,
    warnings,
)
from ledger.command import Outcome
from ledger.entities import fold
from ledger.log import COLUMNS, decode_rows
from ledger.record import Recorded
from ledger.transactions.refusals import UnknownTransaction
from ledger.transactions.transaction import Transaction

REPLAYED: Header = (b"idempotency-replayed", b"true")
_STREAM = f"SELECT {COLUMNS} FROM record.stored_events WHERE originator_id = %s ORDER BY originator_version"  # noqa: S608


async def created(request: Request, outcome: Outcome, dry_run: bool) -> Response:
    """The answer to a command that made a transaction: 201 with its address, or 200 for a dry run."""
    transaction: Transaction = fold(outcome.facts)
    headers = [] if dry_run else [location(f"/v1/transactions/{transaction.transaction_id}")]
    return await _answered(request, outcome, transaction, 200 if dry_run else 201, headers)


async def changed(request: Request, outcome: Outcome, transaction_id: UUID) -> Response:
    """The answer to a command on a transaction that was there, which a change (and its repetition) leaves as
    its facts say, whatever came later."""
    history = await facts_of(request, transaction_id)
    if outcome.facts:
        history = [*history[: outcome.facts[0].version - 1], *outcome.facts]
    transaction: Transaction = fold(history)
    return await _answered(request, outcome, transaction, 200, [])


async def facts_of(request: Request, transaction_id: UUID) -> list[Recorded]:
    """The facts of a transaction in order; none for an id that is not known."""
    known = services(request)
    async with known.pool.connection() as connection:
        cursor = connection.cursor(binary=True)
        await cursor.execute(_STREAM, (transaction_id,))
        return decode_rows(await cursor.fetchall(), known.vault)


async def history_in(request: Request, transaction_id: UUID, book_id: UUID) -> list[Recorded]:
    """The facts of a transaction of this book, in order. Raises UnknownTransaction."""
    history = await facts_of(request, transaction_id)
    if not history or history[0].book_id != book_id or not history[0].topic.startswith("transaction."):
        raise UnknownTransaction(f"There is no transaction {transaction_id} in this book.")
    # Read from the record itself, the answer may be ahead of the read models.
    found = context(request)
    found.position = max(found.position, history[-1].position)
    return history


async def _answered(
    request: Request, outcome: Outcome, transaction: Transaction, status: int, headers: list[Header]
) -> Response:
    touched = [(account_id, currency) for account_id, currency, _ in outcome.balances]
    decimals = await declared(request, touched + places(transaction))
    flagged = [account_id for each in outcome.facts for account_id in getattr(each.fact, "flagged", ())]
    payload = CommandedTransaction(
        **transaction_answer(transaction, decimals),
        balances=account_balances(outcome.balances, decimals),
        warnings=warnings(dict.fromkeys(flagged)),
        command_id=outcome.command_id,
        position=outcome.last,
    )
    if outcome.replayed:
        headers.append(REPLAYED)
    if outcome.last:
        context(request).position = outcome.last
    return answer(payload, status, [etag(transaction.version), *headers])

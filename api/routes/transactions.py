"""Transactions: money that is posted or held, and what is said of it now."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from api.carrying_out import carry_out
from api.commodities import declared
from api.describe import operation, router
from api.idempotency import frame
from api.preconditions import expected_version
from api.principal import principal
from api.reading import path_id, read_body
from api.responses import answer, etag
from api.services import services
from api.transaction_answers import CommandedTransaction, TransactionAnswer, places, transaction_answer
from api.transaction_bodies import TransactionBody
from api.transaction_entry import entry
from api.transaction_examples import COMMANDED, FORMS, STORED, VOIDED, explained
from api.transaction_outcome import changed, created, history_in, shown
from api.visibility import sight
from ledger.entities import fold
from ledger.transactions.changes import AmendTransaction, VoidTransaction
from ledger.transactions.commands import PostTransaction
from ledger.transactions.refusals import UnknownTransaction

routes = router("Transactions")


@routes.post(
    "/transactions",
    **explained(
        operation(
            "Post or hold money",
            body=TransactionBody,
            examples=FORMS,
            status=201,
            answer=CommandedTransaction,
            answer_example=COMMANDED,
            refusals=(400, 404, 409, 413, 422, 503),
        ),
        dry_run=CommandedTransaction,
    ),
)
async def post(request: Request) -> Response:
    """In the full form (`postings`) or the friendly one (`type` and what belongs to it)."""
    who = principal(request)
    body = await read_body(request, TransactionBody)
    command = PostTransaction(
        **await frame(request, who),
        **entry(body, who.book_id),
        transaction_id=services(request).new_id(),
        state=body.state or "posted",
    )
    return await created(request, command, await carry_out(request, command))


@routes.get(
    "/transactions/{transaction_id}",
    **operation(
        "Read a transaction",
        answer=TransactionAnswer,
        answer_example=STORED,
        refusals=(404,),
    ),
)
async def read(request: Request) -> Response:
    """From the record itself, so that it is never stale."""
    who = principal(request)
    transaction_id = path_id(request, "transaction_id", UnknownTransaction)
    history = await history_in(request, transaction_id, who.book_id)
    transaction = shown(await sight(request), fold(history))
    found = transaction_answer(transaction, await declared(request, places(transaction)))
    return answer(found, headers=[etag(transaction.version)])


@routes.put(
    "/transactions/{transaction_id}",
    **explained(
        operation(
            "Amend a transaction",
            body=TransactionBody,
            examples=FORMS,
            answer=CommandedTransaction,
            answer_example=COMMANDED | {"version": 2},
            refusals=(400, 404, 409, 412, 413, 422, 503),
        )
    ),
)
async def amend(request: Request) -> Response:
    """Replaces all that the transaction says; what is left out is gone. Its state stays. Payee, notes, tags,
    memos and metadata may always be changed; amounts, dates and accounts only while no leg is reconciled."""
    who = principal(request)
    transaction_id = path_id(request, "transaction_id", UnknownTransaction)
    body = await read_body(request, TransactionBody)
    outcome = await carry_out(
        request,
        AmendTransaction(
            **await frame(request, who),
            **entry(body, who.book_id),
            transaction_id=transaction_id,
            expected_version=expected_version(request),
            state=body.state,
        ),
    )
    return await changed(request, outcome, transaction_id)


@routes.delete(
    "/transactions/{transaction_id}",
    **explained(
        operation(
            "Void a transaction",
            answer=CommandedTransaction,
            answer_example=VOIDED,
            refusals=(404, 409, 412, 503),
        )
    ),
)
async def delete(request: Request) -> Response:
    """The same as POST /transactions/{id}/void without a reason: nothing is ever removed from the record, and
    undoing the command brings the transaction back."""
    who = principal(request)
    transaction_id = path_id(request, "transaction_id", UnknownTransaction)
    outcome = await carry_out(
        request,
        VoidTransaction(
            **await frame(request, who),
            transaction_id=transaction_id,
            expected_version=expected_version(request),
        ),
    )
    return await changed(request, outcome, transaction_id)

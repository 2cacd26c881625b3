"""What is done with a transaction later: post a hold, void, mark as cleared; and everything that was done."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api.actors import name_of
from api.carrying_out import carry_out
from api.commodities import declared
from api.describe import operation, router
from api.idempotency import frame
from api.preconditions import expected_version
from api.principal import principal
from api.reading import path_id, read_body, stream
from api.responses import answer
from api.transaction_answers import CommandedTransaction
from api.transaction_bodies import ClearBody, SettleBody, VoidBody
from api.transaction_entry import read_postings
from api.transaction_examples import CLEARED, HISTORY, PARTS, SETTLED, VOIDED, explained
from api.transaction_history import HistoryAnswer, versions
from api.transaction_outcome import changed, history_in, shown
from api.visibility import sight
from ledger.entities import fold
from ledger.identity.user import User
from ledger.money import read_amount
from ledger.postings import balanced
from ledger.record import Recorded
from ledger.transactions.changes import MarkCleared, SettleTransaction, VoidTransaction
from ledger.transactions.effects import transition
from ledger.transactions.forms import MixedForm
from ledger.transactions.refusals import UnknownTransaction

routes = router("Transactions")


@routes.post(
    "/transactions/{transaction_id}/post",
    **explained(
        operation(
            "Post a pending transaction",
            body=SettleBody,
            examples=PARTS,
            answer=CommandedTransaction,
            answer_example=SETTLED,
            refusals=(400, 404, 409, 412, 422, 503),
        )
    ),
)
async def settle(request: Request) -> Response:
    """Wholly, or in part; what is not posted is released."""
    who = principal(request)
    transaction_id = path_id(request, "transaction_id", UnknownTransaction)
    body = await read_body(request, SettleBody)
    if body.amount is not None and body.postings is not None:
        raise MixedForm("Send either `amount` or `postings`, not both.", field="amount")
    outcome = await carry_out(
        request,
        SettleTransaction(
            **await frame(request, who),
            transaction_id=transaction_id,
            expected_version=expected_version(request),
            date=body.date,
            amount=None if body.amount is None else read_amount(body.amount, field="amount"),
            postings=() if body.postings is None else balanced(read_postings(body.postings)),
        ),
    )
    return await changed(request, outcome, transaction_id)


@routes.post(
    "/transactions/{transaction_id}/void",
    **explained(
        operation(
            "Void a transaction with a reason",
            body=VoidBody,
            example={"reason": "Entered twice"},
            answer=CommandedTransaction,
            answer_example=VOIDED,
            refusals=(400, 404, 409, 412, 422, 503),
        )
    ),
)
async def void(request: Request) -> Response:
    """Takes a posted transaction back in full, or releases a hold."""
    who = principal(request)
    transaction_id = path_id(request, "transaction_id", UnknownTransaction)
    body = await read_body(request, VoidBody)
    outcome = await carry_out(
        request,
        VoidTransaction(
            **await frame(request, who),
            transaction_id=transaction_id,
            expected_version=expected_version(request),
            reason=body.reason,
        ),
    )
    return await changed(request, outcome, transaction_id)


@routes.post(
    "/transactions/{transaction_id}/clear",
    **explained(
        operation(
            "Mark a leg as seen on a statement",
            body=ClearBody,
            example={"account_id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c01"},
            answer=CommandedTransaction,
            answer_example=CLEARED,
            refusals=(400, 404, 409, 412, 422, 503),
        )
    ),
)
async def clear(request: Request) -> Response:
    """A mark locks nothing; a reconciliation does. `cleared: false` takes it away."""
    who = principal(request)
    transaction_id = path_id(request, "transaction_id", UnknownTransaction)
    body = await read_body(request, ClearBody)
    outcome = await carry_out(
        request,
        MarkCleared(
            **await frame(request, who),
            transaction_id=transaction_id,
            expected_version=expected_version(request),
            account_id=body.account_id,
            cleared=body.cleared,
        ),
    )
    return await changed(request, outcome, transaction_id)


@routes.get(
    "/transactions/{transaction_id}/history",
    **operation(
        "Read every version of a transaction",
        answer=HistoryAnswer,
        answer_example=HISTORY,
        refusals=(404,),
    ),
)
async def history(request: Request) -> Response:
    """What was done to it, when, by whom and by which command; the first version first."""
    who = principal(request)
    transaction_id = path_id(request, "transaction_id", UnknownTransaction)
    facts = await history_in(request, transaction_id, who.book_id)
    seen = await sight(request)
    shown(seen, fold(facts))
    decimals = await declared(request, _places(facts))
    names = await _names(request, {recorded.actor_id for recorded in facts})
    return answer(HistoryAnswer(id=transaction_id, items=versions(facts, names, decimals, seen)))


async def _names(request: Request, actors: Iterable[UUID]) -> dict[UUID, str]:
    names = {}
    for actor_id in actors:
        name = name_of(await stream(request, actor_id, User))
        if name is not None:
            names[actor_id] = name
    return names


def _places(facts: Iterable[Recorded]) -> list[tuple[UUID, str]]:
    after = [transition(recorded.fact)[1] for recorded in facts]
    return [(p.account_id, p.currency) for terms in after if terms is not None for p in terms.postings]

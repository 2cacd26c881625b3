"""Many transactions in one request: each answered for itself, or all of them carried out or none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NotRequired
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.bulk_frames import frames, never_another
from api.bulk_items import Item, read_items
from api.carrying_out import REPLAYED
from api.describe import operation, router
from api.idempotency import Frame
from api.principal import Principal, principal
from api.problems import InternalError, of_refusal, problem
from api.responses import answer
from api.services import context, services
from api.transaction_answers import Warned, warnings
from api.transaction_bodies import BulkBody
from api.transaction_entry import entry
from api.transaction_examples import BULK, BULK_ANSWER, explained
from api.visibility import sight
from ledger.command import Outcome
from ledger.decider import NotCarriedOut
from ledger.refusals import Refusal, TryAgain
from ledger.transactions.commands import PostTransaction
from ledger.transactions.refusals import UnknownTransaction

routes = router("Transactions")
_log = structlog.get_logger("numina.http")

Result = Outcome | Exception


class BulkRefused(Refusal):
    """One item of an all-or-nothing request was refused, so none was carried out."""

    code = "bulk_refused"


class BulkResult(TypedDict):
    """What became of one item: 201 (200 in a dry run) with its id, or the status and problem that it would
    have been refused with alone."""

    status: int
    id: NotRequired[UUID]
    version: NotRequired[int]
    command_id: NotRequired[UUID]
    warnings: NotRequired[list[Warned]]
    problem: NotRequired[dict[str, Any]]


class BulkAnswer(TypedDict):
    """One result for each item, in order."""

    results: list[BulkResult]


@routes.post(
    "/transactions/bulk",
    **explained(
        operation(
            "Post up to 5,000 transactions",
            body=BulkBody,
            example=BULK,
            status=207,
            answer=BulkAnswer,
            answer_example=BULK_ANSWER,
            refusals=(400, 413, 422, 503),
        )
    ),
)
async def bulk(request: Request) -> Response:
    """Each item is carried out for itself, in order, and sees what those before it changed. With `atomic` all
    are carried out or none: the first refusal is answered as 422 with its `item` index and `problem`.

    With an Idempotency-Key the same request gets the same results again, item by item.
    """
    who = principal(request)
    items, atomic = await read_items(request)
    common, ids = await frames(request, who, len(items))
    # The question is on its way while the commands are made.
    asking = never_another(request, common, ids)
    _, made = await asyncio.gather(asking, _commands(request, who, items, common, ids))
    if atomic:
        _none_refused(made)
    commands = [each for each in made if isinstance(each, PostTransaction)]
    carried = await services(request).writer.handle_all(commands, atomic=atomic) if commands else []
    following = iter(carried)
    results = [each if isinstance(each, Refusal) else next(following) for each in made]
    if atomic:
        _none_refused(results)
    if isinstance(results[0], TryAgain) and all(isinstance(result, TryAgain) for result in results):
        raise results[0]
    return _answered(request, await _seen(request, results), commands)


async def _commands(
    request: Request, who: Principal, items: Sequence[Item], common: Frame, ids: Sequence[UUID]
) -> Sequence[PostTransaction | Refusal]:
    """What the items ask for; an item that says nothing that could be done is the refusal of it."""
    new_id, book_id, user_id = services(request).new_id, who.book_id, who.user_id
    made: list[PostTransaction | Refusal] = []
    now, digest, dry_run = common["now"], common["request"], common["dry_run"]
    for item, command_id in zip(items, ids, strict=True):
        if isinstance(item, Refusal):
            made.append(item)
            continue
        try:
            command = PostTransaction(
                command_id=command_id,
                book_id=book_id,
                actor_id=user_id,
                now=now,
                request=digest,
                dry_run=dry_run,
                transaction_id=new_id(),
                state=item.state or "posted",
                **entry(item, book_id),
            )
        except Refusal as refusal:
            made.append(refusal)
        else:
            made.append(command)
    return made


async def _seen(request: Request, results: Sequence[Result]) -> Sequence[Result]:
    """The results; what was posted by the same request before may have become private to somebody else."""
    if not any(isinstance(result, Outcome) and result.replayed for result in results):
        return results
    seen = await sight(request)
    if seen.clear:
        return results
    shown: list[Result] = []
    for result in results:
        if isinstance(result, Outcome) and all(seen.fact(each) is None for each in result.facts):
            unknown = result.facts[0].stream_id
            shown.append(UnknownTransaction(f"There is no transaction {unknown} in this book."))
        else:
            shown.append(result)
    return shown


def _none_refused(results: Sequence[PostTransaction | Result]) -> None:
    """Raises BulkRefused for the item that an all-or-nothing request failed on, and what is no refusal as it
    is."""
    for index, result in enumerate(results):
        if isinstance(result, NotCarriedOut):
            continue
        if isinstance(result, Refusal):
            within = f"items.{index}"
            raise BulkRefused(
                f"Item {index} was refused, so none was carried out: {result.detail}",
                field=f"{within}.{result.field}" if result.field else within,
                item=index,
                problem=of_refusal(result),
            )
        if isinstance(result, Exception):
            raise result


def _answered(request: Request, results: Sequence[Result], commands: Sequence[PostTransaction]) -> Response:
    outcomes = [result for result in results if isinstance(result, Outcome)]
    found = context(request)
    found.position = max((outcome.last for outcome in outcomes), default=0) or found.position
    stored = 200 if commands and commands[0].dry_run else 201
    replayed = bool(outcomes) and all(outcome.replayed for outcome in outcomes)
    payload = BulkAnswer(results=[_result(result, stored) for result in results])
    return answer(payload, 207, [REPLAYED] if replayed else [])


def _result(result: Result, stored: int) -> BulkResult:
    if isinstance(result, Outcome):
        first = result.facts[0]
        done = BulkResult(
            status=stored, id=first.stream_id, version=first.version, command_id=result.command_id
        )
        flagged: tuple[UUID, ...] = getattr(first.fact, "flagged", ())
        if flagged:
            done["warnings"] = warnings(flagged)
        return done
    if isinstance(result, Refusal):
        return BulkResult(status=result.status, problem=of_refusal(result))
    if isinstance(result, TryAgain):
        return BulkResult(
            status=503,
            problem=problem(503, "try_again", "Nothing was stored", result.detail, retryable=True),
        )
    _log.error("an item of a bulk request failed", exc_info=result)
    return BulkResult(status=500, problem=of_refusal(InternalError("This item could not be decided.")))

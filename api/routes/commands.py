"""Commands: what was asked for, what came of it, and taking it back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.carrying_out import carried_out, carry_out
from api.commodities import declared
from api.describe import operation, router
from api.idempotency import frame
from api.money import AccountBalance
from api.principal import principal
from api.reading import fresh, path_id, stream
from api.responses import answer
from api.routes.changes import CHANGE_EXAMPLE, Change, change
from api.services import context, services
from api.transaction_answers import account_balances
from api.visibility import sight, sight_of
from api.visible_balances import visible_balances
from api.visible_facts import Reader
from ledger.record import Recorded
from ledger.undo.commands import UndoCommand
from ledger.undo.refusals import UnknownCommand
from ledger.undo.undoing import Undoing
from projections import trail

routes = router("Commands")

MOST_FACTS = 1_000


class CommandAnswer(TypedDict):
    """A command that was carried out. `facts` are the first thousand that it led to; `undone_by` the command
    that took it back, null while it is in force."""

    id: UUID
    command: str
    actor_id: UUID
    recorded_at: dt.datetime
    first_position: int
    last_position: int
    fact_count: int
    facts: list[Change]
    undone_by: UUID | None


class Undone(TypedDict):
    """The command that took another one back, with the facts and the balances that this led to. To undo the
    undoing, undo `command_id`."""

    command_id: UUID
    undone_id: UUID
    position: int
    facts: list[Change]
    balances: list[AccountBalance]


_ID = "019a9d3f-1c00-7b11-8c22-aa31bd0c9e11"
_EXAMPLE: dict[str, Any] = {
    "id": _ID,
    "command": "account.amend",
    "actor_id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4d",
    "recorded_at": "2026-03-01T12:00:00Z",
    "first_position": 1204,
    "last_position": 1204,
    "fact_count": 1,
    "facts": [CHANGE_EXAMPLE],
    "undone_by": None,
}


@routes.get(
    "/commands/{command_id}",
    **operation("Read a command", answer=CommandAnswer, answer_example=_EXAMPLE, refusals=(404,)),
)
async def read(request: Request) -> Response:
    who = principal(request)
    command_id = path_id(request, "command_id", UnknownCommand)
    keys = services(request).vault
    async with fresh(request) as connection:
        found = await trail.command(connection, who.book_id, command_id)
        if found is None:
            raise UnknownCommand("There is no such command in this book, or it changed nothing.")
        seen = sight_of(who, context(request).veil)
        reader = Reader(connection, keys, who.book_id, seen)
        wanted = trail.Filter(after=found.first - 1, before=found.first + MOST_FACTS)
        stored = await trail.log(connection, keys, who.book_id, wanted, MOST_FACTS)
        facts = await reader.visible(stored)
        if not seen.clear or len(facts) < len(stored):
            found = _seen(found, await reader.of_command(command_id))
    undoing = await stream(request, command_id, Undoing)
    return answer(
        CommandAnswer(
            id=command_id,
            command=found.command,
            actor_id=found.actor_id,
            recorded_at=found.recorded_at,
            first_position=found.first,
            last_position=found.last,
            fact_count=found.facts,
            facts=[change(recorded) for recorded in reversed(facts) if recorded.command_id == command_id],
            undone_by=undoing.undone_by if undoing is not None else None,
        )
    )


def _seen(found: trail.Commanded, facts: Sequence[Recorded]) -> trail.Commanded:
    """The command as far as its facts (newest first) are seen. Raises UnknownCommand where none is."""
    if not facts:
        raise UnknownCommand("There is no such command in this book, or it changed nothing.")
    return found._replace(first=facts[-1].position, last=facts[0].position, facts=len(facts))


@routes.post(
    "/commands/{command_id}/undo",
    **operation(
        "Undo a command",
        answer=Undone,
        answer_example={
            "command_id": "019a9d40-0000-7a00-8000-000000000001",
            "undone_id": _ID,
            "position": 1206,
            "facts": [CHANGE_EXAMPLE | {"position": 1205, "command": "command.undo", "version": 3}],
            "balances": [],
        },
        refusals=(404, 409, 503),
    ),
)
async def undo(request: Request) -> Response:
    """All that the command did is compensated by new facts, or nothing is and the refusal says why."""
    who = principal(request)
    command_id = path_id(request, "command_id", UnknownCommand)
    async with fresh(request) as connection:
        found = await trail.command(connection, who.book_id, command_id)
    if found is None:
        raise UnknownCommand("There is no such command in this book, or it changed nothing.")
    outcome = await carry_out(
        request,
        UndoCommand(**await frame(request, who), undone_id=command_id, first=found.first, last=found.last),
    )
    seen = await sight(request)
    balances = await visible_balances(request, seen, outcome)
    facts = [fact for each in outcome.facts[:MOST_FACTS] if (fact := seen.fact(each)) is not None]
    decimals = await declared(request, [(account_id, code) for account_id, code, _ in balances])
    return carried_out(
        outcome,
        Undone(
            command_id=outcome.command_id,
            undone_id=command_id,
            position=outcome.last,
            facts=[change(recorded) for recorded in facts],
            balances=account_balances(balances, decimals),
        ),
    )

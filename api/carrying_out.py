"""Carrying out a command, and what its answer says about that in the headers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request

from api.responses import Answer, Header, answer
from api.services import context, services
from ledger.command import Command, Outcome

REPLAYED: Header = (b"idempotency-replayed", b"true")


async def carry_out(request: Request, command: Command) -> Outcome:
    """What the command led to; the answer will bear the position of its last fact. Raises its Refusal, or
    TryAgain."""
    found = context(request)
    outcome = await services(request).writer.handle(command)
    if outcome.last:
        found.position = outcome.last
        if not outcome.facts[0].topic.startswith("transaction."):
            found.services.standing.learn(outcome.facts)
    return outcome


def carried_out(outcome: Outcome, payload: Any, headers: Sequence[Header] = ()) -> Answer:
    """200, for what was changed."""
    return answer(payload, 200, _marked(outcome, headers))


def made(command: Command, outcome: Outcome, payload: Any, headers: Sequence[Header]) -> Answer:
    """201 for what was made, or 200 for what a dry run would have made, which has no address."""
    if command.dry_run:
        return answer(payload, 200, [header for header in headers if header[0] not in (b"location", b"etag")])
    return answer(payload, 201, _marked(outcome, headers))


def _marked(outcome: Outcome, headers: Sequence[Header]) -> Sequence[Header]:
    return [*headers, REPLAYED] if outcome.replayed else headers

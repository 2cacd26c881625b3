"""What a person agreed to, in which version and when."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import StringConstraints
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.carrying_out import carried_out, carry_out
from api.describe import operation, router
from api.fields import Body
from api.oneself import about_oneself
from api.principal import principal
from api.reading import facts_of, read_body
from api.responses import answer
from ledger.privacy import commands
from ledger.privacy.events import UserConsentGiven, UserConsentWithdrawn
from ledger.privacy.privacy import Consent
from ledger.record import Recorded

routes = router("Privacy")

Version = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]


class ConsentChange(Body):
    """What you agree to (`given`), or no more. `version` names the text that you were shown."""

    kind: Consent
    version: Version
    given: bool


class ConsentEntry(TypedDict):
    """Something said about a text; `given` is false where agreement was withdrawn."""

    kind: Consent
    version: str
    given: bool
    at: dt.datetime


class Consents(TypedDict):
    """What you agree to at present, and all that you ever said of it, newest first."""

    present: list[ConsentEntry]
    history: list[ConsentEntry]


_ENTRY = {"kind": "terms", "version": "2026-01", "given": True, "at": "2026-03-01T12:00:00Z"}
_CONSENTS = {"present": [_ENTRY], "history": [_ENTRY]}


@routes.get(
    "/users/me/consents", **operation("List your consents", answer=Consents, answer_example=_CONSENTS)
)
async def read(request: Request) -> Response:
    return answer(consents(await facts_of(request, principal(request).user_id)))


@routes.post(
    "/users/me/consents",
    **operation(
        "Give or withdraw a consent",
        body=ConsentChange,
        example={"kind": "terms", "version": "2026-01", "given": True},
        answer=Consents,
        answer_example=_CONSENTS,
        refusals=(422,),
    ),
)
async def change(request: Request) -> Response:
    """What is so already is not recorded a second time."""
    who = principal(request)
    body = await read_body(request, ConsentChange)
    framed = await about_oneself(request)
    command = commands.Consent(**framed, kind=body.kind, version=body.version, given=body.given)
    outcome = await carry_out(request, command)
    facts = await facts_of(request, who.user_id)
    tried = outcome.facts if command.dry_run else ()
    return carried_out(outcome, consents([*facts, *tried]))


def consents(facts: list[Recorded]) -> Consents:
    """What the facts of a person say of their consents."""
    history = [
        _entry(f, f.fact) for f in facts if isinstance(f.fact, UserConsentGiven | UserConsentWithdrawn)
    ]
    last = {entry["kind"]: entry for entry in history}
    return Consents(present=[entry for entry in last.values() if entry["given"]], history=history[::-1])


def _entry(recorded: Recorded, fact: UserConsentGiven | UserConsentWithdrawn) -> ConsentEntry:
    return ConsentEntry(
        kind=fact.kind,  # type: ignore[typeddict-item]  # only kinds of the catalogue are ever recorded
        version=fact.version,
        given=isinstance(fact, UserConsentGiven),
        at=recorded.recorded_at,
    )

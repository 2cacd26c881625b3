"""The proof: signed checkpoints of the whole record, and what leads from a fact to one."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from api.describe import operation, router
from api.fields import Query
from api.principal import principal
from api.reading import Connection, fresh, read_query
from api.responses import answer
from api.services import context, services
from api.visibility import sight_of
from api.visible_facts import Reader
from ledger.refusals import Refusal, Unknown
from projections import seal
from projections.trail import FAR, Filter, log

routes = router("Audit")


class UnknownPosition(Unknown):
    """Nothing of yours was recorded at this position."""

    code = "unknown_position"


class NotSealedYet(Refusal):
    """The tree does not reach as far as was asked for."""

    code = "not_sealed"


class ProofQuery(Query):
    """Which tree the proof leads to."""

    size: Annotated[
        int | None, Field(ge=1, lt=FAR, description="Of a checkpoint that you kept; else the newest.")
    ] = None


class CheckpointQuery(Query):
    """Which tree, and what it has grown from."""

    size: Annotated[int | None, Field(ge=0, lt=FAR, description="The first so many facts; else all.")] = None
    since: Annotated[
        int | None,
        Field(ge=0, lt=FAR, description="The size of a checkpoint that you kept: adds the proof of growth."),
    ] = None


_CHECKPOINT = {
    "numina": "checkpoint/1",
    "origin": "numina.local/2c9a41d07e5b8f36",
    "size": 1204,
    "root": "9f0c…",
    "checkpoint": "numina.local/2c9a41d07e5b8f36\n1204\nnwz…=\n\n— numina.local/2c9a41d07e5b8f36 …\n",
    "verifier_key": "numina.local/2c9a41d07e5b8f36+1f2e3d4c+AQ…",
}


@routes.get(
    "/audit/checkpoint",
    **operation(
        "Get a signed checkpoint of the whole record",
        query=CheckpointQuery,
        answer_example=_CHECKPOINT,
        refusals=(422,),
    ),
)
async def checkpoint(request: Request) -> Response:
    """Keep it: with a later one (`since` its size) it proves that nothing recorded until then was changed."""
    query = read_query(request, CheckpointQuery)
    signer = services(request).signer
    async with fresh(request) as connection:
        try:
            stated = await seal.ask_async(connection, seal.statement(signer, query.size))
            if query.since is not None:
                grown = await seal.ask_async(connection, seal.growth(signer, query.since, query.size))
                stated["consistency"] = grown
        except seal.NotSealed as error:
            raise NotSealedYet(f"The tree has {error.sealed} leaves.", sealed=error.sealed) from None
    return answer(stated)


@routes.get(
    "/audit/proofs/{position}",
    **operation(
        "Prove that a fact is in the record",
        query=ProofQuery,
        answer_example={
            "numina": "inclusion/1",
            "position": 3,
            "leaf": {"position": 3, "topic": "account.opened"},
            "leaf_hash": "5b1d…",
            "index": 2,
            "size": 1204,
            "path": ["ab12…", "cd34…"],
            "checkpoint": _CHECKPOINT["checkpoint"],
        },
        refusals=(404, 422),
    ),
)
async def proof(request: Request) -> Response:
    """All that it takes to check the fact with no database and no trust in this service: see the auditor's
    guide. Personal words in the leaf are sealed; there is no leaf, but its hash, where a part of the fact is private
    to somebody else."""
    who = principal(request)
    async with fresh(request) as connection:
        proven = await proof_of(request, connection)
        leaf: Any = proven["leaf"]
        # The book of somebody's sessions and API keys is they themselves.
        own = leaf["book_id"] == str(who.user_id) and who.key_id is None
        if not own and leaf["book_id"] != str(who.book_id):
            raise UnknownPosition("Nothing of yours was recorded at this position.")
        if not own:
            await _without_secrets(connection, request, leaf["position"], proven)
    return answer(proven)


async def proof_of(request: Request, connection: Connection) -> dict[str, Any]:
    """The proof of the fact at the position in the path, whoever may see it. Raises UnknownPosition, NotSealedYet."""
    query = read_query(request, ProofQuery)
    given = request.path_params["position"]
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise UnknownPosition("A position is a number from 1.")
    try:
        return await seal.ask_async(connection, seal.proof(services(request).signer, int(given), query.size))
    except seal.NotSealed as error:
        if not 1 <= int(given) <= error.sealed:
            raise UnknownPosition("Nothing of yours was recorded at this position.") from None
        raise NotSealedYet(f"The tree has {error.sealed} leaves.", sealed=error.sealed) from None


async def _without_secrets(
    connection: Connection, request: Request, position: int, proven: dict[str, Any]
) -> None:
    """Takes the fact itself out of a proof if a part of it is private to somebody else: its hash proves it all the
    same. Raises UnknownPosition for a fact that they may not know of."""
    who, keys = principal(request), services(request).vault
    reader = Reader(connection, keys, who.book_id, sight_of(who, context(request).veil))
    facts = await log(connection, keys, who.book_id, Filter(after=position - 1, before=position + 1), 1)
    shown = await reader.visible(facts)
    if not shown:
        raise UnknownPosition("Nothing of yours was recorded at this position.")
    if shown != facts:
        proven["leaf"] = None

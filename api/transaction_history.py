"""The history of a transaction: every version with what changed, when, by whom and by which command."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired
from uuid import UUID

from typing_extensions import TypedDict

from api.actors import Actor
from api.commodities import Declared
from api.transaction_answers import TransactionTerms, transaction_terms
from api.visibility import Sight
from ledger.entities import evolve
from ledger.record import Recorded
from ledger.transactions.transaction import Transaction


class VersionAnswer(TypedDict):
    """One version. `what` is the fact's topic (transaction.posted, transaction.amended ...), `account_id` the
    leg that a mark is about; `before` and `after` are all that the transaction said."""

    version: int
    position: int
    recorded_at: dt.datetime
    what: str
    reason: NotRequired[str]
    account_id: NotRequired[UUID]
    actor: Actor
    command_id: UUID
    command: str
    before: TransactionTerms | None
    after: TransactionTerms


class HistoryAnswer(TypedDict):
    """Every version, the first one first."""

    id: UUID
    items: list[VersionAnswer]


def versions(
    facts: Sequence[Recorded], names: Mapping[UUID, str], decimals: Declared, seen: Sight
) -> list[VersionAnswer]:
    """The versions that the facts of one transaction make, as far as they are seen; `names` are those of the people
    who made them."""
    entity: Transaction | None = None
    before: TransactionTerms | None = None
    shown: list[VersionAnswer] = []
    for recorded in facts:
        entity = evolve(entity, recorded.fact, recorded.stream_id, recorded.book_id)
        visible, fact = seen.entity(entity), seen.fact(recorded)
        after = transaction_terms(visible, decimals) if visible is not None else None
        if after is not None and fact is not None:
            shown.append(_version(fact, names, before, after))
        before = after
    return shown


def _version(
    recorded: Recorded, names: Mapping[UUID, str], before: TransactionTerms | None, after: TransactionTerms
) -> VersionAnswer:
    version = VersionAnswer(
        version=recorded.version,
        position=recorded.position,
        recorded_at=recorded.recorded_at,
        what=recorded.topic,
        actor=Actor(id=recorded.actor_id, name=names.get(recorded.actor_id)),
        command_id=recorded.command_id,
        command=recorded.command,
        before=before,
        after=after,
    )
    fact: Any = recorded.fact
    if "reason" in fact.text:
        version["reason"] = fact.text["reason"]
    if hasattr(fact, "account_id"):
        version["account_id"] = fact.account_id
    return version

"""How each noun's stream is folded: the one table from a topic's first word to its fold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from ledger.accounts import account
from ledger.books import book
from ledger.identity import user
from ledger.invitations import invitation
from ledger.keys import key
from ledger.reconciliations import reconciliation
from ledger.record import Fact, Recorded
from ledger.sessions import session
from ledger.transactions import transaction
from ledger.undo import undoing

Evolve = Callable[[Any, Fact, UUID, UUID], Any]

EVOLVE: dict[str, Evolve] = {
    "account": account.evolve,
    "book": book.evolve,
    "command": undoing.evolve,
    "invitation": invitation.evolve,
    "key": key.evolve,
    "reconciliation": reconciliation.evolve,
    "session": session.evolve,
    "transaction": transaction.evolve,
    "user": user.evolve,
}


def evolve(entity: Any, fact: Fact, stream_id: UUID, book_id: UUID) -> Any:
    """The entity of `stream_id` after `fact`; `entity` is None before its first one."""
    return EVOLVE[fact.topic.split(".", 1)[0]](entity, fact, stream_id, book_id)


def fold(facts: Iterable[Recorded]) -> Any:
    """The entity that the facts of one stream, in order, make; None for no facts."""
    entity: Any = None
    for recorded in facts:
        entity = evolve(entity, recorded.fact, recorded.stream_id, recorded.book_id)
    return entity

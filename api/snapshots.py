"""What a fact was about, as it stood before and after: entities of any noun as JSON, without secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec

from api.accounts import answered
from api.commodities import NOTHING
from api.transaction_answers import transaction_answer
from api.visibility import Sight
from ledger.accounts.account import Account
from ledger.entities import evolve
from ledger.identity.user import User
from ledger.record import Fact, Recorded
from ledger.transactions.transaction import Transaction

# Words that nobody is shown again, not even who said them.
_SECRET = frozenset({"password", "secret"})

Snapshot = Mapping[str, Any]


def snapshot(entity: Any, version: int) -> Snapshot | None:
    """The entity as it stood at `version`; None before its first fact."""
    match entity:
        case None:
            return None
        case Account():
            return answered(entity, version)
        case Transaction():
            return transaction_answer(entity, NOTHING)
        case User():
            return _plain(without_secrets(entity))
        case _:
            return _plain(entity)


def data(fact: Fact) -> Snapshot:
    """The fields of a fact, its words among them under `text`."""
    if fact.text.keys() & _SECRET:
        fact = msgspec.structs.replace(fact, text=_shown(fact.text))
    return _plain(fact)


def before_and_after(
    facts: Iterable[Recorded], wanted: frozenset[int], seen: Sight
) -> dict[int, tuple[Snapshot | None, Snapshot | None]]:
    """What the facts at the `wanted` positions were about, before and after each, as far as it is seen. `facts` hold
    their whole streams up to then, each stream's in order."""
    entities: dict[UUID, Any] = {}
    found = {}
    for recorded in facts:
        entity = entities.get(recorded.stream_id)
        after = evolve(entity, recorded.fact, recorded.stream_id, recorded.book_id)
        entities[recorded.stream_id] = after
        if recorded.position in wanted:
            version = recorded.version
            before = snapshot(seen.entity(entity), version - 1)
            found[recorded.position] = before, snapshot(seen.entity(after), version)
    return found


def without_secrets(user: User) -> User:
    """The person with nothing in it by which somebody could prove to be them."""
    factors = user.factors
    offer = factors.offer and msgspec.structs.replace(factors.offer, secret="")
    totp = factors.totp and msgspec.structs.replace(factors.totp, secret="")
    return msgspec.structs.replace(
        user,
        text=_shown(user.text),
        factors=msgspec.structs.replace(factors, offer=offer, totp=totp, recovery_codes=()),
    )


def _plain(value: Any) -> Snapshot:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain


def _shown(text: Mapping[str, str]) -> dict[str, str]:
    return {word: said for word, said in text.items() if word not in _SECRET}

"""What a thing consists of, part by part, so that a change of one part can be told from that of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from ledger.accounts.account import Account
from ledger.books.book import Book
from ledger.command import State
from ledger.entities import evolve, fold
from ledger.identity.user import User
from ledger.reconciliations.reconciliation import Reconciliation
from ledger.record import Recorded
from ledger.transactions.transaction import Transaction
from ledger.undo.undoing import Undoing

Aspect = tuple[Any, ...]
KINDS: dict[str, type[Any]] = {
    "account": Account,
    "book": Book,
    "command": Undoing,
    "reconciliation": Reconciliation,
    "transaction": Transaction,
    "user": User,
}


def aspects(entity: Any) -> dict[Aspect, Any]:
    """The parts of an entity that a command can change, by name; a part that is not there has no entry."""
    match entity:
        case Transaction():
            return _transaction(entity)
        case Account():
            return _account(entity)
        case Reconciliation():
            return {("locked",): True} if entity.locked else {}
        case Undoing():
            return {("undone",): True} if entity.undone_by is not None else {}
        case Book():
            return {
                ("name",): entity.text.get("name", ""),
                ("zone",): entity.time_zone,
                ("currency",): entity.currency,
            }
        case User():
            preferences = (entity.currency, entity.time_zone, entity.locale)
            return {("name",): entity.text.get("name", ""), ("preferences",): preferences}
        case _:
            return {}


def _transaction(transaction: Transaction) -> dict[Aspect, Any]:
    parts: dict[Aspect, Any] = {
        ("terms",): (transaction.in_force, transaction.expired, dict(transaction.text)),
    }
    parts.update({("cleared", account_id): True for account_id in transaction.cleared})
    parts.update({("reconciled", r): account_id for r, account_id in transaction.reconciled.items()})
    return parts


def _account(account: Account) -> dict[Aspect, Any]:
    parts: dict[Aspect, Any] = {
        ("name",): account.name,
        ("description",): (account.type, {k: v for k, v in account.text.items() if k != "name"}),
        ("parent",): account.parent_id,
        ("guard",): account.guard,
        ("net_worth",): account.net_worth,
        ("private",): account.private_to,
        ("currencies",): account.currencies,
        ("archived",): account.archived,
        ("withdrawn",): account.withdrawn,
    }
    parts.update({("assertion", a.assertion_id): a for a in account.assertions})
    for currency in {statement.currency for statement in account.statements}:
        parts["statements", currency] = account.locked_in(currency)
    return parts


class Touched(NamedTuple):
    """One stream that a command changed: the entity `before` its first fact there (None: it had none),
    `after` its last, and `now`. `changed` are the parts that it changed (of an account that it opened, all
    there are) and `overtaken` whether any of them is different now. `history` is every stored fact of the
    stream, `last` the version of the command's last."""

    stream_id: UUID
    before: Any
    after: Any
    now: Any
    changed: set[Aspect]
    overtaken: bool
    history: Sequence[Recorded]
    last: int

    def later(self) -> list[Recorded]:
        """The stored facts since that changed any of those parts."""
        entity, parts, found = self.after, aspects(self.after), []
        for recorded in self.history[self.last :]:
            earlier = parts
            entity = evolve(entity, recorded.fact, recorded.stream_id, recorded.book_id)
            parts = aspects(entity)
            if any(earlier.get(part) != parts.get(part) for part in self.changed):
                found.append(recorded)
        return found


def touched(state: State, stream_id: UUID, command_id: UUID) -> Touched:
    """What the command `command_id`, which changed the stream, did to it."""
    history = state.history(stream_id)
    mine = [index for index, recorded in enumerate(history) if recorded.command_id == command_id]
    first, last = mine[0], mine[-1] + 1
    before = fold(history[:first])
    after = before
    for recorded in history[first:last]:
        after = evolve(after, recorded.fact, recorded.stream_id, recorded.book_id)
    now: Any = state.entity(type(after), stream_id)
    earlier, later = aspects(before), aspects(after)
    present = later if state.version(stream_id) == last else aspects(now)
    changed = {part for part in (*earlier, *later) if earlier.get(part) != later.get(part)}
    if before is None and isinstance(now, Account):
        changed |= set(present)
    overtaken = present is not later and any(present.get(part) != later.get(part) for part in changed)
    return Touched(stream_id, before, after, now, changed, overtaken, history, last)

"""Whether somebody may know of a command, and may take it back."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.accounts.account import Account
from ledger.command import State
from ledger.reconciliations.reconciliation import Reconciliation
from ledger.record import Recorded
from ledger.transactions.effects import transition
from ledger.transactions.refusals import PrivateLeg
from ledger.transactions.seeing import Seen, looking, seen
from ledger.transactions.transaction import Transaction
from ledger.undo.compensation import same_money
from ledger.undo.refusals import UnknownCommand


def check_seen(state: State, command_id: UUID, facts: Sequence[Recorded], viewer: UUID) -> None:
    """Raises UnknownCommand for a command that did nothing that `viewer` may know of, and PrivateLeg for one that
    they know in part: taking it back would move money on somebody's private account."""
    parts = [part for recorded in facts if (part := _seen(state, recorded, viewer)) is not None]
    if parts and all(part == "nothing" for part in parts):
        raise UnknownCommand(f"There is no command {command_id} in this book.")
    if any(part != "whole" for part in parts):
        raise PrivateLeg(
            "A part of what this command did is private to somebody else: only they can take it back."
        )


def _seen(state: State, recorded: Recorded, viewer: UUID) -> Seen | None:
    """How much of a fact they may know; None for what says nothing of accounts."""
    fact, noun = recorded.fact, recorded.topic.split(".", 1)[0]
    if noun == "account":
        return _account(state, recorded.stream_id, viewer)
    if noun == "reconciliation":
        statement = state.entity(Reconciliation, recorded.stream_id)
        return _account(state, statement.account_id, viewer) if statement is not None else None
    transaction = state.entity(Transaction, recorded.stream_id) if noun == "transaction" else None
    if transaction is None:
        return None
    marked: UUID | None = getattr(fact, "account_id", None)
    if marked is not None:
        return _account(state, marked, viewer)
    before, after = transition(fact)
    looks = [seen(terms, viewer, looking(state)) for terms in (before, after, transaction.terms) if terms]
    if "nothing" in looks:
        return "nothing"
    return "part" if "part" in looks and not same_money(before, after) else "whole"


def _account(state: State, account_id: UUID, viewer: UUID) -> Seen:
    account = state.entity(Account, account_id)
    return "whole" if account is None or account.seen_by(viewer) else "nothing"

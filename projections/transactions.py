"""The present state of every transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain
from typing import Any, LiteralString
from uuid import UUID

from ledger.postings import Posting
from ledger.record import Fact, Recorded, decode
from ledger.transactions.effects import transition
from ledger.transactions.events import (
    TransactionAmended,
    TransactionCleared,
    TransactionExpired,
    TransactionReconciled,
    TransactionRestored,
    TransactionUncleared,
    TransactionUnreconciled,
)
from projections import sql
from projections.entry import Entry, begun
from projections.packing import copy_packed
from projections.projection import Cursor, Window

SQL = sql.load(__file__)


class Transactions:
    """The projection that keeps `transactions`."""

    name = "transactions"
    version = 1
    tables: tuple[str, ...] = ("transactions",)
    schema: LiteralString = SQL["schema"]
    indexes: LiteralString = SQL["indexes"]
    pipelined = False
    worded = True
    erase: tuple[LiteralString, ...] = (SQL["erase"],)

    def apply(self, window: Window, cursor: Cursor) -> None:
        alone, others = window.transactions
        if not alone and not others:
            return
        changed = _Change(cursor, others).entries() if others else ()
        copy_packed(cursor, SQL["copy"], chain(map(begun, alone), (entry.row() for entry in changed)))


class _Change:
    """What the facts of one window do to the transactions that more than one of them is about, or that are older."""

    def __init__(self, cursor: Cursor, facts: Sequence[Recorded]) -> None:
        self._cursor = cursor
        self._facts = facts
        # By the transaction's id as a number, which hashes in C.
        self._entries: dict[int, Entry] = {}

    def entries(self) -> Collection[Entry]:
        """The transactions, taken out of the table and changed."""
        self._take_out()
        entries = self._entries
        for recorded in self._facts:
            if recorded.version == 1:
                entries[recorded.stream_id.int] = Entry.begun(recorded)
            else:
                self._change(entries[recorded.stream_id.int], recorded, recorded.fact)
        return entries.values()

    def _take_out(self) -> None:
        """The transactions that began before this window."""
        old = {r.stream_id for r in self._facts} - {r.stream_id for r in self._facts if r.version == 1}
        for row in self._cursor.execute(SQL["take_out"], {"ids": list(old)}, binary=True).fetchall():
            entry = Entry.taken(row)
            self._entries[entry.id.int] = entry

    def _change(self, entry: Entry, recorded: Recorded, fact: Fact) -> None:
        before, after = transition(fact)
        entry.touch(recorded)
        if before is None and after is None:
            _mark(entry, fact)
            return
        if isinstance(fact, TransactionAmended | TransactionRestored) and after is not None:
            if entry.cleared:
                legs = before.postings if before is not None else self._legs(entry, recorded)
                entry.cleared = _still(entry.cleared, legs, after.postings)
            entry.word(fact.text, len(after.postings))
        if after is not None:
            entry.believe(recorded, after)
        else:
            entry.state, entry.expired = "voided", isinstance(fact, TransactionExpired)

    def _legs(self, entry: Entry, recorded: Recorded) -> Sequence[Posting]:
        """The postings that were last in force, of a transaction that is not in force before this fact."""
        if entry.legs is not None:
            return entry.legs
        story = {"id": recorded.stream_id, "version": recorded.version}
        for topic, state in self._cursor.execute(SQL["story"], story, binary=True).fetchall():
            before, after = transition(decode(topic, state))
            terms = after or before
            if terms is not None:
                return terms.postings
        return ()


def _mark(entry: Entry, fact: Fact) -> None:
    """Legs seen on a statement, or locked by one."""
    match fact:
        case TransactionCleared(account_id=account_id):
            entry.cleared |= {account_id}
        case TransactionUncleared(account_id=account_id):
            entry.cleared -= {account_id}
        case TransactionReconciled(account_id=account_id, reconciliation_id=reconciliation_id):
            entry.cleared |= {account_id}
            entry.reconciled = {**entry.reconciled, reconciliation_id: account_id}
        case TransactionUnreconciled(reconciliation_id=gone):
            entry.reconciled = {r: a for r, a in entry.reconciled.items() if r != gone}
        case _:
            pass


def _still(cleared: frozenset[UUID], before: Sequence[Posting], after: Sequence[Posting]) -> frozenset[UUID]:
    """The marks of accounts whose legs are what they were."""

    def legs(postings: Sequence[Posting], account_id: UUID) -> list[tuple[str, Any]]:
        return sorted((p.currency, p.amount) for p in postings if p.account_id == account_id)

    return frozenset(a for a in cleared if legs(before, a) == legs(after, a))

"""The register: the present state of every transaction, and every version of every posting ever believed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, LiteralString
from uuid import UUID

from ledger.postings import Posting
from ledger.record import Fact, Recorded
from ledger.transactions.effects import transition
from ledger.transactions.events import (
    TransactionAmended,
    TransactionCleared,
    TransactionExpired,
    TransactionHeld,
    TransactionPosted,
    TransactionReconciled,
    TransactionRestored,
    TransactionUncleared,
    TransactionUnreconciled,
)
from projections import sql
from projections.entry import Entry
from projections.packing import copy_packed
from projections.projection import Cursor, Window

SQL = sql.load(__file__)

_BEGINNINGS = (TransactionPosted, TransactionHeld)


class Register:
    """The projection that keeps `transactions` and `postings`."""

    name = "register"
    version = 1
    tables: tuple[str, ...] = ("transactions", "postings")
    schema: LiteralString = SQL["schema"]
    indexes: LiteralString = SQL["indexes"]
    pipelined = False
    worded = True

    def apply(self, window: Window, cursor: Cursor) -> None:
        facts = window.by_noun.get("transaction")
        if facts:
            _Change(cursor, facts).apply()


class _Change:
    """What the facts of one window do to the register: folded in memory, written at the end."""

    def __init__(self, cursor: Cursor, facts: Sequence[Recorded]) -> None:
        self._cursor = cursor
        self._facts = facts
        # By the transaction's id as a number, which hashes in C.
        self._entries: dict[int, Entry] = {}
        self._stopped: list[tuple[int, int, int]] = []

    def apply(self) -> None:
        self._take_out()
        entries = self._entries
        for recorded in self._facts:
            fact = recorded.fact
            if isinstance(fact, _BEGINNINGS):
                entries[recorded.stream_id.int] = Entry.begun(recorded, fact.terms, fact.text)
            else:
                self._change(entries[recorded.stream_id.int], recorded, fact)
        self._put_back()

    def _take_out(self) -> None:
        """The transactions that began before this window."""
        changed = {r.stream_id for r in self._facts if r.version > 1}
        if not changed:
            return
        old = changed - {r.stream_id for r in self._facts if r.version == 1}
        for row in self._cursor.execute(SQL["take_out"], {"ids": list(old)}, binary=True).fetchall():
            entry = Entry.taken(row)
            self._entries[entry.id.int] = entry

    def _put_back(self) -> None:
        if self._stopped:
            created, versions, positions = map(list, zip(*self._stopped, strict=True))
            self._cursor.execute(
                SQL["stop_believing"], {"created": created, "versions": versions, "positions": positions}
            )
        entries = self._entries.values()
        copy_packed(self._cursor, SQL["copy_transactions"], (entry.row() for entry in entries))
        if any(entry.spans for entry in entries):
            rows = chain.from_iterable(entry.postings() for entry in entries)
            copy_packed(self._cursor, SQL["copy_postings"], rows)

    def _change(self, entry: Entry, recorded: Recorded, fact: Fact) -> None:
        before, after = transition(fact)
        if before is None and after is None:
            entry.touch(recorded)
            _mark(entry, fact)
            return
        if isinstance(fact, TransactionAmended | TransactionRestored) and after is not None:
            if entry.cleared:
                legs = before.postings if before is not None else self._legs(entry)
                entry.cleared = _still(entry.cleared, legs, after.postings)
            entry.word(fact.text, len(after.postings))
        if before is not None:
            stored = entry.disbelieve(recorded.position)
            if stored is not None:
                self._stopped.append((entry.created_position, stored, recorded.position))
                entry.legs = before.postings
        if after is not None:
            entry.believe(recorded, after)
        else:
            entry.touch(recorded)
            entry.state, entry.expired = "voided", isinstance(fact, TransactionExpired)

    def _legs(self, entry: Entry) -> Sequence[Posting]:
        """The postings that were last in force."""
        if entry.legs is None:
            place = {"created": entry.created_position, "version": entry.terms_version}
            rows = self._cursor.execute(SQL["legs"], place, binary=True).fetchall()
            entry.legs = tuple(Posting(account_id, amount, currency) for account_id, currency, amount in rows)
        return entry.legs


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

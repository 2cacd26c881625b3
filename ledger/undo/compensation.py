"""The facts that bring back what was before a command, in the parts that it changed and in no others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from ledger.accounts.account import Account, LockedStatement
from ledger.accounts.events import (
    AccountArchived,
    AccountCounted,
    AccountCurrenciesChanged,
    AccountDescribed,
    AccountGuarded,
    AccountMadePrivate,
    AccountMadeShared,
    AccountMoved,
    AccountReinstated,
    AccountRenamed,
    AccountReopened,
    AccountStatementLocked,
    AccountStatementUnlocked,
    AccountWithdrawn,
    AssertionReinstated,
    AssertionWithdrawn,
    BalanceAsserted,
)
from ledger.books.book import Book
from ledger.books.events import BookCurrencyChanged, BookRenamed, BookZoneChanged
from ledger.identity.events import UserPreferencesChanged, UserRenamed
from ledger.identity.user import User
from ledger.reconciliations.events import StatementRelocked, StatementUnlocked
from ledger.reconciliations.reconciliation import Reconciliation
from ledger.record import Fact
from ledger.transactions.events import (
    Terms,
    TransactionCleared,
    TransactionExpired,
    TransactionReconciled,
    TransactionRestored,
    TransactionUncleared,
    TransactionUnreconciled,
    TransactionVoided,
)
from ledger.transactions.refusals import HoldExpired, ReconciledLocked
from ledger.transactions.transaction import Transaction, evolve
from ledger.undo.aspects import Aspect, Touched
from ledger.undo.events import CommandRedone, CommandUndone
from ledger.undo.undoing import Undoing


def compensation(touched: Touched, by: UUID, now: dt.datetime) -> list[Fact]:
    """The facts that undo, as part of the command `by` at the instant `now`, what was done to one stream; to
    be recorded in that order. Raises ReconciledLocked, HoldExpired."""
    match touched.now:
        case Transaction():
            return _transaction(touched, touched.now, now)
        case Account():
            return list(_account(touched, touched.now))
        case Reconciliation():
            return [StatementUnlocked() if touched.now.locked else StatementRelocked()]
        case Undoing():
            return [CommandUndone(by=by) if touched.now.undone_by is None else CommandRedone(by=by)]
        case Book():
            return list(_book(touched, touched.now))
        case User():
            return list(_user(touched, touched.now))
        case _:
            return []


def _transaction(touched: Touched, present: Transaction, now: dt.datetime) -> list[Fact]:
    """Locks are taken off first and put on last, so that terms never change under one."""
    before: Transaction | None = touched.before
    marked = before.cleared if before is not None else frozenset()
    locked = before.reconciled if before is not None else {}
    changed = touched.changed
    facts: list[Fact] = []
    current = present

    def add(fact: Fact) -> None:
        nonlocal current
        facts.append(fact)
        current = evolve(current, fact, present.transaction_id, present.book_id)

    for reconciliation_id in _named(changed, "reconciled"):
        if reconciliation_id in current.reconciled and reconciliation_id not in locked:
            account_id = current.reconciled[reconciliation_id]
            add(TransactionUnreconciled(account_id=account_id, reconciliation_id=reconciliation_id))
    if ("terms",) in changed:
        add(_terms(current, before, now))
    for account_id in _named(changed, "cleared"):
        if account_id in current.cleared and account_id not in marked:
            add(TransactionUncleared(account_id=account_id))
        elif account_id in marked and account_id not in current.cleared:
            add(TransactionCleared(account_id=account_id))
    if current.state == "pending":
        for account_id in sorted(current.cleared):
            add(TransactionUncleared(account_id=account_id))
    for reconciliation_id in _named(changed, "reconciled"):
        if reconciliation_id in locked:
            account_id = locked[reconciliation_id]
            add(TransactionReconciled(account_id=account_id, reconciliation_id=reconciliation_id))
    return facts


def _terms(current: Transaction, before: Transaction | None, now: dt.datetime) -> Fact:
    """What puts the terms and words of `before` (None: nothing) in force in place of those of `current`."""
    present = current.in_force
    wanted = before.in_force if before is not None else None
    if current.reconciled and not same_money(present, wanted):
        reconciliation_id, account_id = next(iter(current.reconciled.items()))
        raise ReconciledLocked(
            "A leg of the transaction is reconciled. Unlock that reconciliation first.",
            account_id=str(account_id),
            reconciliation_id=str(reconciliation_id),
        )
    if wanted is not None and before is not None:
        if wanted.state == "pending" and wanted.expires_at is not None and wanted.expires_at <= now:
            raise HoldExpired(
                f"The hold would have lapsed at {wanted.expires_at.isoformat()}; hold the money anew instead."
            )
        return TransactionRestored(before=present, after=wanted, text=before.text)
    taken_back = current.terms if present is None else present
    if before is not None and before.expired:
        return TransactionExpired(before=taken_back)
    return TransactionVoided(before=taken_back)


def same_money(one: Terms | None, other: Terms | None) -> bool:
    """Whether two terms put the same money on the same accounts on the same date in the same state."""
    if one is None or other is None:
        return one is other
    return (one.date, one.state) == (other.date, other.state) and sorted(
        (p.account_id, p.currency, p.amount) for p in one.postings
    ) == sorted((p.account_id, p.currency, p.amount) for p in other.postings)


def _account(touched: Touched, present: Account) -> Iterator[Fact]:
    before: Account | None = touched.before
    if before is None:
        yield AccountWithdrawn()
        return
    changed = touched.changed
    if ("withdrawn",) in changed:
        yield AccountWithdrawn() if before.withdrawn else AccountReinstated()
    if ("name",) in changed:
        yield AccountRenamed(text={"name": before.name})
    if ("parent",) in changed:
        yield AccountMoved(parent_id=before.parent_id)
    if ("description",) in changed:
        yield AccountDescribed(type=before.type, text={k: v for k, v in before.text.items() if k != "name"})
    if ("guard",) in changed:
        yield AccountGuarded(guard=before.guard)
    if ("net_worth",) in changed:
        yield AccountCounted(net_worth=before.net_worth)
    if ("private",) in changed:
        private_to = before.private_to
        yield AccountMadePrivate(private_to=private_to) if private_to is not None else AccountMadeShared()
    if ("currencies",) in changed:
        yield AccountCurrenciesChanged(currencies=before.currencies)
    if ("archived",) in changed:
        yield AccountArchived() if before.archived else AccountReopened()
    for assertion_id in _named(changed, "assertion"):
        yield _assertion(touched, before, assertion_id)
    for currency in _named(changed, "statements"):
        yield from _statements(present.locked_in(currency), before.locked_in(currency))


def _assertion(touched: Touched, before: Account, assertion_id: UUID) -> Fact:
    for assertion in before.assertions:
        if assertion.assertion_id == assertion_id:
            return AssertionReinstated(
                assertion_id=assertion_id,
                date=assertion.date,
                amount=assertion.amount,
                currency=assertion.currency,
                text=_notes(touched, assertion_id),
            )
    return AssertionWithdrawn(assertion_id=assertion_id)


def _notes(touched: Touched, assertion_id: UUID) -> dict[str, str]:
    for recorded in touched.history:
        fact = recorded.fact
        if isinstance(fact, BalanceAsserted) and fact.assertion_id == assertion_id:
            return dict(fact.text)
    return {}


def _statements(
    present: tuple[LockedStatement, ...], wanted: tuple[LockedStatement, ...]
) -> Iterator[AccountStatementLocked | AccountStatementUnlocked]:
    """Statements come off the end of the chain and go back on to it."""
    for statement in reversed(present):
        if statement not in wanted:
            yield AccountStatementUnlocked(reconciliation_id=statement.reconciliation_id)
    for statement in wanted:
        if statement not in present:
            yield AccountStatementLocked(
                reconciliation_id=statement.reconciliation_id,
                date=statement.date,
                currency=statement.currency,
                closing_balance=statement.closing_balance,
            )


def _book(touched: Touched, present: Book) -> Iterator[Fact]:
    before, changed = touched.before, touched.changed
    if ("name",) in changed:
        yield BookRenamed(text=before.text)
    if ("zone",) in changed:
        yield BookZoneChanged(time_zone=before.time_zone)
    if ("currency",) in changed:
        yield BookCurrencyChanged(currency=before.currency)


def _user(touched: Touched, present: User) -> Iterator[Fact]:
    before, changed = touched.before, touched.changed
    if ("name",) in changed:
        yield UserRenamed(text={"name": before.text.get("name", "")})
    if ("preferences",) in changed:
        yield UserPreferencesChanged(
            currency=before.currency, time_zone=before.time_zone, locale=before.locale
        )


def _named(changed: set[Aspect], word: str) -> list[Any]:
    """What the changed parts called `word` are about, in a fixed order."""
    return sorted(part[1] for part in changed if part[0] == word)

"""An account as its facts make it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec.structs import force_setattr

from ledger.accounts.events import (
    AccountArchived,
    AccountCounted,
    AccountCurrenciesChanged,
    AccountDescribed,
    AccountGuarded,
    AccountMadePrivate,
    AccountMadeShared,
    AccountMoved,
    AccountOpened,
    AccountReinstated,
    AccountRenamed,
    AccountReopened,
    AccountStatementLocked,
    AccountStatementUnlocked,
    AccountWithdrawn,
    AssertionReinstated,
    AssertionWithdrawn,
    BalanceAsserted,
    Guard,
    Kind,
)
from ledger.ids import NIL, derived_id
from ledger.money import ZERO, exponent_of, known_exponent
from ledger.record import Fact
from ledger.refusals import Refusal

# What is written beside the name; a description replaces all of it.
DESCRIPTION = ("institution", "colour", "icon", "group", "number", "notes", "metadata")


# The kind of claim that says who stands below an account (its scope).
CHILD = "child"
# The kind of claim by which the private accounts of a book (its scope) are found.
PRIVATE = "private"


class Assertion(NamedTuple):
    """The posted balance that somebody says an account has at the end of a date, debit positive."""

    assertion_id: UUID
    date: dt.date
    amount: Decimal
    currency: str


class LockedStatement(NamedTuple):
    """A reconciled statement of an account: where the chain in its currency has come to, debit positive."""

    reconciliation_id: UUID
    date: dt.date
    currency: str
    closing_balance: Decimal


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The present state of an account; income and expense accounts are the categories."""

    account_id: UUID
    book_id: UUID
    kind: Kind
    type: str
    currency: str
    currencies: tuple[str, ...]
    any_currency: bool
    exponent: int | None
    parent_id: UUID | None
    role: str | None
    guard: Guard
    net_worth: bool
    private_to: UUID | None = None
    archived: bool = False
    withdrawn: bool = False
    assertions: tuple[Assertion, ...] = ()
    statements: tuple[LockedStatement, ...] = ()
    text: Mapping[str, str] = {}
    # Derived once, because every posting asks: one minor unit of the main currency; whether a posting in it is
    # fine without a closer look; whether a change can breach a floor or falsify an assertion.
    quantum: Decimal = ZERO
    plain: bool = False
    watched: bool = False
    # Whether its balance on a past day may have to be judged (floors, statements, assertions).
    keeps_days: bool = False

    def __post_init__(self) -> None:
        exponent = known_exponent(self.currency)
        exponent = self.exponent if exponent is None else exponent
        quantum = ZERO if exponent is None else Decimal(1).scaleb(-exponent)
        force_setattr(self, "quantum", quantum)
        closer = self.archived or self.withdrawn or self.private_to is not None
        force_setattr(self, "plain", exponent is not None and not closer)
        force_setattr(self, "keeps_days", self.kind in ("asset", "liability"))
        tied = self.guard.floor is not None or bool(self.assertions)
        force_setattr(self, "watched", tied and self.guard.policy != "allow")

    @property
    def name(self) -> str:
        return self.text.get("name", "")

    def seen_by(self, viewer: UUID) -> bool:
        """Whether a member of the book may know of it. Numina itself (NIL) may."""
        return self.private_to is None or viewer in (self.private_to, NIL)

    def holds(self, currency: str) -> bool:
        """Whether a posting in `currency` may stand on it."""
        return currency == self.currency or self.any_currency or currency in self.currencies

    def decimals(self, currency: str, field: str | None = None) -> int:
        """How many decimals `currency` has here. Raises UnknownCurrency."""
        return exponent_of(currency, self.exponent, field=field)

    def locked_in(self, currency: str) -> tuple[LockedStatement, ...]:
        """The chain of reconciled statements in `currency`, oldest first."""
        return tuple(s for s in self.statements if s.currency == currency)

    def claims(self) -> tuple[tuple[UUID, str, str], ...]:
        """The unique name that it holds (no two siblings that one person sees are called alike); its place below
        its parent, by which a parent's children are found; and whose it is, if it is private."""
        found: list[tuple[UUID, str, str]] = []
        if self.private_to is not None:
            found.append((self.book_id, PRIVATE, f"{self.account_id.hex}{self.private_to.hex}"))
        if self.withdrawn:
            return tuple(found)
        # Without a name, it was forgotten with its book.
        if self.name:
            found.append((self.book_id, "account", name_text(self.parent_id, self.name, self.private_to)))
        if self.parent_id is not None:
            found.append((self.parent_id, CHILD, str(self.account_id)))
        return tuple(found)


class AccountUnreadable(Refusal):
    """An account's facts do not follow from each other."""

    code = "account_unreadable"
    status = 409


def name_text(parent_id: UUID | None, name: str, private_to: UUID | None = None) -> str:
    """What makes a name unique: its parent, and its letters without case or outer space. Private accounts have
    names of their own, so that a name that is taken tells nothing of them."""
    whose = f"{private_to}:" if private_to is not None else ""
    return f"{whose}{parent_id or ''}/{' '.join(name.split()).casefold()}"


def conversion_account(book_id: UUID) -> UUID:
    """The equity account through which a book's cross-currency transactions go."""
    return derived_id("conversion", book_id.bytes)


def opening_account(book_id: UUID) -> UUID:
    """The equity account that opening balances come from."""
    return derived_id("opening", book_id.bytes)


def private_side(book_id: UUID) -> UUID:
    """What stands for all accounts that somebody may not know of, where a transaction has a leg on one: no account
    of the record has this id."""
    return derived_id("private", book_id.bytes)


def evolve(account: Account | None, fact: Fact, stream_id: UUID, book_id: UUID) -> Account:
    """The account after `fact`."""
    if isinstance(fact, AccountOpened):
        return Account(
            account_id=stream_id,
            book_id=book_id,
            kind=fact.kind,
            type=fact.type,
            currency=fact.currency,
            currencies=fact.currencies,
            any_currency=fact.any_currency,
            exponent=fact.exponent,
            parent_id=fact.parent_id,
            role=fact.role,
            guard=fact.guard,
            net_worth=fact.net_worth,
            private_to=fact.private_to,
            text=fact.text,
        )
    if account is None:
        raise AccountUnreadable(f"account {stream_id} does not begin with its opening")
    return msgspec.structs.replace(account, **_changes(account, fact))


def _changes(account: Account, fact: Fact) -> dict[str, object]:
    match fact:
        case AccountRenamed():
            return {"text": {**account.text, "name": fact.text.get("name", "")}}
        case AccountDescribed(type=kind):
            kept = {"name": account.text["name"]} if "name" in account.text else {}
            return {"type": kind, "text": {**fact.text, **kept}}
        case AccountMoved(parent_id=parent_id):
            return {"parent_id": parent_id}
        case AccountGuarded(guard=guard):
            return {"guard": guard}
        case AccountCurrenciesChanged(currencies=currencies):
            return {"currencies": currencies}
        case AccountCounted(net_worth=net_worth):
            return {"net_worth": net_worth}
        case AccountMadePrivate(private_to=private_to):
            return {"private_to": private_to}
        case AccountMadeShared():
            return {"private_to": None}
        case AccountArchived():
            return {"archived": True}
        case AccountReopened():
            return {"archived": False}
        case AccountWithdrawn():
            return {"withdrawn": True}
        case AccountReinstated():
            return {"withdrawn": False}
        case BalanceAsserted() | AssertionReinstated():
            made = Assertion(fact.assertion_id, fact.date, fact.amount, fact.currency)
            return {"assertions": tuple(sorted((*account.assertions, made)))}
        case AssertionWithdrawn(assertion_id=gone):
            return {"assertions": tuple(a for a in account.assertions if a.assertion_id != gone)}
        case AccountStatementLocked():
            end = LockedStatement(fact.reconciliation_id, fact.date, fact.currency, fact.closing_balance)
            return {"statements": (*account.statements, end)}
        case AccountStatementUnlocked(reconciliation_id=off):
            return {"statements": tuple(s for s in account.statements if s.reconciliation_id != off)}
        case _:
            raise AccountUnreadable(f"{fact.topic} is not a fact of accounts")

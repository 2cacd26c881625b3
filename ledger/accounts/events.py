"""What becomes true of an account or category. Stream: the account's id."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from ledger.record import Fact, fact

Kind = Literal["asset", "liability", "equity", "income", "expense"]
Policy = Literal["reject", "flag", "allow"]
KINDS: tuple[Kind, ...] = ("asset", "liability", "equity", "income", "expense")


class Guard(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far down an account may go, in debit-positive terms and in its own currency.

    `floor` is the lowest available balance allowed on any day (0: never overdrawn; -500: a 500 overdraft or a
    credit limit of 500). `policy` says what happens to a posting that would breach it or a balance assertion:
    reject, flag (accept and say so) or allow.
    """

    floor: Decimal | None = None
    policy: Policy = "reject"


UNGUARDED = Guard()


@fact
class AccountOpened(Fact, frozen=True):
    """`kind` income or expense makes it a category. `type` is the everyday word (checking, credit_card, loan ...).

    `currency` is the main one, `currencies` further ones it may hold; `any_currency` accepts all of them.
    `exponent` declares the decimals of a currency that ISO 4217 does not know. `role` marks the accounts that
    Numina itself opens with a book: "conversion" and "opening". `net_worth` is whether it counts there.
    `private_to` is the one person who may know of it, None for everybody in the book.
    text: name, institution, colour, icon, group, number, notes, metadata (a JSON object).
    """

    topic: ClassVar[str] = "account.opened"
    begins: ClassVar[bool] = True

    kind: Kind
    type: str
    currency: str
    currencies: tuple[str, ...] = ()
    any_currency: bool = False
    exponent: int | None = None
    parent_id: UUID | None = None
    role: str | None = None
    guard: Guard = Guard()
    net_worth: bool = True
    private_to: UUID | None = None


@fact
class AccountRenamed(Fact, frozen=True):
    """text: name."""

    topic: ClassVar[str] = "account.renamed"


@fact
class AccountDescribed(Fact, frozen=True):
    """What is written beside the name changed, all of it anew. text: institution, colour, icon, group, number,
    notes, metadata. `type` is the everyday word."""

    topic: ClassVar[str] = "account.described"

    type: str


@fact
class AccountMoved(Fact, frozen=True):
    """Placed below another parent, or at the top (None)."""

    topic: ClassVar[str] = "account.moved"

    parent_id: UUID | None = None


@fact
class AccountGuarded(Fact, frozen=True):
    """The floor or its policy changed."""

    topic: ClassVar[str] = "account.guarded"

    guard: Guard


@fact
class AccountCurrenciesChanged(Fact, frozen=True):
    """The further currencies that the account may hold."""

    topic: ClassVar[str] = "account.currencies_changed"

    currencies: tuple[str, ...]


@fact
class AccountCounted(Fact, frozen=True):
    """Whether the account counts in net worth."""

    topic: ClassVar[str] = "account.counted"

    net_worth: bool


@fact
class AccountMadePrivate(Fact, frozen=True):
    """From now on only `private_to` may know of the account, and of what was ever recorded on it."""

    topic: ClassVar[str] = "account.made_private"

    private_to: UUID


@fact
class AccountMadeShared(Fact, frozen=True):
    """Everybody in the book may see the account, with its whole history."""

    topic: ClassVar[str] = "account.made_shared"


@fact
class AccountArchived(Fact, frozen=True):
    """Closed to new postings; its history stays."""

    topic: ClassVar[str] = "account.archived"


@fact
class AccountReopened(Fact, frozen=True):
    """Open to postings again."""

    topic: ClassVar[str] = "account.reopened"


@fact
class AccountWithdrawn(Fact, frozen=True):
    """Its opening was taken back while no transaction stood on it; its name is free again."""

    topic: ClassVar[str] = "account.withdrawn"


@fact
class AccountReinstated(Fact, frozen=True):
    """The withdrawal was taken back."""

    topic: ClassVar[str] = "account.reinstated"


@fact
class BalanceAsserted(Fact, frozen=True):
    """At the end of `date` the posted balance in `currency` is `amount` (debit positive), and is to stay so.
    text: notes."""

    topic: ClassVar[str] = "account.balance_asserted"

    assertion_id: UUID
    date: dt.date
    amount: Decimal
    currency: str


@fact
class AssertionWithdrawn(Fact, frozen=True):
    """The assertion is no longer made."""

    topic: ClassVar[str] = "account.assertion_withdrawn"

    assertion_id: UUID


@fact
class AccountStatementLocked(Fact, frozen=True):
    """A statement up to and with `date` ends the chain of reconciled ones in `currency`, at `closing_balance`
    (debit positive); the next begins there."""

    topic: ClassVar[str] = "account.statement_locked"

    reconciliation_id: UUID
    date: dt.date
    currency: str
    closing_balance: Decimal


@fact
class AccountStatementUnlocked(Fact, frozen=True):
    """The last statement of a chain was taken off it."""

    topic: ClassVar[str] = "account.statement_unlocked"

    reconciliation_id: UUID


@fact
class AssertionReinstated(Fact, frozen=True):
    """The withdrawal of the assertion was taken back."""

    topic: ClassVar[str] = "account.assertion_reinstated"

    assertion_id: UUID
    date: dt.date
    amount: Decimal
    currency: str

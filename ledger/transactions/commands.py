"""Commands that make a transaction: post or hold money."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Literal
from uuid import UUID

from msgspec.structs import replace

from ledger.command import Command, DayRange, Draft, State
from ledger.postings import Posting
from ledger.refusals import InvalidValue
from ledger.transactions.events import (
    Terms,
    TransactionHeld,
    TransactionPosted,
    Type,
)
from ledger.transactions.forms import Origin
from ledger.transactions.placing import any_watched, flags, inferred_type, needed_days, place


class PostTransaction(Command, frozen=True, kw_only=True):
    """Post money, or hold it (`state` pending) until it is posted, voided or `expires_at` (aware UTC) passes.

    `transaction_id` is fresh (made by the service, never by a client). `text`: payee, notes, tags
    (newline-separated), memo.N, metadata (JSON). `type` None is told by the accounts. `origins` (one a posting,
    or none) are those of a friendly form. Raises Unbalanced, PostingsCount, UnknownAccount, WrongKind,
    AccountArchivedAlready, WrongCurrency, InvalidAmount, InvalidValue, FloorBreached, AssertionBroken.
    """

    name: ClassVar[str] = "transaction.post"

    transaction_id: UUID
    date: dt.date
    postings: Sequence[Posting]
    text: Mapping[str, str] = {}
    type: Type | None = None
    state: Literal["pending", "posted"] = "posted"
    expires_at: dt.datetime | None = None
    origins: Sequence[Origin] = ()

    def streams(self) -> Iterable[UUID]:
        # Not the transaction's own: its id is fresh, and the record's primary key would refuse a used one.
        return [posting.account_id for posting in self.postings]

    def balances(self, state: State) -> Iterable[tuple[UUID, str]]:
        return [(posting.account_id, posting.currency) for posting in self.postings]

    def days(self, state: State) -> Iterable[DayRange]:
        if not any_watched(state, self.postings):
            return ()
        return needed_days(state, self._fact(self.type or "journal"))

    def weight(self) -> int:
        size = 200 + 120 * len(self.postings)
        for words in self.text.values():
            size += len(words)
        return size

    def decide(self, state: State) -> list[Draft]:
        accounts = place(state, self.book_id, self.date, self.postings, self.origins, viewer=self.actor_id)
        if self.expires_at is not None:
            check_expiry(self.state, self.expires_at, self.now)
        fact = self._fact(self.type or inferred_type(accounts))
        flagged = flags(state, fact, accounts)
        return [Draft(self.transaction_id, replace(fact, flagged=flagged) if flagged else fact)]

    def _fact(self, type_: Type) -> TransactionPosted | TransactionHeld:
        terms = Terms(self.date, tuple(self.postings), type_, self.state, self.expires_at)
        if self.state == "pending":
            return TransactionHeld(terms=terms, text=self.text)
        return TransactionPosted(terms=terms, text=self.text)


def check_expiry(state: str, expires_at: dt.datetime | None, now: dt.datetime) -> None:
    """Only a pending transaction may lapse, and only in the future. Raises InvalidValue."""
    if expires_at is None:
        return
    if state != "pending":
        raise InvalidValue("Only a pending transaction can have an expiry.", field="expires_at")
    if expires_at <= now:
        raise InvalidValue("The expiry must lie in the future.", field="expires_at")

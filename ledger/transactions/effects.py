"""What a fact changes in balances: the one arithmetic that registers, projections and `verify` share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from ledger.money import ZERO
from ledger.record import Fact
from ledger.transactions.events import (
    Terms,
    TransactionAmended,
    TransactionExpired,
    TransactionHeld,
    TransactionPosted,
    TransactionRestored,
    TransactionSettled,
    TransactionVoided,
)


class Effect(NamedTuple):
    """A change of one account in one currency on one civil date, all debit positive.

    `posted` changes the posted balance; `pending` the net of holds; `reserved` the part of `pending` that
    lowers what is available (credits only: money on its way in is not available before it is posted).
    available = posted + reserved.
    """

    account_id: UUID
    currency: str
    date: dt.date
    posted: Decimal
    pending: Decimal
    reserved: Decimal


def transition(fact: Fact) -> tuple[Terms | None, Terms | None]:
    """The terms in force before and after `fact`; None for none. (None, None) if balances do not change."""
    match fact:
        case TransactionPosted(terms=terms) | TransactionHeld(terms=terms):
            return None, terms
        case TransactionSettled(before=before, after=after) | TransactionAmended(before=before, after=after):
            return before, after
        case TransactionRestored(before=before, after=after):
            return before, after
        case TransactionVoided(before=before) | TransactionExpired(before=before):
            return before, None
        case _:
            return None, None


def effects(fact: Fact) -> Iterator[Effect]:
    """Every change that `fact` makes; earlier terms are taken back leg by leg before later ones are applied."""
    before, after = transition(fact)
    if before is not None:
        yield from _of(before, -1)
    if after is not None:
        yield from _of(after, 1)


def _of(terms: Terms, sign: int) -> Iterator[Effect]:
    date = terms.date
    if terms.state == "posted":
        for p in terms.postings:
            yield Effect(
                p.account_id, p.currency, date, p.amount if sign > 0 else p.amount.copy_negate(), ZERO, ZERO
            )
    elif terms.state == "pending":
        for p in terms.postings:
            amount = p.amount if sign > 0 else p.amount.copy_negate()
            yield Effect(p.account_id, p.currency, date, ZERO, amount, amount if p.amount < 0 else ZERO)

"""What a fact changes in balances: the one arithmetic that registers, projections and `verify` share."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import partial
from typing import NamedTuple
from uuid import UUID

from ledger.money import ZERO
from ledger.postings import Posting
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


_FIRST = (TransactionPosted, TransactionHeld)
# Made for every posting ever recorded or replayed; the named constructor costs three times as much.
_effect = partial(tuple.__new__, Effect)


def transition(fact: Fact) -> tuple[Terms | None, Terms | None]:
    """The terms in force before and after `fact`; None for none. (None, None) if balances do not change."""
    if isinstance(fact, _FIRST):
        return None, fact.terms
    match fact:
        case TransactionSettled(before=before, after=after) | TransactionAmended(before=before, after=after):
            return before, after
        case TransactionRestored(before=before, after=after):
            return before, after
        case TransactionVoided(before=before) | TransactionExpired(before=before):
            return before, None
        case _:
            return None, None


def first_terms(fact: Fact) -> Terms:
    """What a transaction says by its first fact. Raises TypeError for any other fact."""
    if not isinstance(fact, _FIRST):
        raise TypeError(f"{fact.topic} does not begin a transaction")
    return fact.terms


def effects(fact: Fact) -> list[Effect]:
    """Every change that `fact` makes; earlier terms are taken back leg by leg before later ones are applied."""
    if isinstance(fact, TransactionPosted) and (terms := fact.terms).state == "posted":
        # What nearly every fact of a ledger is.
        date = terms.date
        return [_effect((p.account_id, p.currency, date, p.amount, ZERO, ZERO)) for p in terms.postings]
    before, after = transition(fact)
    if before is None:
        return [] if after is None else _of(after, 1)
    return _of(before, -1) if after is None else _of(before, -1) + _of(after, 1)


def _of(terms: Terms, sign: int) -> list[Effect]:
    date = terms.date
    if terms.state == "posted":
        return [
            Effect(
                p.account_id, p.currency, date, p.amount if sign > 0 else p.amount.copy_negate(), ZERO, ZERO
            )
            for p in terms.postings
        ]
    if terms.state == "pending":
        return [_held(p, date, p.amount if sign > 0 else p.amount.copy_negate()) for p in terms.postings]
    return []


def _held(posting: Posting, date: dt.date, amount: Decimal) -> Effect:
    reserved = amount if posting.amount < 0 else ZERO
    return Effect(posting.account_id, posting.currency, date, ZERO, amount, reserved)

"""A posting is an amount put on an account; a set of them that does not sum to zero cannot be made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from uuid import UUID

import msgspec

from ledger.money import EXACT, ZERO
from ledger.refusals import Refusal

MAX_POSTINGS = 1_000


class Posting(msgspec.Struct, frozen=True):
    """One leg: `amount` of `currency` on `account_id`; positive is debit, negative is credit."""

    account_id: UUID
    amount: Decimal
    currency: str


class Unbalanced(Refusal):
    """The postings of a transaction must sum to zero in every currency."""

    code = "unbalanced"


class PostingsCount(Refusal):
    """A transaction has two to a thousand postings."""

    code = "postings_count"


def balanced(postings: Sequence[Posting]) -> tuple[Posting, ...]:
    """The postings as a set that sums to zero in every currency: the only way in to a fact.

    Raises PostingsCount, or Unbalanced naming each currency and what is left over in it.
    """
    if not 2 <= len(postings) <= MAX_POSTINGS:
        raise PostingsCount(
            f"A transaction needs 2 to {MAX_POSTINGS} postings; this one has {len(postings)}.",
            field="postings",
        )
    if len(postings) == 2:
        one, other = postings
        if one.currency == other.currency and one.amount == other.amount.copy_negate():
            return one, other
    left = sums(postings)
    if any(left.values()):
        uneven = {currency: format(amount, "f") for currency, amount in sorted(left.items()) if amount}
        what = ", ".join(f"{amount} {currency}" for currency, amount in uneven.items())
        raise Unbalanced(
            f"The postings leave {what} over. Debits are positive, credits negative, and each currency must "
            "sum to zero.",
            field="postings",
            left_over=uneven,
        )
    return tuple(postings)


def sums(postings: Iterable[Posting]) -> dict[str, Decimal]:
    """The exact sum of the postings by currency."""
    left: dict[str, Decimal] = {}
    for posting in postings:
        left[posting.currency] = EXACT.add(left.get(posting.currency, ZERO), posting.amount)
    return left


def reversed_postings(postings: Sequence[Posting]) -> tuple[Posting, ...]:
    """The same legs with the signs turned: what takes a transaction back."""
    return tuple(Posting(p.account_id, p.amount.copy_negate(), p.currency) for p in postings)

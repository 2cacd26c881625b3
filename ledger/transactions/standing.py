"""Legs that somebody was shown without their account: given back in an amendment, they are what they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from ledger.accounts.account import Account, private_side
from ledger.command import State
from ledger.postings import Posting
from ledger.transactions.transaction import Transaction


def put_back(
    state: State,
    transaction: Transaction,
    postings: Sequence[Posting],
    text: Mapping[str, str],
    viewer: UUID,
) -> tuple[Sequence[Posting], Mapping[str, str]]:
    """Postings and words of an amendment in which a leg on the book's private side is the leg, with its memo, that
    stands there now on an account that `viewer` may not know of. One that none stands for is left as it is."""
    side = private_side(transaction.book_id)
    if all(posting.account_id.int != side.int for posting in postings):
        return postings, text
    hidden = []
    for line, posting in enumerate(transaction.terms.postings):
        account = state.entity(Account, posting.account_id)
        if account is not None and not account.seen_by(viewer):
            hidden.append((line, posting))
    legs, words = list(postings), dict(text)
    for index, posting in enumerate(postings):
        if posting.account_id != side:
            continue
        for place in hidden:
            line, stands = place
            if (stands.currency, stands.amount) == (posting.currency, posting.amount):
                hidden.remove(place)
                legs[index] = stands
                memo = transaction.text.get(f"memo.{line}")
                words.pop(f"memo.{index}", None)
                if memo:
                    words[f"memo.{index}"] = memo
                break
    return legs, words

"""How much of a transaction somebody may know of, by whose accounts its legs stand on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal
from uuid import UUID

from ledger.accounts.account import Account
from ledger.command import State
from ledger.transactions.events import Terms
from ledger.transactions.refusals import PrivateLeg

Seen = Literal["whole", "part", "nothing"]
Look = Callable[[UUID], Account | None]


def seen(terms: Terms, viewer: UUID, look: Look) -> Seen:
    """Nothing of a transaction is seen whose assets and liabilities are all private to others; a part of one that
    stands on such accounts and on others as well. `look` gives the account of an id."""
    hidden = own = False
    for posting in terms.postings:
        account = look(posting.account_id)
        if account is None:
            continue
        if not account.seen_by(viewer):
            hidden = True
        elif account.keeps_days:
            own = True
    if not hidden:
        return "whole"
    return "part" if own else "nothing"


def looking(state: State) -> Look:
    """The accounts as a decision sees them."""
    return lambda account_id: state.entity(Account, account_id)


def check_own_money(state: State, terms: Terms, viewer: UUID) -> None:
    """Nobody moves money on an account that is private to somebody else. Raises PrivateLeg."""
    if seen(terms, viewer, looking(state)) != "whole":
        raise PrivateLeg(
            "A part of this transaction stands on an account that is private to somebody else: only they change its "
            "amounts, date and accounts, or take it back. Its words can be changed."
        )

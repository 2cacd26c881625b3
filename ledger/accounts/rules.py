"""What must hold of an account's name, place and floor, whoever sets them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import UUID

from ledger.accounts.account import Account, name_text
from ledger.accounts.events import Guard, Kind
from ledger.accounts.guarding import posted_at_end
from ledger.accounts.refusals import CurrencyInUse, NameTaken, NotGuardable, UnknownAccount, WrongParent
from ledger.command import State
from ledger.money import ZERO, add, check_exponent, exponent_of
from ledger.refusals import InvalidValue

FIRST_DAY = dt.date(1, 1, 1)


def check_name(name: str) -> None:
    """Raises InvalidValue for an empty name."""
    if not name.strip():
        raise InvalidValue("A name is needed.", field="name")


def check_parent(
    state: State, book_id: UUID, kind: Kind, parent_id: UUID, viewer: UUID, below: UUID | None = None
) -> None:
    """The parent must be an account of the book that `viewer` sees, of the same kind, and not the account itself
    or below it.

    Raises UnknownAccount, WrongParent.
    """
    parent = state.entity(Account, parent_id)
    if parent is None or parent.book_id != book_id or parent.withdrawn or not parent.seen_by(viewer):
        raise UnknownAccount(f"There is no account {parent_id} in this book.", field="parent_id")
    if parent.kind != kind:
        raise WrongParent(f"The parent is of kind {parent.kind}, not {kind}.", field="parent_id")
    seen = {parent_id}
    above: Account | None = parent
    while above is not None:
        if above.account_id == below:
            raise WrongParent("An account cannot be placed below itself.", field="parent_id")
        if above.parent_id is None or above.parent_id in seen:
            return
        seen.add(above.parent_id)
        above = state.entity(Account, above.parent_id)


def check_guard(guard: Guard, kind: Kind, currency: str, exponent: int | None) -> None:
    """Raises NotGuardable or InvalidAmount for a floor that makes no sense on the account."""
    if guard.floor is None:
        return
    if kind not in ("asset", "liability"):
        raise NotGuardable("Only assets and liabilities have a floor.", field="floor")
    check_exponent(guard.floor, currency, exponent_of(currency, exponent), field="floor")


def check_history(state: State, account: Account, floor: Decimal) -> None:
    """A floor that was broken on some day cannot be set with the policy to reject. Raises InvalidValue."""
    running = ZERO
    for day in state.days(account.account_id, account.currency, FIRST_DAY):
        running = add(running, add(day.posted, day.reserved))
        if running < floor:
            raise InvalidValue(
                f"On {day.date} the account had {running:f} {account.currency} available, below {floor:f}. "
                'Choose a lower floor, or the policy "flag".',
                field="floor",
                date=day.date.isoformat(),
                available=format(running, "f"),
            )


def check_assertions(state: State, account: Account) -> None:
    """What was asserted and came to be false cannot be guarded with the policy to reject. Raises InvalidValue."""
    for assertion in account.assertions:
        actual = posted_at_end(state, account, assertion.currency, assertion.date)
        if actual != assertion.amount:
            raise InvalidValue(
                f"The balance of {assertion.date} was asserted to be {assertion.amount:f} {assertion.currency}, "
                f'and is {actual:f} by now. Withdraw the assertion, or choose the policy "flag".',
                field="floor_policy",
                assertion_id=str(assertion.assertion_id),
                date=assertion.date.isoformat(),
                actual=format(actual, "f"),
                asserted=format(assertion.amount, "f"),
            )


def name_free(
    state: State,
    book_id: UUID,
    parent_id: UUID | None,
    name: str,
    account_id: UUID,
    private_to: UUID | None = None,
) -> None:
    """Raises NameTaken when another account below the same parent, private to the same person, is called so."""
    holder = state.holder(book_id, "account", name_text(parent_id, name, private_to))
    if holder is not None and holder != account_id:
        raise NameTaken(
            f"There is an account called {' '.join(name.split())!r} here already.",
            field="name",
            account_id=str(holder),
        )


def currencies_unused(
    state: State, account: Account, gone: set[str], field: str | None = "currencies"
) -> None:
    """Raises CurrencyInUse when the account has a balance or a hold in a currency that it is to give up."""
    for code in sorted(gone):
        if any(state.balance(account.account_id, code)):
            raise CurrencyInUse(f"The account still holds {code}.", field=field, currency=code)

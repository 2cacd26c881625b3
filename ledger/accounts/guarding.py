"""Whether a change keeps every guarded account above its floor, and every asserted balance true, on every day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from ledger.accounts.account import Account
from ledger.accounts.refusals import AssertionBroken, FloorBreached
from ledger.command import DayRange, State
from ledger.money import EXACT, ZERO
from ledger.transactions.effects import Effect

_plus = EXACT.add


class Moment(NamedTuple):
    """The end of a civil date: the balances without the change, and what the change adds by then."""

    date: dt.date
    posted: Decimal
    available: Decimal
    posted_change: Decimal
    available_change: Decimal


def guarded(account: Account, currency: str) -> bool:
    """Whether a change of this account in this currency can breach anything."""
    floor = account.guard.floor is not None and currency == account.currency
    return account.guard.policy != "allow" and (
        floor or any(a.currency == currency for a in account.assertions)
    )


def ranges(accounts: Iterable[Account], changes: Sequence[Effect]) -> Iterator[DayRange]:
    """The days that `breaches` will ask for: of each guarded account from its earliest change on."""
    known = {account.account_id: account for account in accounts}
    for effect in changes:
        account = known.get(effect.account_id)
        if account is not None and guarded(account, effect.currency):
            yield DayRange(effect.account_id, effect.currency, effect.date)


def breaches(state: State, accounts: Iterable[Account], changes: Sequence[Effect]) -> tuple[UUID, ...]:
    """The accounts that the changes take below a floor, or whose asserted balance they falsify, and whose
    policy is to flag it. Raises FloorBreached or AssertionBroken where the policy is to reject."""
    flagged: list[UUID] = []
    for account in accounts:
        mine = [e for e in changes if e.account_id == account.account_id]
        for currency in sorted({e.currency for e in mine}):
            if not guarded(account, currency):
                continue
            moments = list(_moments(state, account, currency, [e for e in mine if e.currency == currency]))
            problem = _floor(account, currency, moments) or _assertion(account, currency, moments)
            if problem is None:
                continue
            if account.guard.policy == "reject":
                raise problem
            flagged.append(account.account_id)
    return tuple(dict.fromkeys(flagged))


def _moments(state: State, account: Account, currency: str, changes: Sequence[Effect]) -> Iterator[Moment]:
    """The ends of all days from the first change on at which a balance moves or is asserted."""
    first = min(effect.date for effect in changes)
    days = state.days(account.account_id, currency, first)
    sums = state.balance(account.account_id, currency)
    posted, reserved = sums.posted, sums.reserved
    for day in days:
        posted, reserved = EXACT.subtract(posted, day.posted), EXACT.subtract(reserved, day.reserved)
    asserted = {a.date for a in account.assertions if a.currency == currency}
    dates = sorted({d.date for d in days} | {e.date for e in changes} | {d for d in asserted if d >= first})
    by_date = {day.date: day for day in days}
    posted_change = reserved_change = ZERO
    for date in dates:
        if date in by_date:
            posted, reserved = _plus(posted, by_date[date].posted), _plus(reserved, by_date[date].reserved)
        for effect in changes:
            if effect.date == date:
                posted_change = _plus(posted_change, effect.posted)
                reserved_change = _plus(reserved_change, effect.reserved)
        if date >= first:
            change = _plus(posted_change, reserved_change)
            yield Moment(date, posted, _plus(posted, reserved), posted_change, change)


def _floor(account: Account, currency: str, moments: Sequence[Moment]) -> FloorBreached | None:
    floor = account.guard.floor
    if floor is None or currency != account.currency:
        return None
    for moment in moments:
        after = _plus(moment.available, moment.available_change)
        if moment.available_change < 0 and after < floor:
            spare = EXACT.subtract(moment.available, floor)
            return FloorBreached(
                f"On {moment.date} this takes {moment.available_change.copy_abs():f} {currency} and {spare:f} is "
                f"available above the floor of {floor:f}. Lower the amount, add money by then, or change the floor.",
                account_id=str(account.account_id),
                date=moment.date.isoformat(),
                needed=format(moment.available_change.copy_abs(), "f"),
                available=format(spare, "f"),
                floor=format(floor, "f"),
                currency=currency,
            )
    return None


def _assertion(account: Account, currency: str, moments: Sequence[Moment]) -> AssertionBroken | None:
    ends = {moment.date: moment for moment in moments}
    for assertion in account.assertions:
        moment = ends.get(assertion.date)
        if assertion.currency != currency or moment is None or not moment.posted_change:
            continue
        after = _plus(moment.posted, moment.posted_change)
        if moment.posted == assertion.amount != after:
            return AssertionBroken(
                f"The balance of {assertion.date} was asserted to be {assertion.amount:f} {currency}; it would "
                f"become {after:f}. Withdraw the assertion or give the posting a later date.",
                account_id=str(account.account_id),
                assertion_id=str(assertion.assertion_id),
                date=assertion.date.isoformat(),
                asserted=format(assertion.amount, "f"),
                would_be=format(after, "f"),
                currency=currency,
            )
    return None


def posted_at_end(state: State, account: Account, currency: str, date: dt.date) -> Decimal:
    """The posted balance at the end of `date`, debit positive."""
    posted = state.balance(account.account_id, currency).posted
    for day in state.days(account.account_id, currency, date):
        if day.date > date:
            posted = EXACT.subtract(posted, day.posted)
    return posted

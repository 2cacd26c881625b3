"""Whether postings may stand where they are put: the checks that every change of a transaction passes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from uuid import UUID

from ledger.accounts.account import Account
from ledger.accounts.guarding import breaches, guarded, ranges
from ledger.accounts.refusals import AccountArchivedAlready, UnknownAccount, WrongCurrency
from ledger.command import DayRange, State
from ledger.money import check_exponent
from ledger.postings import Posting, balanced
from ledger.record import Fact
from ledger.refusals import InvalidValue
from ledger.transactions.effects import Effect, effects
from ledger.transactions.events import Type

# A ledger of living people: dates outside this are typing errors.
FIRST_DATE = dt.date(1900, 1, 1)
LAST_DATE = dt.date(2200, 12, 31)


def place(state: State, book_id: UUID, date: dt.date, postings: Sequence[Posting]) -> dict[UUID, Account]:
    """The accounts under `postings`, when every one exists in the book, is open, holds the currency at that
    precision, and the whole balances. Raises the Refusal that says what does not."""
    if not FIRST_DATE <= date <= LAST_DATE:
        raise InvalidValue(
            f"{date} is not a date that a transaction can have ({FIRST_DATE} to {LAST_DATE}).", field="date"
        )
    balanced(postings)
    accounts: dict[UUID, Account] = {}
    for index, posting in enumerate(postings):
        account = accounts.get(posting.account_id)
        if account is None:
            account = find(state, book_id, posting.account_id, f"postings.{index}.account_id")
            accounts[posting.account_id] = account
        _check(account, posting, index)
    return accounts


def find(state: State, book_id: UUID, account_id: UUID, field: str | None = None) -> Account:
    """The account of this book. Raises UnknownAccount, alike for none and for another book's."""
    account = state.entity(Account, account_id)
    if account is None or account.book_id != book_id or account.withdrawn:
        raise UnknownAccount(f"There is no account {account_id} in this book.", field=field)
    return account


def _check(account: Account, posting: Posting, index: int) -> None:
    if account.archived:
        raise AccountArchivedAlready(
            "The account is archived. Reopen it to post on it.",
            field=f"postings.{index}.account_id",
            account_id=str(account.account_id),
        )
    currency = posting.currency
    if currency != account.currency and not account.holds(currency):
        raise WrongCurrency(
            f"The account holds {', '.join((account.currency, *account.currencies))}, not {currency}.",
            field=f"postings.{index}.currency",
            account_id=str(account.account_id),
            currency=currency,
        )
    if not account.any_currency:
        check_exponent(posting.amount, currency, account.decimals(currency), field=f"postings.{index}.amount")


def inferred_type(accounts: dict[UUID, Account]) -> Type:
    """The everyday word for a transaction on these accounts."""
    kinds = {account.kind for account in accounts.values() if account.role != "conversion"}
    if "expense" in kinds and "income" not in kinds:
        return "expense"
    if "income" in kinds and "expense" not in kinds:
        return "income"
    if kinds <= {"asset", "liability"}:
        return "transfer"
    return "journal"


def flags(state: State, fact: Fact) -> tuple[UUID, ...]:
    """The accounts that `fact` breaches under the policy to flag. Raises FloorBreached or AssertionBroken."""
    changes: list[Effect] | None = None
    for effect in effects(fact):
        account = state.entity(Account, effect.account_id)
        if account is not None and guarded(account, effect.currency):
            changes = changes or list(effects(fact))
    if changes is None:
        return ()
    accounts = [state.entity(Account, a) for a in dict.fromkeys(e.account_id for e in changes)]
    return breaches(state, [account for account in accounts if account is not None], changes)


def needed_days(state: State, changes: Sequence[Effect]) -> Iterator[DayRange]:
    """The days that `flags` will ask for."""
    accounts = [state.entity(Account, a) for a in dict.fromkeys(e.account_id for e in changes)]
    return ranges(accounts, changes)

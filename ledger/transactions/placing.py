"""Whether postings may stand where they are put: the checks that every change of a transaction passes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Literal, NoReturn
from uuid import UUID

from ledger.accounts.account import Account
from ledger.accounts.guarding import breaches, ranges
from ledger.accounts.refusals import AccountArchivedAlready, UnknownAccount, WrongCurrency
from ledger.command import DayRange, State
from ledger.money import InvalidAmount, check_exponent
from ledger.postings import Posting, balanced
from ledger.record import Fact
from ledger.refusals import InvalidValue
from ledger.transactions.effects import effects, transition
from ledger.transactions.events import Type
from ledger.transactions.forms import Origin
from ledger.transactions.refusals import WrongKind

# A ledger of living people: dates outside this are typing errors.
FIRST_DATE = dt.date(1900, 1, 1)
LAST_DATE = dt.date(2200, 12, 31)


def place(
    state: State, book_id: UUID, date: dt.date, postings: Sequence[Posting], origins: Sequence[Origin] = ()
) -> dict[UUID, Account]:
    """The accounts under `postings`, when every one exists in the book, is open, holds the currency at that
    precision, and the whole balances. `origins` (one a posting, or none) say which part of a form each came
    from and the kinds that may stand there. Raises the Refusal that says what does not."""
    if not FIRST_DATE <= date <= LAST_DATE:
        raise InvalidValue(
            f"{date} is not a date that a transaction can have ({FIRST_DATE} to {LAST_DATE}).", field="date"
        )
    balanced(postings)
    accounts: dict[UUID, Account] = {}
    for index, posting in enumerate(postings):
        account = accounts.get(posting.account_id)
        if account is None:
            account = _found(state, book_id, posting.account_id, origins, index)
            accounts[posting.account_id] = account
        _check(account, posting, origins, index)
    return accounts


def find(state: State, book_id: UUID, account_id: UUID, field: str | None = None) -> Account:
    """The account of this book. Raises UnknownAccount, alike for none and for another book's."""
    account = state.entity(Account, account_id)
    if account is None or account.book_id != book_id or account.withdrawn:
        raise UnknownAccount(f"There is no account {account_id} in this book.", field=field)
    return account


def _found(
    state: State, book_id: UUID, account_id: UUID, origins: Sequence[Origin], index: int
) -> Account:
    try:
        return find(state, book_id, account_id)
    except UnknownAccount as refusal:
        refusal.field = _field(origins, index, "account")
        raise


def _field(origins: Sequence[Origin], index: int, part: Literal["account", "amount", "currency"]) -> str:
    """What the client calls a part of a posting."""
    if origins:
        return str(getattr(origins[index], part))
    return f"postings.{index}.{'account_id' if part == 'account' else part}"


def _check(account: Account, posting: Posting, origins: Sequence[Origin], index: int) -> None:
    if account.archived:
        raise AccountArchivedAlready(
            "The account is archived. Reopen it to post on it.",
            field=_field(origins, index, "account"),
            account_id=str(account.account_id),
        )
    if origins and origins[index].kinds and account.kind not in origins[index].kinds:
        _wrong_kind(account, origins[index])
    currency = posting.currency
    if currency != account.currency and not account.holds(currency):
        raise WrongCurrency(
            f"The account holds {', '.join((account.currency, *account.currencies))}, not {currency}.",
            field=_field(origins, index, "currency"),
            account_id=str(account.account_id),
            currency=currency,
        )
    if not account.any_currency:
        try:
            check_exponent(posting.amount, currency, account.decimals(currency))
        except InvalidAmount as refusal:
            refusal.field = _field(origins, index, "amount")
            raise


def _wrong_kind(account: Account, origin: Origin) -> NoReturn:
    wanted = " or ".join(origin.kinds)
    raise WrongKind(
        f"`{origin.account}` must be of kind {wanted}; this one is of kind {account.kind}.",
        field=origin.account,
        account_id=str(account.account_id),
        kind=account.kind,
        expected=list(origin.kinds),
    )


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
    accounts = _watched(state, fact)
    return breaches(state, accounts, list(effects(fact))) if accounts else ()


def needed_days(state: State, fact: Fact) -> Iterable[DayRange]:
    """The days that `flags` will ask for."""
    accounts = _watched(state, fact)
    return ranges(accounts, list(effects(fact))) if accounts else ()


def _watched(state: State, fact: Fact) -> list[Account]:
    """The accounts under the fact that have a floor or an assertion."""
    found: dict[UUID, Account] = {}
    for terms in transition(fact):
        for posting in terms.postings if terms is not None else ():
            account = state.entity(Account, posting.account_id)
            if account is not None and account.watched:
                found[posting.account_id] = account
    return list(found.values())

"""Whether postings may stand where they are put: the checks that every change of a transaction passes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Literal, NoReturn
from uuid import UUID

from ledger.accounts.account import Account
from ledger.accounts.guarding import breaches, ranges
from ledger.accounts.refusals import AccountArchivedAlready, UnknownAccount, WrongCurrency
from ledger.clock import FIRST_DATE, LAST_DATE
from ledger.command import DayRange, State
from ledger.money import InvalidAmount, check_exponent, exponent_of, known_exponent
from ledger.postings import Posting, balanced
from ledger.record import Fact
from ledger.refusals import InvalidValue
from ledger.transactions.effects import effects, transition
from ledger.transactions.events import Type
from ledger.transactions.forms import Origin
from ledger.transactions.refusals import WrongKind


def place(
    state: State,
    book_id: UUID,
    date: dt.date,
    postings: Sequence[Posting],
    origins: Sequence[Origin] = (),
    *,
    viewer: UUID,
    standing: bool = False,
) -> list[Account]:
    """The accounts under `postings`, when every one exists in the book, is known to `viewer`, is open, holds the
    currency at that precision, and the whole balances. `origins` (one a posting, or none) say which part of a form
    each came from and the kinds that may stand there. Postings that are `standing` there already may stay on an
    archived account. Raises the Refusal that says what does not."""
    check_date(date)
    balanced(postings)
    accounts: list[Account] = []
    book, loose = book_id.int, False
    for index, posting in enumerate(postings):
        account = state.entity(Account, posting.account_id)
        if account is None or account.book_id.int != book:
            raise unknown(posting.account_id, _field(origins, index, "account"))
        # Nearly every posting is in its account's own currency and written with all its decimals.
        plain = account.plain and posting.currency == account.currency
        if not plain or not posting.amount.same_quantum(account.quantum):
            _check(account, posting, origins, index, viewer, standing)
            loose = loose or (account.any_currency and known_exponent(posting.currency) is None)
        if origins and origins[index].kinds and account.kind not in origins[index].kinds:
            _wrong_kind(account, origins[index])
        accounts.append(account)
    if loose:
        _all_declared(accounts, postings, origins)
    if len(accounts) == 2 and accounts[0] is not accounts[1]:
        return accounts
    return list({account.account_id.int: account for account in accounts}.values())


def check_date(date: dt.date, field: str = "date") -> None:
    """Raises InvalidValue for a date that no transaction of the living can have."""
    if not FIRST_DATE <= date <= LAST_DATE:
        raise InvalidValue(
            f"{date} is not a date that a transaction can have ({FIRST_DATE} to {LAST_DATE}).", field=field
        )


def find(state: State, book_id: UUID, account_id: UUID, viewer: UUID, field: str | None = None) -> Account:
    """The account of this book. Raises UnknownAccount, alike for none, for another book's and for one that is
    private to others."""
    account = state.entity(Account, account_id)
    known = account is not None and account.book_id == book_id and not account.withdrawn
    if account is None or not known or not account.seen_by(viewer):
        raise unknown(account_id, field)
    return account


def unknown(account_id: UUID, field: str | None = None) -> UnknownAccount:
    """The refusal of an id that is no account of this book."""
    return UnknownAccount(f"There is no account {account_id} in this book.", field=field)


def _field(origins: Sequence[Origin], index: int, part: Literal["account", "amount", "currency"]) -> str:
    """What the client calls a part of a posting."""
    if origins:
        return str(getattr(origins[index], part))
    return f"postings.{index}.{'account_id' if part == 'account' else part}"


def _check(
    account: Account,
    posting: Posting,
    origins: Sequence[Origin],
    index: int,
    viewer: UUID,
    standing: bool,
) -> None:
    if account.withdrawn or not account.seen_by(viewer):
        raise unknown(account.account_id, _field(origins, index, "account"))
    if account.archived and not standing:
        raise AccountArchivedAlready(
            "The account is archived. Reopen it to post on it.",
            field=_field(origins, index, "account"),
            account_id=str(account.account_id),
        )
    currency = posting.currency
    if currency != account.currency and not account.holds(currency):
        raise WrongCurrency(
            f"The account holds {', '.join((account.currency, *account.currencies))}, not {currency}.",
            field=_field(origins, index, "currency"),
            account_id=str(account.account_id),
            currency=currency,
        )
    if not account.any_currency or currency == account.currency or known_exponent(currency) is not None:
        try:
            check_exponent(posting.amount, currency, account.decimals(currency))
        except InvalidAmount as refusal:
            refusal.field = _field(origins, index, "amount")
            raise


def _all_declared(
    accounts: Sequence[Account], postings: Sequence[Posting], origins: Sequence[Origin]
) -> None:
    """A commodity of one's own stands on an account that declared it, whatever else it stands on: else a typing
    slip on two accounts of every currency would make a new one. Raises UnknownCurrency."""
    declared = set()
    for account, posting in zip(accounts, postings, strict=True):
        if account.exponent is not None and posting.currency in (account.currency, *account.currencies):
            declared.add(posting.currency)
    for index, posting in enumerate(postings):
        if posting.currency not in declared:
            exponent_of(posting.currency, field=_field(origins, index, "currency"))


def _wrong_kind(account: Account, origin: Origin) -> NoReturn:
    wanted = " or ".join(origin.kinds)
    raise WrongKind(
        f"`{origin.account}` must be of kind {wanted}; this one is of kind {account.kind}.",
        field=origin.account,
        account_id=str(account.account_id),
        kind=account.kind,
        expected=list(origin.kinds),
    )


def inferred_type(accounts: Sequence[Account]) -> Type:
    """The everyday word for a transaction on these accounts."""
    expense = income = other = False
    for account in accounts:
        kind = account.kind
        if kind == "expense":
            expense = True
        elif kind == "income":
            income = True
        elif kind not in ("asset", "liability") and account.role != "conversion":
            other = True
    if expense is not income:
        return "expense" if expense else "income"
    return "journal" if expense or other else "transfer"


def flags(state: State, fact: Fact, accounts: Iterable[Account] | None = None) -> tuple[UUID, ...]:
    """The accounts that `fact` breaches under the policy to flag; `accounts` are those under it, where known.
    Raises FloorBreached or AssertionBroken."""
    watched = watched_under(state, fact) if accounts is None else [a for a in accounts if a.watched]
    return breaches(state, watched, effects(fact)) if watched else ()


def needed_days(state: State, fact: Fact) -> Iterable[DayRange]:
    """The days that `flags` will ask for."""
    watched = watched_under(state, fact)
    return ranges(watched, effects(fact)) if watched else ()


def any_watched(state: State, postings: Iterable[Posting]) -> bool:
    """Whether any account under the postings has a floor or an assertion; nearly always the whole question."""
    for posting in postings:
        account = state.entity(Account, posting.account_id)
        if account is not None and account.watched:
            return True
    return False


def watched_under(state: State, fact: Fact) -> list[Account]:
    """The accounts under the fact's terms, before and after, that have a floor or an assertion."""
    found: dict[UUID, Account] = {}
    for terms in transition(fact):
        for posting in terms.postings if terms is not None else ():
            account = state.entity(Account, posting.account_id)
            if account is not None and account.watched:
                found[posting.account_id] = account
    return list(found.values())

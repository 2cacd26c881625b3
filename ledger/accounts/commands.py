"""Commands that open an account and change what is said of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import ClassVar, NamedTuple
from uuid import UUID

from ledger.accounts.account import DESCRIPTION, Account, name_text, opening_account
from ledger.accounts.events import (
    UNGUARDED,
    AccountArchived,
    AccountCounted,
    AccountCurrenciesChanged,
    AccountDescribed,
    AccountGuarded,
    AccountMoved,
    AccountOpened,
    AccountRenamed,
    AccountReopened,
    Guard,
    Kind,
)
from ledger.accounts.privacy import begun, check_private, turned
from ledger.accounts.refusals import (
    AccountArchivedAlready,
    AccountOpen,
    SystemAccount,
    UnknownAccount,
)
from ledger.accounts.rules import (
    FIRST_DAY,
    check_assertions,
    check_guard,
    check_history,
    check_name,
    check_parent,
    currencies_unused,
    name_free,
)
from ledger.clock import FIRST_DATE
from ledger.command import Claim, Command, DayRange, Draft, State
from ledger.money import (
    MAX_EXPONENT,
    UnknownCurrency,
    check_exponent,
    exponent_of,
    is_code,
    known_exponent,
)
from ledger.postings import Posting, balanced
from ledger.record import Fact
from ledger.refusals import InvalidValue, Stale
from ledger.transactions.events import Terms, TransactionPosted
from ledger.transactions.placing import check_date


class Opening(NamedTuple):
    """The balance that an account starts with, debit positive, against the book's opening equity.

    Without a date it is what the account held before anything that will be recorded of it.
    """

    transaction_id: UUID
    amount: Decimal
    date: dt.date = FIRST_DATE


class OpenAccount(Command, frozen=True, kw_only=True):
    """Open an account or category.

    `text`: name (required), institution, colour, icon, group, number, notes, metadata. A `private` one is known to
    `actor_id` alone. Raises NameTaken, UnknownAccount or WrongParent for the parent, UnknownCurrency,
    InvalidAmount, InvalidValue, NotGuardable.
    """

    name: ClassVar[str] = "account.open"

    account_id: UUID
    kind: Kind
    currency: str
    type: str
    currencies: tuple[str, ...] = ()
    any_currency: bool = False
    exponent: int | None = None
    parent_id: UUID | None = None
    role: str | None = None
    guard: Guard = UNGUARDED
    net_worth: bool = True
    private: bool = False
    text: Mapping[str, str] = {}
    opening: Opening | None = None

    @property
    def private_to(self) -> UUID | None:
        return self.actor_id if self.private else None

    def streams(self) -> Iterator[UUID]:
        yield self.account_id
        if self.parent_id is not None:
            yield self.parent_id
        if self.opening is not None:
            yield self.opening.transaction_id
            yield opening_account(self.book_id)
        if self.private:
            yield self.book_id

    def claims(self, state: State) -> Iterable[Claim]:
        text = name_text(self.parent_id, self.text.get("name", ""), self.private_to)
        return [Claim(self.book_id, "account", text)]

    def balances(self, state: State) -> Iterable[tuple[UUID, str]]:
        if self.opening is None:
            return ()
        return [(self.account_id, self.currency), (opening_account(self.book_id), self.currency)]

    def decide(self, state: State) -> list[Draft]:
        if state.version(self.account_id):
            raise InvalidValue("This account id is taken; ids are used once.", field="id")
        check_name(self.text.get("name", ""))
        self._check_currencies()
        if self.parent_id is not None:
            check_parent(state, self.book_id, self.kind, self.parent_id, self.actor_id)
        check_guard(self.guard, self.kind, self.currency, self.exponent)
        if self.private:
            check_private(self.kind)
        name_free(state, self.book_id, self.parent_id, self.text["name"], self.account_id, self.private_to)
        opened = AccountOpened(
            kind=self.kind,
            type=self.type,
            currency=self.currency,
            currencies=self.currencies,
            any_currency=self.any_currency,
            exponent=self.exponent,
            parent_id=self.parent_id,
            role=self.role,
            guard=self.guard,
            net_worth=self.net_worth,
            private_to=self.private_to,
            text=self.text,
        )
        first = begun(state, self.book_id, self.actor_id) if self.private else []
        return [Draft(self.account_id, opened), *self._opening_balance(), *first]

    def _check_currencies(self) -> None:
        for code in (self.currency, *self.currencies):
            if not is_code(code):
                raise UnknownCurrency(f"{code!r} is not a currency code such as USD.", field="currency")
            exponent_of(code, self.exponent, field="currency")
        if self.exponent is None:
            return
        if not 0 <= self.exponent <= MAX_EXPONENT:
            raise InvalidValue(f"An exponent is 0 to {MAX_EXPONENT} decimals.", field="exponent")
        known = known_exponent(self.currency)
        if known is not None and known != self.exponent:
            raise InvalidValue(
                f"{self.currency} has {known} decimals; leave `exponent` out.", field="exponent"
            )

    def _opening_balance(self) -> list[Draft]:
        if self.opening is None or not self.opening.amount:
            return []
        if self.kind not in ("asset", "liability"):
            raise InvalidValue(
                "Only assets and liabilities have an opening balance.", field="opening_balance"
            )
        check_date(self.opening.date, "opening_date")
        amount = self.opening.amount
        exponent = exponent_of(self.currency, self.exponent)
        check_exponent(amount, self.currency, exponent, field="opening_balance")
        postings = balanced(
            [
                Posting(self.account_id, amount, self.currency),
                Posting(opening_account(self.book_id), amount.copy_negate(), self.currency),
            ]
        )
        if self.guard.floor is not None and amount < self.guard.floor and self.guard.policy == "reject":
            raise InvalidValue("The opening balance lies below the floor.", field="opening_balance")
        fact = TransactionPosted(terms=Terms(self.opening.date, postings, "opening"))
        return [Draft(self.opening.transaction_id, fact)]


class AccountChange(Command, frozen=True, kw_only=True):
    """The base of commands on one existing account; `expected_version` as for transactions."""

    account_id: UUID
    expected_version: int | None = None

    def streams(self) -> Iterator[UUID]:
        yield self.account_id

    def present(self, state: State) -> Account:
        """The account, of this book, known to the actor and at the expected version. Raises UnknownAccount,
        Stale."""
        account = state.entity(Account, self.account_id)
        known = account is not None and account.book_id == self.book_id and not account.withdrawn
        if account is None or not known or not account.seen_by(self.actor_id):
            raise UnknownAccount(f"There is no account {self.account_id} in this book.")
        version = state.version(self.account_id)
        if self.expected_version is not None and self.expected_version != version:
            raise Stale(
                f"You read version {self.expected_version}; it is at version {version} now. Read it again.",
                expected=self.expected_version,
                current=version,
            )
        return account


class Unchanged:
    """Stands for a field that an amendment leaves as it is."""


UNCHANGED = Unchanged()


class AmendAccount(AccountChange, frozen=True, kw_only=True):
    """Change what is given and leave the rest: each change is its own fact, so that the trail says why.

    `text` holds the words to change ("" removes one). Raises as OpenAccount does, InvalidValue for a floor or
    the policy to reject that the history breaks, SystemAccount, CurrencyInUse, Stale.
    """

    name: ClassVar[str] = "account.amend"

    text: Mapping[str, str] = {}
    type: str | None = None
    parent_id: UUID | Unchanged | None = UNCHANGED
    guard: Guard | None = None
    net_worth: bool | None = None
    currencies: tuple[str, ...] | None = None
    archived: bool | None = None
    private: bool | None = None

    def streams(self) -> Iterator[UUID]:
        yield self.account_id
        if isinstance(self.parent_id, UUID):
            yield self.parent_id
        if self.private:
            yield self.book_id

    def more_streams(self, state: State) -> Iterable[UUID]:
        above = self.parent_id if isinstance(self.parent_id, UUID) else self.account_id
        below = state.entity(Account, above) if not isinstance(self.parent_id, Unchanged) else None
        return [below.parent_id] if below is not None and below.parent_id is not None else []

    def claims(self, state: State) -> Iterable[Claim]:
        account = state.entity(Account, self.account_id)
        if account is None:
            return ()
        parent, name, private_to = self._place(state, account)
        return [Claim(self.book_id, "account", name_text(parent, name, private_to))]

    def balances(self, state: State) -> Iterable[tuple[UUID, str]]:
        account = state.entity(Account, self.account_id)
        if account is None:
            return ()
        codes = {account.currency, *account.currencies, *(a.currency for a in account.assertions)}
        return [(self.account_id, code) for code in codes]

    def days(self, state: State) -> Iterable[DayRange]:
        account = state.entity(Account, self.account_id)
        if account is None or self.guard is None or not account.keeps_days:
            return ()
        codes = {account.currency, *(a.currency for a in account.assertions)}
        return [DayRange(self.account_id, code, FIRST_DAY) for code in codes]

    def decide(self, state: State) -> list[Draft]:
        account = self.present(state)
        if account.role is not None:
            raise SystemAccount("Numina keeps this account itself; it cannot be changed.")
        facts = [
            *self._named(state, account),
            *self._described(account),
            *self._guarded(state, account),
            *self._counted(account),
            *self._currencies(state, account),
            *self._archived(account),
            *turned(state, account, self.private, self.actor_id),
        ]
        first = begun(state, self.book_id, self.actor_id) if self.private else []
        return [*(Draft(self.account_id, fact) for fact in facts), *first]

    def _place(self, state: State, account: Account) -> tuple[UUID | None, str, UUID | None]:
        parent = account.parent_id if isinstance(self.parent_id, Unchanged) else self.parent_id
        if parent is None and account.parent_id is not None:
            above = state.entity(Account, account.parent_id)
            if above is not None and not above.seen_by(self.actor_id):
                # They give back what they were shown: an account at the top of the tree.
                parent = account.parent_id
        private_to = account.private_to
        if self.private is not None:
            private_to = self.actor_id if self.private else None
        return parent, self.text.get("name", account.name), private_to

    def _named(self, state: State, account: Account) -> Iterator[Fact]:
        parent, name, private_to = self._place(state, account)
        if (parent, name, private_to) == (account.parent_id, account.name, account.private_to):
            return
        check_name(name)
        if parent is not None and parent != account.parent_id:
            check_parent(state, self.book_id, account.kind, parent, self.actor_id, below=self.account_id)
        name_free(state, self.book_id, parent, name, self.account_id, private_to)
        if name != account.name:
            yield AccountRenamed(text={"name": name})
        if parent != account.parent_id:
            yield AccountMoved(parent_id=parent)

    def _described(self, account: Account) -> Iterator[Fact]:
        words = {key: self.text.get(key, account.text.get(key, "")) for key in DESCRIPTION}
        words = {key: word for key, word in words.items() if word}
        before = {key: word for key, word in account.text.items() if key != "name"}
        type_ = self.type if self.type is not None else account.type
        if words != before or type_ != account.type:
            yield AccountDescribed(type=type_, text=words)

    def _guarded(self, state: State, account: Account) -> Iterator[Fact]:
        if self.guard is None or self.guard == account.guard:
            return
        check_guard(self.guard, account.kind, account.currency, account.exponent)
        if self.guard.policy == "reject":
            check_assertions(state, account)
            if self.guard.floor is not None:
                check_history(state, account, self.guard.floor)
        yield AccountGuarded(guard=self.guard)

    def _counted(self, account: Account) -> Iterator[Fact]:
        if self.net_worth is not None and self.net_worth != account.net_worth:
            yield AccountCounted(net_worth=self.net_worth)

    def _currencies(self, state: State, account: Account) -> Iterator[Fact]:
        if self.currencies is None or set(self.currencies) == set(account.currencies):
            return
        for code in self.currencies:
            if not is_code(code):
                raise UnknownCurrency(f"{code!r} is not a currency code such as USD.", field="currencies")
            exponent_of(code, account.exponent, field="currencies")
        currencies_unused(state, account, set(account.currencies) - set(self.currencies))
        yield AccountCurrenciesChanged(currencies=self.currencies)

    def _archived(self, account: Account) -> Iterator[Fact]:
        if self.archived is None or self.archived == account.archived:
            return
        yield AccountArchived() if self.archived else AccountReopened()


class ArchiveAccount(AccountChange, frozen=True, kw_only=True):
    """Close an account to new postings; its history and balance stay. Raises AccountArchivedAlready,
    SystemAccount, UnknownAccount, Stale."""

    name: ClassVar[str] = "account.archive"

    def decide(self, state: State) -> list[Draft]:
        account = self.present(state)
        if account.role is not None:
            raise SystemAccount("Numina keeps this account itself; it cannot be archived.")
        if account.archived:
            raise AccountArchivedAlready("The account is archived already.")
        return [Draft(self.account_id, AccountArchived())]


class ReopenAccount(AccountChange, frozen=True, kw_only=True):
    """Open an archived account to postings again. Raises AccountOpen, UnknownAccount, Stale."""

    name: ClassVar[str] = "account.reopen"

    def decide(self, state: State) -> list[Draft]:
        account = self.present(state)
        if not account.archived:
            raise AccountOpen("The account is open already.")
        return [Draft(self.account_id, AccountReopened())]

"""Commands that say what a balance is, to be held true from then on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from ledger.accounts.commands import AccountChange
from ledger.accounts.events import AssertionWithdrawn, BalanceAsserted
from ledger.accounts.guarding import posted_at_end
from ledger.accounts.refusals import AssertionFailed, NotGuardable, UnknownAssertion, WrongCurrency
from ledger.command import DayRange, Draft, State
from ledger.money import EXACT, check_exponent
from ledger.refusals import InvalidValue


class AssertBalance(AccountChange, frozen=True, kw_only=True):
    """Say that at the end of `date` the posted balance in `currency` is `amount` (debit positive). It must be
    true now, and later changes that would falsify it meet the account's policy. Raises AssertionFailed with the
    difference, NotGuardable, WrongCurrency, InvalidAmount, InvalidValue, UnknownAccount."""

    name: ClassVar[str] = "account.assert_balance"

    assertion_id: UUID
    date: dt.date
    amount: Decimal
    currency: str
    text: dict[str, str] = {}

    def balances(self, state: State) -> Iterable[tuple[UUID, str]]:
        return [(self.account_id, self.currency)]

    def days(self, state: State) -> Iterable[DayRange]:
        return [DayRange(self.account_id, self.currency, self.date)]

    def decide(self, state: State) -> list[Draft]:
        account = self.present(state)
        if not account.keeps_days:
            raise NotGuardable("Balances are asserted of assets and liabilities.", field="account_id")
        if not account.holds(self.currency):
            raise WrongCurrency(f"The account does not hold {self.currency}.", field="currency")
        check_exponent(self.amount, self.currency, account.decimals(self.currency), field="amount")
        if any(a.assertion_id == self.assertion_id for a in account.assertions):
            raise InvalidValue("This assertion id is taken; ids are used once.", field="id")
        actual = posted_at_end(state, account, self.currency, self.date)
        if actual != self.amount:
            difference = EXACT.subtract(self.amount, actual)
            raise AssertionFailed(
                f"At the end of {self.date} the account has {actual:f} {self.currency}, not {self.amount:f}: "
                f"{difference:f} is not recorded.",
                field="amount",
                actual=format(actual, "f"),
                asserted=format(self.amount, "f"),
                difference=format(difference, "f"),
                currency=self.currency,
            )
        fact = BalanceAsserted(
            assertion_id=self.assertion_id,
            date=self.date,
            amount=self.amount,
            currency=self.currency,
            text=self.text,
        )
        return [Draft(self.account_id, fact)]


class WithdrawAssertion(AccountChange, frozen=True, kw_only=True):
    """No longer make an assertion. Raises UnknownAssertion, UnknownAccount."""

    name: ClassVar[str] = "account.withdraw_assertion"

    assertion_id: UUID

    def decide(self, state: State) -> list[Draft]:
        account = self.present(state)
        if all(a.assertion_id != self.assertion_id for a in account.assertions):
            raise UnknownAssertion(f"There is no assertion {self.assertion_id} on this account.")
        return [Draft(self.account_id, AssertionWithdrawn(assertion_id=self.assertion_id))]

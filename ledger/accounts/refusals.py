"""Why something is not done with an account."""

from __future__ import annotations

from ledger.refusals import Refusal, Unknown


class UnknownAccount(Unknown):
    """There is no such account or category in this book."""

    code = "unknown_account"


class NameTaken(Refusal):
    """A sibling account already has this name."""

    code = "name_taken"
    status = 409


class WrongParent(Refusal):
    """An account cannot be placed below this one."""

    code = "wrong_parent"


class NotGuardable(Refusal):
    """Only asset and liability accounts have a floor, a statement or an asserted balance."""

    code = "not_guardable"


class AccountArchivedAlready(Refusal):
    """The account is archived: reopen it before putting anything on it."""

    code = "account_archived"
    status = 409


class AccountOpen(Refusal):
    """The account is not archived."""

    code = "account_open"
    status = 409


class SystemAccount(Refusal):
    """Numina keeps this account itself."""

    code = "system_account"
    status = 409


class NotYourAccount(Refusal):
    """Only who opened an account decides whether it is private."""

    code = "not_your_account"
    status = 403


class WrongCurrency(Refusal):
    """The account does not hold this currency."""

    code = "wrong_currency"


class CurrencyInUse(Refusal):
    """The account still has a balance in this currency."""

    code = "currency_in_use"
    status = 409


class FloorBreached(Refusal):
    """The account would fall below its floor."""

    code = "floor_breached"
    status = 409


class AssertionFailed(Refusal):
    """The balance is not what was asserted."""

    code = "assertion_failed"
    status = 409


class AssertionBroken(Refusal):
    """A balance that somebody asserted would no longer be true."""

    code = "assertion_broken"
    status = 409


class UnknownAssertion(Unknown):
    """There is no such balance assertion on this account."""

    code = "unknown_assertion"

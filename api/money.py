"""Money in requests and answers: an amount that stands alone bears its currency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from uuid import UUID

from typing_extensions import TypedDict

from api.fields import Amount, Body, Currency
from ledger.command import Balance
from ledger.money import ZERO, known_exponent, read_amount, write_amount
from ledger.refusals import InvalidValue


class Money(TypedDict):
    """An amount of a currency, e.g. {"amount": "12.34", "currency": "USD"}."""

    amount: str
    currency: str


class Sum(Body):
    """An amount of a currency, as it is sent."""

    amount: Amount
    currency: Currency


class CurrencyBalance(TypedDict):
    """What an account has in one currency; available = posted less what holds reserve."""

    currency: str
    posted: Money
    pending: Money
    available: Money


class AccountBalance(CurrencyBalance):
    """What one account has in one currency after a command."""

    account_id: UUID


def written(amount: Decimal, currency: str, declared: int | None = None) -> str:
    """The amount with all decimals of its currency; of a commodity, those that its account declared, else as
    many as the amount has."""
    exponent = known_exponent(currency)
    if exponent is None:
        exponent = declared
    if exponent is None:
        scale = amount.as_tuple().exponent
        exponent = -scale if isinstance(scale, int) and scale < 0 else 0
    return write_amount(amount, exponent)


def series(amounts: Sequence[Decimal], currency: str, declared: int | None = None) -> list[str]:
    """As `written`, of thousands of amounts of one currency, most of which may be zero."""
    exponent = known_exponent(currency)
    if exponent is None:
        exponent = declared
    if exponent is None:
        return [written(amount, currency) for amount in amounts]
    form, zero = f".{exponent}f", write_amount(ZERO, exponent)
    # Most have the decimals of their currency already, and are written in less than half the time.
    point = slice(-exponent - 1, -exponent or None)
    return [
        (text if (text := str(amount))[point] == "." else format(amount, form)) if amount else zero
        for amount in amounts
    ]


def money(amount: Decimal, currency: str, declared: int | None = None) -> Money:
    """The amount with its currency, as answers carry it."""
    return {"amount": written(amount, currency, declared), "currency": currency}


def balance_of(currency: str, balance: Balance, declared: int | None = None) -> CurrencyBalance:
    """The three balances of one currency."""
    return {
        "currency": currency,
        "posted": money(balance.posted, currency, declared),
        "pending": money(balance.pending, currency, declared),
        "available": money(balance.available, currency, declared),
    }


def balances_of(touched: Iterable[tuple[UUID, str, Balance]]) -> list[AccountBalance]:
    """The balances that a command's outcome reports."""
    return [
        AccountBalance(account_id=account_id, **balance_of(currency, balance))
        for account_id, currency, balance in touched
    ]


def amount_in(given: str | Sum, currency: str, field: str) -> Decimal:
    """The amount of a field that takes "12.34" or an amount with its currency, which must then be `currency`.
    Raises InvalidAmount, InvalidValue."""
    if isinstance(given, str):
        return read_amount(given, field=field)
    if given.currency != currency:
        raise InvalidValue(
            f"The amount must be in {currency}, the account's currency.", field=f"{field}.currency"
        )
    return read_amount(given.amount, field=f"{field}.amount")

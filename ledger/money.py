"""Exact amounts: how many decimals a currency has, how an amount is read, added, split and written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Clamped, Context, Decimal, Inexact, InvalidOperation, Overflow, Rounded

import moneyed

from ledger.refusals import Refusal

# Adding with this context raises Inexact instead of ever rounding. 60 digits hold the largest amount
# (20 digits) at the finest exponent (18) summed over more postings than a disk can hold.
EXACT = Context(prec=60, Emin=-99, Emax=99, traps=[Inexact, Rounded, InvalidOperation, Overflow, Clamped])
ZERO = Decimal(0)
MAX_EXPONENT = 18
MAX_WHOLE_DIGITS = 20

# Up to six decimals `str` writes no exponent, and at a fifth of the cost of formatting.
_PLAIN_DECIMALS = 6
_UNITS = [Decimal(1).scaleb(-decimals) for decimals in range(_PLAIN_DECIMALS + 1)]
_ZEROS = [f"{ZERO:.{decimals}f}" for decimals in range(_PLAIN_DECIMALS + 1)]

_AMOUNT = re.compile(rf"-?(0|[1-9][0-9]{{0,{MAX_WHOLE_DIGITS - 1}}})(\.[0-9]{{1,{MAX_EXPONENT}}})?", re.ASCII)
# The largest amount at the finest exponent has 38 digits; Python's own context would stop at 28.
_WIDE = Context(prec=60)
_CODE = re.compile(r"[A-Z][A-Z0-9._'-]{0,23}", re.ASCII)

# ISO 4217 knows no crypto-assets; these are the decimals that their own networks use.
_CRYPTO = {
    "BTC": 8,
    "ETH": 18,
    "LTC": 8,
    "BCH": 8,
    "SOL": 9,
    "ADA": 6,
    "XRP": 6,
    "DOGE": 8,
    "USDT": 6,
    "USDC": 6,
}
# py-moneyed 3 lags ISO 4217 for these (minor unit per the standard's list one).
_CORRECTED = {
    "UYW": 4,
    "CLF": 4,
    "MGA": 2,
    "MRU": 2,
    "UGX": 0,
    "RWF": 0,
    "VUV": 0,
    "XAF": 0,
    "XOF": 0,
    "XPF": 0,
}


class InvalidAmount(Refusal):
    """An amount must be written as plain decimal digits, with no more decimals than its currency has."""

    code = "invalid_amount"


class UnknownCurrency(Refusal):
    """This currency code is not known."""

    code = "unknown_currency"


def _iso_exponents() -> dict[str, int]:
    exponents = {}
    for code, currency in moneyed.CURRENCIES.items():
        exponents[code] = len(str(currency.sub_unit or 1)) - 1
    return exponents | _CORRECTED


_EXPONENTS = _iso_exponents() | _CRYPTO


def known_exponent(currency: str) -> int | None:
    """How many decimals `currency` has by ISO 4217 (JPY 0, USD 2, KWD 3) or by its network; None if unknown."""
    return _EXPONENTS.get(currency)


def is_code(text: str) -> bool:
    """Whether `text` has the form of a currency or commodity code: ISO 4217, a ticker, a voucher."""
    return _CODE.fullmatch(text) is not None


def exponent_of(currency: str, declared: int | None = None, *, field: str | None = None) -> int:
    """The decimals of `currency`: the known ones, else those `declared` by an account that holds it.

    Raises UnknownCurrency when neither is there, so that a typing slip never makes a new commodity.
    """
    known = _EXPONENTS.get(currency)
    if known is not None:
        return known
    if declared is None:
        raise UnknownCurrency(
            f"{currency} is neither an ISO 4217 currency nor a declared commodity. Open the account with an "
            "`exponent` (0 to 18 decimals) to hold a commodity of your own.",
            field=field,
            currency=currency,
        )
    return declared


def read_amount(text: str, *, field: str | None = None) -> Decimal:
    """The exact value of `text`; refuses NaN, infinity, exponents, signs other than a minus, and more than
    20 digits before the point or 18 after it. Raises InvalidAmount."""
    if len(text) > 64 or _AMOUNT.fullmatch(text) is None:
        raise InvalidAmount(
            f'{text[:40]!r} is not an amount. Write plain digits such as "-12.34": no exponent, no thousands '
            f"separator, at most {MAX_WHOLE_DIGITS} digits before the point and {MAX_EXPONENT} after it.",
            field=field,
        )
    return Decimal(text)


def check_exponent(amount: Decimal, currency: str, exponent: int, *, field: str | None = None) -> None:
    """Refuses an amount finer than the currency's minor unit. Raises InvalidAmount."""
    scale = amount.as_tuple().exponent
    if (
        isinstance(scale, int)
        and -scale > exponent
        and amount != amount.quantize(Decimal(1).scaleb(-exponent), context=_WIDE)
    ):
        raise InvalidAmount(
            f"{currency} has {exponent} decimals; {amount} has {-scale}.",
            field=field,
            currency=currency,
            decimals=exponent,
        )


def add(first: Decimal, second: Decimal) -> Decimal:
    """The exact sum; raises decimal.Inexact rather than round."""
    return EXACT.add(first, second)


def total(amounts: Sequence[Decimal]) -> Decimal:
    """The exact sum of any number of amounts."""
    result = ZERO
    for amount in amounts:
        result = EXACT.add(result, amount)
    return result


def split(amount: Decimal, weights: Sequence[Decimal], exponent: int) -> list[Decimal]:
    """`amount` divided in proportion to non-negative `weights`, in whole minor units of 10**-exponent.

    Largest remainder (Hamilton) method, ties to the earlier weight, so the parts always sum to `amount` and
    the same input always gives the same parts. Raises ValueError when the weights sum to zero.
    """
    whole = sum(int(EXACT.scaleb(w, MAX_EXPONENT)) for w in weights)
    if whole <= 0 or any(w < 0 for w in weights):
        raise ValueError("weights must be non-negative and not all zero")
    units = int(EXACT.scaleb(abs(amount), exponent))
    shares = [divmod(units * int(EXACT.scaleb(w, MAX_EXPONENT)), whole) for w in weights]
    left = units - sum(share for share, _ in shares)
    order = sorted(range(len(shares)), key=lambda i: (-shares[i][1], i))
    extra = set(order[:left])
    sign = -1 if amount < 0 else 1
    return [
        EXACT.scaleb(Decimal(sign * (share + (i in extra))), -exponent) for i, (share, _) in enumerate(shares)
    ]


def write_amount(amount: Decimal, exponent: int) -> str:
    """`amount` as JSON carries it: all the currency's decimals, never an exponent, never a negative zero."""
    if exponent <= _PLAIN_DECIMALS:
        if not amount:
            return _ZEROS[exponent]
        if amount.same_quantum(_UNITS[exponent]):
            return str(amount)
    return f"{amount if amount else ZERO:.{exponent}f}"

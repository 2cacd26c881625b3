"""Exact amounts: how many decimals a currency has, and what is and is not an amount."""

from decimal import Decimal, Inexact

import pytest

from ledger.money import (
    EXACT,
    InvalidAmount,
    UnknownCurrency,
    check_exponent,
    exponent_of,
    is_code,
    known_exponent,
    read_amount,
    split,
    write_amount,
)


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [
        ("JPY", 0),
        ("USD", 2),
        ("EUR", 2),
        ("KWD", 3),
        ("BHD", 3),
        ("CLF", 4),
        ("BTC", 8),
        ("ETH", 18),
        ("ISK", 0),
    ],
)
def test_a_currency_has_the_decimals_of_its_standard(currency: str, decimals: int) -> None:
    assert known_exponent(currency) == decimals


def test_a_typing_slip_never_makes_a_new_currency() -> None:
    with pytest.raises(UnknownCurrency):
        exponent_of("USX", None)
    assert exponent_of("MILES", 0) == 0
    assert exponent_of("USD", 5) == 2


@pytest.mark.parametrize("text", ["0", "-0", "1", "-12.34", "0.000000000000000001", "9" * 20, "1.10"])
def test_plain_digits_are_an_amount(text: str) -> None:
    assert read_amount(text) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "+1",
        "--1",
        ".5",
        "5.",
        "01",
        "1,000",
        "1_000",
        "1e3",
        "1E400",
        "NaN",
        "sNaN",
        "Infinity",
        "-inf",
        "0x10",
        "١٢",
        "1.2.3",
        "9" * 21,
        "1" * 5_000,
        "0." + "1" * 60,
        "1\n",
        "1\x00",
        "½",
    ],
)
def test_anything_else_is_no_amount(text: str) -> None:
    with pytest.raises(InvalidAmount) as refusal:
        read_amount(text, field="amount")
    assert refusal.value.field == "amount"
    assert len(refusal.value.detail) < 300


@pytest.mark.parametrize(("amount", "currency", "decimals"), [("0.001", "USD", 2), ("0.5", "JPY", 0)])
def test_an_amount_is_no_finer_than_its_currency(amount: str, currency: str, decimals: int) -> None:
    with pytest.raises(InvalidAmount) as refusal:
        check_exponent(Decimal(amount), currency, decimals)
    assert refusal.value.facts == {"currency": currency, "decimals": decimals}


def test_trailing_zeros_are_not_decimals() -> None:
    check_exponent(Decimal("1.500"), "USD", 2)
    check_exponent(Decimal("5.0"), "JPY", 0)
    check_exponent(Decimal("99999999999999999999.000000000000000000"), "JPY", 0)


def test_adding_raises_rather_than_round() -> None:
    with pytest.raises(Inexact):
        EXACT.add(Decimal("1e50"), Decimal("1e-20"))


def test_an_amount_is_written_with_all_its_decimals_and_no_negative_zero() -> None:
    assert write_amount(Decimal("5"), 2) == "5.00"
    assert write_amount(Decimal("-0.0"), 2) == "0.00"
    assert write_amount(Decimal("1E+3"), 0) == "1000"
    assert write_amount(Decimal("1E-18"), 18) == "0.000000000000000001"


def test_the_largest_remainder_gets_the_odd_unit_and_the_earlier_share_wins_a_tie() -> None:
    thirds = [Decimal(1)] * 3
    assert split(Decimal("100.00"), thirds, 2) == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]
    assert split(Decimal("1.00"), [Decimal(1), Decimal(2)], 2) == [Decimal("0.33"), Decimal("0.67")]
    assert split(Decimal(-5), [Decimal(1), Decimal(1)], 0) == [Decimal(-3), Decimal(-2)]
    assert split(Decimal("0.05"), [Decimal(3), Decimal(7)], 2) == [Decimal("0.02"), Decimal("0.03")]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [-1, 2]])
def test_shares_of_nothing_or_less_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        split(Decimal(1), [Decimal(w) for w in weights], 2)


@pytest.mark.parametrize("code", ["USD", "MILES", "A", "BRK.B", "X-1", "O'NEILL"])
def test_codes_of_currencies_and_commodities(code: str) -> None:
    assert is_code(code)


@pytest.mark.parametrize("code", ["", "usd", "1ST", "US D", "ÄÖÜ", "U" * 25, "USD\n", "-X"])
def test_what_is_no_code(code: str) -> None:
    assert not is_code(code)

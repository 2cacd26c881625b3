"""Law 7: splitting money loses no minor unit."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.ids import derived_id
from ledger.money import EXACT, MAX_EXPONENT, check_exponent, read_amount, split, total, write_amount
from ledger.postings import Posting, balanced, sums
from ledger.refusals import Refusal
from ledger.transactions.changes import part_of

units = st.integers(-(10**12), 10**12)
exponents = st.sampled_from([0, 2, 3, 8, 18])
weights = st.lists(
    st.decimals(min_value=0, max_value=10**6, places=4, allow_nan=False), min_size=1, max_size=20
)


@given(units, exponents, weights)
def test_the_parts_sum_to_the_whole(whole: int, exponent: int, shares: list[Decimal]) -> None:
    assume(any(shares))
    amount = Decimal(whole).scaleb(-exponent)
    parts = split(amount, shares, exponent)
    assert total(parts) == amount
    assert len(parts) == len(shares)
    for part in parts:
        check_exponent(part, "USD", exponent)


@given(units, exponents, weights)
def test_no_part_is_a_unit_away_from_its_share(whole: int, exponent: int, shares: list[Decimal]) -> None:
    assume(any(shares))
    sum_of_shares = sum(shares)
    for part, share in zip(split(Decimal(whole).scaleb(-exponent), shares, exponent), shares, strict=True):
        in_units = part.scaleb(exponent)
        # |part * sum - whole * share| < sum, without dividing.
        assert abs(int(in_units * sum_of_shares * 10**4) - int(whole * share * 10**4)) < sum_of_shares * 10**4
        assert share or not part


@given(units, weights)
def test_the_same_split_is_always_the_same(whole: int, shares: list[Decimal]) -> None:
    assume(any(shares))
    assert split(Decimal(whole), shares, 0) == split(Decimal(whole), list(shares), 0)
    assert split(Decimal(-whole), shares, 0) == [-part for part in split(Decimal(whole), shares, 0)]


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=8), st.integers(1, 10**10))
def test_a_part_of_a_hold_balances_and_exceeds_no_leg(debits: list[int], wanted: int) -> None:
    held = [
        Posting(derived_id("debit", str(n)), Decimal(value).scaleb(-2), "USD")
        for n, value in enumerate(debits)
    ]
    whole = total([leg.amount for leg in held])
    held.append(Posting(derived_id("credit"), -whole, "USD"))
    amount = Decimal(wanted).scaleb(-2)
    if amount > whole:
        with pytest.raises(Refusal):
            part_of(held, amount)
        return
    parts = balanced(part_of(held, amount))
    assert sums(p for p in parts if p.amount > 0) == {"USD": amount}
    limits = {leg.account_id: abs(leg.amount) for leg in held}
    for part in parts:
        assert 0 < abs(part.amount) <= limits[part.account_id]


@given(st.integers(-(10**38), 10**38), st.integers(0, MAX_EXPONENT))
def test_an_amount_is_read_back_as_it_was_written(whole: int, exponent: int) -> None:
    amount = EXACT.scaleb(Decimal(whole), -exponent)
    assume(abs(amount) < 10**20)
    written = write_amount(amount, exponent)
    assert read_amount(written) == amount
    assert "e" not in written.lower()
    assert written != "-0"

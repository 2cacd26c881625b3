"""Postings: a set that does not sum to zero in every currency cannot be made."""

from decimal import Decimal

import pytest

from ledger.ids import derived_id
from ledger.postings import (
    MAX_POSTINGS,
    Posting,
    PostingsCount,
    Unbalanced,
    balanced,
    reversed_postings,
    sums,
)

A, B, C = (derived_id("account", name) for name in "abc")


def posting(account: object, amount: str, currency: str = "USD") -> Posting:
    return Posting(account, Decimal(amount), currency)


def test_debits_equal_credits() -> None:
    legs = [posting(A, "-30.00"), posting(B, "10"), posting(C, "20.0")]
    assert balanced(legs) == tuple(legs)


def test_what_is_left_over_is_named_by_currency() -> None:
    legs = [posting(A, "-30"), posting(B, "29.99"), posting(A, "1", "EUR"), posting(C, "-1", "EUR")]
    with pytest.raises(Unbalanced) as refusal:
        balanced(legs)
    assert refusal.value.facts["left_over"] == {"USD": "-0.01"}
    assert refusal.value.field == "postings"


def test_currencies_do_not_make_up_for_each_other() -> None:
    with pytest.raises(Unbalanced) as refusal:
        balanced([posting(A, "1", "USD"), posting(B, "-1", "EUR")])
    assert refusal.value.facts["left_over"] == {"EUR": "-1", "USD": "1"}


@pytest.mark.parametrize("count", [0, 1, MAX_POSTINGS + 1, 10_000])
def test_a_transaction_has_two_to_a_thousand_postings(count: int) -> None:
    with pytest.raises(PostingsCount):
        balanced([posting(A, "0")] * count)


def test_a_thousand_postings_are_fine() -> None:
    assert len(balanced([posting(A, "1"), posting(B, "-1")] * (MAX_POSTINGS // 2))) == MAX_POSTINGS


def test_two_legs_on_one_account_are_fine() -> None:
    assert balanced([posting(A, "1"), posting(A, "-1")])


def test_large_amounts_are_summed_exactly() -> None:
    huge = "99999999999999999999.000000000000000001"
    assert balanced([posting(A, huge), posting(B, f"-{huge}")])
    with pytest.raises(Unbalanced) as refusal:
        balanced([posting(A, huge), posting(B, f"-{huge}"), posting(C, "0.000000000000000001")])
    assert refusal.value.facts["left_over"] == {"USD": "0.000000000000000001"}


def test_the_reverse_takes_it_back() -> None:
    legs = [posting(A, "-30"), posting(B, "30")]
    assert not any(sums([*legs, *reversed_postings(legs)]).values())

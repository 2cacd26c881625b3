"""Law 1: every currency of every book sums to zero, at every position."""

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.ids import derived_id
from ledger.money import EXACT
from ledger.postings import Posting, PostingsCount, Unbalanced, balanced, reversed_postings, sums
from tests.laws.test_floors import in_force
from tests.support.registers import assert_zero_sums
from tests.support.story import Story, stories


@settings(max_examples=200, deadline=None)
@given(stories)
def test_whatever_happens_every_currency_sums_to_zero(story_told: list[Any]) -> None:
    story = Story()
    for numbers in story_told:
        story.tell(numbers)
    state = story.book.ledger.state
    assert_zero_sums(story.book.ledger.record)
    posted: dict[str, Decimal] = defaultdict(Decimal)
    for (_, currency), balance in state.sums.items():
        posted[currency] += balance.posted
        posted[f"{currency} pending"] += balance.pending
    assert not any(posted.values())


@settings(max_examples=200, deadline=None)
@given(stories)
def test_registers_are_what_the_terms_in_force_add_up_to(story_told: list[Any]) -> None:
    story = Story()
    for numbers in story_told:
        story.tell(numbers)
    expected: dict[tuple[int, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for terms in in_force(story.book.ledger.record).values():
        for leg in terms.postings:
            sums_ = expected[leg.account_id.int, leg.currency]
            if terms.state == "posted":
                sums_[0] += leg.amount
            else:
                sums_[1] += leg.amount
                sums_[2] += min(leg.amount, Decimal(0))
    found = {key: list(balance) for key, balance in story.book.ledger.state.sums.items() if any(balance)}
    assert found == {key: sums_ for key, sums_ in expected.items() if any(sums_)}


amounts = st.decimals(
    min_value=-(10**20), max_value=10**20, allow_nan=False, allow_infinity=False, places=18
) | st.integers(-(10**20), 10**20).map(Decimal)
legs = st.lists(
    st.tuples(st.integers(0, 5), amounts, st.sampled_from(["USD", "JPY", "ETH"])), min_size=1, max_size=12
)


def postings(told: list[tuple[int, Decimal, str]]) -> list[Posting]:
    return [
        Posting(derived_id("account", str(account)), amount, currency) for account, amount, currency in told
    ]


@given(legs)
def test_what_does_not_sum_to_zero_cannot_be_made(told: list[tuple[int, Decimal, str]]) -> None:
    made = postings(told)
    left = {currency: amount for currency, amount in sums(made).items() if amount}
    if len(made) < 2:
        with pytest.raises(PostingsCount):
            balanced(made)
    elif left:
        with pytest.raises(Unbalanced) as refusal:
            balanced(made)
        assert refusal.value.facts["left_over"] == {
            currency: format(amount, "f") for currency, amount in left.items()
        }
    else:
        assert balanced(made) == tuple(made)


@given(legs)
def test_a_set_and_its_reverse_always_balance(told: list[tuple[int, Decimal, str]]) -> None:
    made = postings(told)
    assert balanced([*made, *reversed_postings(made)])


@given(st.lists(amounts, min_size=1, max_size=50))
def test_adding_never_rounds(values: list[Decimal]) -> None:
    total = Decimal(0)
    for value in values:
        total = EXACT.add(total, value)
    assert (
        total.as_integer_ratio()
        == sum((Fraction(value) for value in values), start=Fraction(Decimal(0))).as_integer_ratio()
    )

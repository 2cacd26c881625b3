"""The friendly form: what each type turns into, and what is refused before anybody is asked."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.accounts.account import conversion_account
from ledger.money import InvalidAmount
from ledger.postings import Posting, balanced, sums
from ledger.refusals import Refusal
from ledger.transactions.forms import (
    Friendly,
    IncompleteForm,
    MixedForm,
    SameAccount,
    Split,
    SplitsUneven,
    form,
)

BOOK, CHECKING, SAVINGS, FOOD, HOME, SALARY = (UUID(int=n) for n in range(1, 7))


def friendly(type_: Any, amount: str = "10.00", **more: Any) -> Friendly:
    more = {"currency": "USD", "account_id": CHECKING} | more
    return Friendly(type=type_, amount=Decimal(amount), **more)


def legs(postings: Sequence[Posting]) -> list[tuple[UUID, str, str]]:
    return [(p.account_id, str(p.amount), p.currency) for p in postings]


def refusal(kind: type[Refusal], sent: Friendly) -> Refusal:
    with pytest.raises(kind) as caught:
        form(sent, BOOK)
    return caught.value


def test_an_expense_credits_the_account_and_debits_the_category() -> None:
    made = form(friendly("expense", category_id=FOOD), BOOK)
    assert legs(made.postings) == [(CHECKING, "-10.00", "USD"), (FOOD, "10.00", "USD")]
    assert [o.kinds for o in made.origins] == [("asset", "liability"), ("expense",)]


def test_an_income_debits_the_account_and_credits_the_category() -> None:
    made = form(friendly("income", category_id=SALARY), BOOK)
    assert legs(made.postings) == [(CHECKING, "10.00", "USD"), (SALARY, "-10.00", "USD")]
    assert made.origins[1].kinds == ("income",)


@pytest.mark.parametrize(("type_", "category"), [("expense", FOOD), ("income", SALARY)])
def test_a_refund_is_the_same_thing_turned_round(type_: str, category: UUID) -> None:
    there = form(friendly(type_, category_id=category), BOOK)
    back = form(friendly(type_, category_id=category, refund=True), BOOK)
    assert [p.amount for p in back.postings] == [-p.amount for p in there.postings]
    assert back.origins == there.origins


def test_a_transfer_credits_one_account_and_debits_the_other() -> None:
    made = form(friendly("transfer", to_account_id=SAVINGS), BOOK)
    assert legs(made.postings) == [(CHECKING, "-10.00", "USD"), (SAVINGS, "10.00", "USD")]
    assert all(o.kinds == ("asset", "liability") for o in made.origins)


def test_a_transfer_across_currencies_goes_through_the_conversion_account() -> None:
    sent = friendly("transfer", to_account_id=SAVINGS, to_amount=Decimal("9.13"), to_currency="EUR")
    made = form(sent, BOOK)
    conversion = conversion_account(BOOK)
    assert legs(made.postings) == [
        (CHECKING, "-10.00", "USD"),
        (conversion, "10.00", "USD"),
        (conversion, "-9.13", "EUR"),
        (SAVINGS, "9.13", "EUR"),
    ]
    assert made.origins[1].kinds == made.origins[2].kinds == ()
    assert (made.origins[3].amount, made.origins[3].currency) == ("to_amount", "to_currency")


def test_a_transfer_that_names_the_same_currency_twice_is_a_plain_one() -> None:
    sent = friendly("transfer", to_account_id=SAVINGS, to_amount=Decimal("10"), to_currency="USD")
    assert form(sent, BOOK).postings == form(friendly("transfer", to_account_id=SAVINGS), BOOK).postings


def test_splits_put_each_part_on_its_category() -> None:
    splits = [Split(FOOD, Decimal("7.50")), Split(HOME, Decimal("4.00")), Split(FOOD, Decimal("-1.50"))]
    made = form(friendly("expense", splits=splits), BOOK)
    assert legs(made.postings) == [
        (CHECKING, "-10.00", "USD"),
        (FOOD, "7.50", "USD"),
        (HOME, "4.00", "USD"),
        (FOOD, "-1.50", "USD"),
    ]
    assert made.origins[2].account == "splits.1.category_id"
    assert made.origins[2].amount == "splits.1.amount"


def test_splits_that_do_not_sum_to_the_amount_are_refused_with_the_difference() -> None:
    splits = [Split(FOOD, Decimal("7.50")), Split(HOME, Decimal("2.40"))]
    refused = refusal(SplitsUneven, friendly("expense", splits=splits))
    assert refused.field == "splits"
    assert refused.facts == {
        "amount": "10.00",
        "splits": "9.90",
        "difference": "0.10",
        "currency": "USD",
    }


@pytest.mark.parametrize("amount", ["0", "0.00", "-0.01", "-10.00"])
@pytest.mark.parametrize("type_", ["expense", "income", "transfer"])
def test_the_friendly_form_takes_no_sign(type_: str, amount: str) -> None:
    # A minus could mean a refund or that money goes out, so it is not guessed.
    refused = refusal(InvalidAmount, friendly(type_, amount, category_id=FOOD))
    assert refused.field == "amount"
    assert "refund" in refused.detail


@pytest.mark.parametrize(
    ("kind", "field", "sent"),
    [
        (IncompleteForm, "category_id", friendly("expense")),
        (IncompleteForm, "category_id", friendly("income")),
        (IncompleteForm, "to_account_id", friendly("transfer")),
        (IncompleteForm, "to_amount", friendly("transfer", to_account_id=SAVINGS, to_currency="EUR")),
        (IncompleteForm, "to_currency", friendly("transfer", to_account_id=SAVINGS, to_amount=Decimal(1))),
        (MixedForm, "category_id", friendly("expense", category_id=FOOD, splits=[Split(FOOD, Decimal(10))])),
        (MixedForm, "to_account_id", friendly("expense", category_id=FOOD, to_account_id=SAVINGS)),
        (MixedForm, "to_amount", friendly("income", category_id=SALARY, to_amount=Decimal(1))),
        (MixedForm, "to_currency", friendly("income", category_id=SALARY, to_currency="EUR")),
        (MixedForm, "category_id", friendly("transfer", to_account_id=SAVINGS, category_id=FOOD)),
        (MixedForm, "splits", friendly("transfer", to_account_id=SAVINGS, splits=[])),
        (MixedForm, "refund", friendly("transfer", to_account_id=SAVINGS, refund=True)),
        (SameAccount, "to_account_id", friendly("transfer", to_account_id=CHECKING)),
        (
            InvalidAmount,
            "to_amount",
            friendly("transfer", to_account_id=SAVINGS, to_amount=Decimal(0), to_currency="EUR"),
        ),
        (
            InvalidAmount,
            "to_amount",
            friendly("transfer", to_account_id=SAVINGS, to_amount=Decimal(9), to_currency="USD"),
        ),
        (SplitsUneven, "splits", friendly("expense", splits=[])),
        (
            InvalidAmount,
            "splits.1.amount",
            friendly("expense", splits=[Split(FOOD, Decimal(10)), Split(HOME, Decimal(0))]),
        ),
    ],
)
def test_a_form_that_does_not_say_one_thing_is_refused_by_name(
    kind: type[Refusal], field: str, sent: Friendly
) -> None:
    assert refusal(kind, sent).field == field


cents = st.integers(min_value=1, max_value=10**18).map(lambda n: Decimal(n).scaleb(-2))


@given(
    amount=cents, received=cents, type_=st.sampled_from(["expense", "income", "transfer"]), back=st.booleans()
)
def test_whatever_is_sent_each_currency_sums_to_zero(
    amount: Decimal, received: Decimal, type_: str, back: bool
) -> None:
    more: dict[str, Any] = {"category_id": FOOD, "refund": back}
    if type_ == "transfer":
        more = {"to_account_id": SAVINGS}
        more |= {"to_amount": received, "to_currency": "EUR"} if back else {}
    made = form(friendly(type_, str(amount), **more), BOOK)
    assert not any(sums(balanced(made.postings)).values())
    assert len(made.origins) == len(made.postings)


@given(parts=st.lists(cents, min_size=1, max_size=20))
def test_splits_lose_nothing(parts: list[Decimal]) -> None:
    whole = str(sum(parts))
    made = form(friendly("expense", whole, splits=[Split(FOOD, part) for part in parts]), BOOK)
    assert made.postings[0].amount == -Decimal(whole)
    assert [p.amount for p in made.postings[1:]] == parts
    balanced(made.postings)

"""The demonstration's household lives within its means, and its books balance."""

import datetime as dt
from decimal import Decimal
from random import Random

import pytest

from numina.household import ACCOUNTS, CATEGORIES, CHECKING, Household, Item

LAST = dt.date(2026, 11, 20)


def live(seed: int = 1494, last: dt.date = LAST) -> list[Item]:
    return list(Household(last, 5, Random(seed)).transactions())


def test_the_same_seed_is_the_same_life() -> None:
    assert live() == live()
    assert live(1) != live(2)


@pytest.mark.parametrize("last", [LAST, dt.date(2028, 2, 29), dt.date(2027, 1, 1)])
def test_it_spans_five_years_in_order(last: dt.date) -> None:
    dates = [item["date"] for item in live(last=last)]
    assert dates == sorted(dates)
    assert dates[0] == dt.date(last.year - 5, last.month, 1).isoformat()
    assert dates[-1] <= last.isoformat()
    assert len(dates) > 2000


@pytest.mark.parametrize("seed", range(5))
def test_every_amount_is_more_than_zero(seed: int) -> None:
    assert [item for item in live(seed) if "amount" in item and Decimal(item["amount"]) <= 0] == []


def test_every_name_is_an_account_or_a_category() -> None:
    known = {account["name"] for account in ACCOUNTS}
    known |= {name for groups in CATEGORIES.values() for names in groups.values() for name in names}
    named = set()
    for item in live():
        for part in (item, *item.get("postings", ()), *item.get("splits", ())):
            named |= {value for field, value in part.items() if field.endswith("_id")}
    assert named <= known


@pytest.mark.parametrize("seed", range(5))
def test_checking_stays_above_its_floor(seed: int) -> None:
    [account] = [account for account in ACCOUNTS if account["name"] == CHECKING]
    balance, lowest = Decimal(account["opening_balance"]), Decimal(0)
    for item in live(seed):
        for leg in item.get("postings", ()):
            balance += Decimal(leg["amount"]) if leg["account_id"] == CHECKING else 0
        if item.get("account_id") == CHECKING:
            earned = (item["type"] == "income") != item.get("refund", False)
            balance += Decimal(item["amount"]) if earned else -Decimal(item["amount"])
        if item.get("to_account_id") == CHECKING:
            balance += Decimal(item["amount"])
        lowest = min(lowest, balance)
    assert lowest > Decimal(account["floor"])

"""Accounts and categories: opening, naming, placing, describing, archiving."""

from typing import Any
from uuid import UUID

import pytest

from ledger.accounts.account import conversion_account, opening_account
from ledger.accounts.commands import AmendAccount, ArchiveAccount, OpenAccount, Opening, ReopenAccount
from ledger.accounts.events import Guard
from ledger.accounts.refusals import (
    AccountArchivedAlready,
    AccountOpen,
    CurrencyInUse,
    NameTaken,
    NotGuardable,
    SystemAccount,
    UnknownAccount,
    WrongParent,
)
from ledger.ids import derived_id
from ledger.money import InvalidAmount, UnknownCurrency
from ledger.refusals import InvalidValue, Refusal, Stale
from tests.support.scenario import Scenario, amount, day


@pytest.fixture
def book() -> Scenario:
    return Scenario().household()


def opening_fields(book: Scenario, **fields: Any) -> dict[str, Any]:
    standard = {
        "account_id": book.fresh(),
        "kind": "asset",
        "type": "checking",
        "currency": "USD",
        "text": {"name": "Checking"},
    }
    return standard | fields


def test_an_account_is_as_it_was_opened(book: Scenario) -> None:
    book.account(
        "fund",
        currency="ACME",
        exponent=4,
        currencies=("USD",),
        net_worth=False,
        text={"name": "Fund", "institution": "Bank", "notes": "n"},
    )
    fund = book.named("fund")
    assert (fund.kind, fund.currency, fund.exponent, fund.currencies) == ("asset", "ACME", 4, ("USD",))
    assert (fund.net_worth, fund.archived, fund.name) == (False, False, "Fund")
    assert fund.text["institution"] == "Bank"


def test_an_opening_balance_comes_from_the_books_opening_equity(book: Scenario) -> None:
    book.account("savings", opening="12.34")
    assert book.posted("savings") == amount("12.34")
    book.accounts["opening"] = opening_account(book.book_id)
    assert book.posted("opening") == amount("-12.34")


def test_a_liability_opens_with_what_is_owed(book: Scenario) -> None:
    book.account("loan", "liability", opening=-1000)
    assert book.posted("loan") == -1000


def test_an_opening_balance_of_zero_posts_nothing(book: Scenario) -> None:
    book.account("savings", opening=0)
    assert book.topics(book.last()) == ["account.opened"]


@pytest.mark.parametrize(
    ("fields", "refusal", "field"),
    [
        ({"text": {"name": ""}}, InvalidValue, "name"),
        ({"text": {"name": " \t"}}, InvalidValue, "name"),
        ({"text": {}}, InvalidValue, "name"),
        ({"currency": "usd"}, UnknownCurrency, "currency"),
        ({"currency": "USX"}, UnknownCurrency, "currency"),
        ({"currencies": ("EUX",)}, UnknownCurrency, "currency"),
        ({"currency": "MILES", "exponent": 19}, InvalidValue, "exponent"),
        ({"currency": "MILES", "exponent": -1}, InvalidValue, "exponent"),
        ({"exponent": 3}, InvalidValue, "exponent"),
        ({"kind": "expense", "guard": Guard(amount(0))}, NotGuardable, "floor"),
        ({"guard": Guard(amount("0.001"))}, InvalidAmount, "floor"),
        ({"parent_id": UUID(int=7)}, UnknownAccount, "parent_id"),
        ({"opening": (1, "2300-01-01")}, InvalidValue, "opening_date"),
        ({"opening": (1, "1899-12-31")}, InvalidValue, "opening_date"),
        ({"opening": ("0.001", "2026-01-01")}, InvalidAmount, "opening_balance"),
        ({"kind": "income", "opening": (1, "2026-01-01")}, InvalidValue, "opening_balance"),
        ({"guard": Guard(amount(5)), "opening": (1, "2026-01-01")}, InvalidValue, "opening_balance"),
    ],
)
def test_what_makes_no_account_is_refused(
    book: Scenario, fields: dict[str, Any], refusal: type[Refusal], field: str
) -> None:
    if "opening" in fields:
        value, date = fields["opening"]
        fields = fields | {"opening": Opening(book.fresh(), amount(value), day(date))}
    met = book.refuses(refusal, OpenAccount, **opening_fields(book, **fields))
    assert met.field == field


def test_siblings_are_called_differently_whatever_the_case_and_space(book: Scenario) -> None:
    for name in ("cash", "CASH", "  cash "):
        refusal = book.refuses(NameTaken, OpenAccount, **opening_fields(book, text={"name": name}))
        assert refusal.facts["account_id"] == str(book.accounts["cash"])
    book.account("home", "expense")
    book.account("travel", "expense")
    book.account("h", "expense", parent_id=book.accounts["home"], text={"name": "Other"})
    book.account("t", "expense", parent_id=book.accounts["travel"], text={"name": "Other"})


def test_a_name_can_be_written_differently_by_its_holder(book: Scenario) -> None:
    book.do(AmendAccount, account_id=book.accounts["cash"], text={"name": "Cash"})
    assert book.named("cash").name == "Cash"


def test_a_name_that_was_given_up_is_free(book: Scenario) -> None:
    book.do(AmendAccount, account_id=book.accounts["cash"], text={"name": "Wallet"})
    book.account("second", text={"name": "cash"})


def test_another_book_may_use_the_same_names(book: Scenario) -> None:
    other = Scenario(book.ledger.handle, name="other")
    other.account("cash")
    other.refuses(NameTaken, OpenAccount, **opening_fields(other, text={"name": "cash"}))


def test_an_id_is_used_once(book: Scenario) -> None:
    book.refuses(InvalidValue, OpenAccount, **opening_fields(book, account_id=book.accounts["cash"]))


def test_a_parent_is_of_the_same_kind_and_book(book: Scenario) -> None:
    parent = {"parent_id": book.accounts["food"]}
    book.refuses(WrongParent, OpenAccount, **opening_fields(book, **parent))
    other = Scenario(book.ledger.handle, name="other")
    other.refuses(UnknownAccount, OpenAccount, **opening_fields(other, parent_id=book.accounts["cash"]))


def test_no_account_is_placed_below_itself(book: Scenario) -> None:
    book.account("a", "expense")
    book.account("b", "expense", parent_id=book.accounts["a"])
    book.account("c", "expense", parent_id=book.accounts["b"])
    for name in ("a", "b", "c"):
        book.refuses(WrongParent, AmendAccount, account_id=book.accounts["a"], parent_id=book.accounts[name])
    book.do(AmendAccount, account_id=book.accounts["c"], parent_id=None)
    book.do(AmendAccount, account_id=book.accounts["a"], parent_id=book.accounts["c"])


def test_each_change_is_a_fact_of_its_own_and_the_rest_stays(book: Scenario) -> None:
    outcome = book.do(
        AmendAccount,
        account_id=book.accounts["cash"],
        text={"name": "Wallet", "notes": "brown"},
        guard=Guard(amount(-5)),
        archived=True,
    )
    assert book.topics(outcome) == [
        "account.renamed",
        "account.described",
        "account.guarded",
        "account.archived",
    ]
    book.do(AmendAccount, account_id=book.accounts["cash"], text={"notes": "", "icon": "w"})
    cash = book.named("cash")
    assert cash.text == {"name": "Wallet", "icon": "w"}
    assert (cash.guard, cash.archived) == (Guard(amount(-5)), True)


def test_a_change_that_changes_nothing_leaves_no_fact(book: Scenario) -> None:
    outcome = book.do(AmendAccount, account_id=book.accounts["cash"], text={"name": "cash"}, archived=False)
    assert outcome.facts == []
    assert (outcome.first, outcome.last) == (0, 0)


def test_a_currency_that_is_held_is_not_given_up(book: Scenario) -> None:
    book.account("wise", currencies=("EUR",))
    book.account("coffee", "expense", currency="EUR")
    book.currency = "EUR"
    book.post(wise=-3, coffee=3)
    book.refuses(CurrencyInUse, AmendAccount, account_id=book.accounts["wise"], currencies=())
    book.post(wise=3, coffee=-3)
    book.hold(wise=-1, coffee=1)
    book.refuses(CurrencyInUse, AmendAccount, account_id=book.accounts["wise"], currencies=())


def test_archiving_and_reopening(book: Scenario) -> None:
    cash = {"account_id": book.accounts["cash"]}
    book.do(ArchiveAccount, **cash)
    book.refuses(AccountArchivedAlready, ArchiveAccount, **cash)
    book.do(ReopenAccount, **cash)
    book.refuses(AccountOpen, ReopenAccount, **cash)


def test_a_stale_version_is_refused(book: Scenario) -> None:
    cash = book.accounts["cash"]
    book.do(AmendAccount, account_id=cash, text={"name": "Wallet"}, expected_version=1)
    refusal = book.refuses(Stale, AmendAccount, account_id=cash, text={"name": "Purse"}, expected_version=1)
    assert (refusal.status, refusal.facts) == (412, {"expected": 1, "current": 2})
    book.refuses(Stale, ArchiveAccount, account_id=cash, expected_version=1)


def test_the_accounts_that_numina_keeps_are_left_alone(book: Scenario) -> None:
    for account_id in (conversion_account(book.book_id), opening_account(book.book_id)):
        book.refuses(SystemAccount, ArchiveAccount, account_id=account_id)
        book.refuses(SystemAccount, AmendAccount, account_id=account_id, text={"name": "Mine"})


def test_what_belongs_to_another_book_is_unknown(book: Scenario) -> None:
    other = Scenario(book.ledger.handle, name="other")
    stranger = {"account_id": book.accounts["cash"]}
    unknown = {"account_id": derived_id("nothing")}
    for kind in (AmendAccount, ArchiveAccount, ReopenAccount):
        theirs = other.refuses(UnknownAccount, kind, **stranger)
        nobodys = other.refuses(UnknownAccount, kind, **unknown)
        assert theirs.detail.replace(str(book.accounts["cash"]), "") == nobodys.detail.replace(
            str(derived_id("nothing")), ""
        )

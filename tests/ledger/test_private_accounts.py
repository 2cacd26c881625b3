"""Decisions about accounts that are private to one person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest

from ledger.accounts.account import Account, private_side
from ledger.accounts.commands import AmendAccount, ArchiveAccount, OpenAccount
from ledger.accounts.refusals import NameTaken, NotYourAccount, UnknownAccount
from ledger.books.book import Book
from ledger.ids import derived_id
from ledger.postings import Posting
from ledger.reconciliations.commands import UnlockReconciliation
from ledger.reconciliations.refusals import UnknownReconciliation
from ledger.refusals import InvalidValue
from ledger.transactions.changes import (
    AmendTransaction,
    ExpireTransaction,
    MarkCleared,
    SettleTransaction,
    VoidTransaction,
)
from ledger.transactions.commands import PostTransaction
from ledger.transactions.refusals import NotOnAccount, PrivateLeg, UnknownTransaction
from ledger.undo.commands import UndoCommand
from ledger.undo.refusals import UndoBlocked, UnknownCommand
from tests.support.scenario import Scenario, amount, day

BOB = derived_id("somebody", "else")


@pytest.fixture
def book() -> Scenario:
    told = Scenario()
    told.account("joint", opening=100)
    told.account("food", "expense")
    told.account("gifts", opening=50, private=True)
    return told


@contextmanager
def as_bob(book: Scenario) -> Iterator[None]:
    """What is done inside is done by another member."""
    ada, book.actor_id = book.actor_id, BOB
    try:
        yield
    finally:
        book.actor_id = ada


def test_the_first_private_account_of_a_person_is_noted_on_the_book_once(book: Scenario) -> None:
    book.account("more gifts", private=True)
    topics = [recorded.topic for recorded in book.ledger.record]
    assert topics.count("book.privacy_begun") == 1
    found = book.ledger.state.entity(Book, book.book_id)
    assert found is not None
    assert found.private == {book.actor_id}


def test_opening_a_private_account_can_be_undone(book: Scenario) -> None:
    account_id = book.account("mistake", opening=5, private=True)
    opened = book.last()
    with as_bob(book):
        book.refuses_undo(UnknownCommand, opened)
    undone = book.undo(opened)
    assert book.named("mistake").withdrawn
    book.undo(undone)
    assert not book.named("mistake").withdrawn
    assert book.named("mistake").account_id == account_id


def test_nobody_else_posts_on_it_or_changes_it(book: Scenario) -> None:
    gifts = book.accounts["gifts"]
    with as_bob(book):
        unknown = {"date": day("2026-03-01"), "postings": book.legs(gifts=-5, food=5)}
        book.refuses(UnknownAccount, PostTransaction, transaction_id=book.fresh(), **unknown)
        book.refuses(UnknownAccount, AmendAccount, account_id=gifts, text={"name": "mine"})
        book.refuses(UnknownAccount, ArchiveAccount, account_id=gifts)
        fields = {"kind": "asset", "type": "cash", "currency": "USD", "text": {"name": "below"}}
        book.refuses(UnknownAccount, OpenAccount, account_id=book.fresh(), parent_id=gifts, **fields)
    book.post(gifts=-5, food=5)


def test_only_who_opened_an_account_turns_it(book: Scenario) -> None:
    with as_bob(book):
        book.refuses(NotYourAccount, AmendAccount, account_id=book.accounts["joint"], private=True)
    book.do(AmendAccount, account_id=book.accounts["gifts"], private=False)
    with as_bob(book):
        book.refuses(NotYourAccount, AmendAccount, account_id=book.accounts["gifts"], private=True)
        book.refuses_undo(NotYourAccount, book.last())
    book.undo(book.last())
    assert book.named("gifts").private_to == book.actor_id


def test_categories_are_never_private(book: Scenario) -> None:
    book.refuses(InvalidValue, AmendAccount, account_id=book.accounts["food"], private=True)
    fields = {"kind": "income", "type": "salary", "currency": "USD", "text": {"name": "pay"}, "private": True}
    book.refuses(InvalidValue, OpenAccount, account_id=book.fresh(), **fields)


def test_a_name_is_unique_among_what_one_person_sees(book: Scenario) -> None:
    with as_bob(book):
        book.account("bobs", text={"name": "gifts"}, private=True)
    other = book.account("other", text={"name": "gifts"})
    book.refuses(NameTaken, AmendAccount, account_id=book.accounts["gifts"], private=False)
    book.refuses(NameTaken, AmendAccount, account_id=other, private=True)
    book.do(AmendAccount, account_id=other, private=True, text={"name": "presents"})
    book.do(AmendAccount, account_id=book.accounts["gifts"], private=False)
    with as_bob(book):
        book.refuses(NameTaken, AmendAccount, account_id=book.accounts["joint"], text={"name": "Gifts"})


def test_a_transaction_on_private_accounts_alone_is_unknown_to_others(book: Scenario) -> None:
    hidden = book.post(gifts=-5, food=5)
    held = book.hold(gifts=-6, food=6, expires="2026-03-02T00:00:00+00:00")
    posted = book.begun[-2][1]
    with as_bob(book):
        for kind in (VoidTransaction, SettleTransaction):
            book.refuses(UnknownTransaction, kind, transaction_id=held)
        book.refuses(UnknownTransaction, MarkCleared, transaction_id=hidden, account_id=book.accounts["food"])
        changed = {"date": day("2026-03-01"), "postings": book.legs(joint=-5, food=5)}
        book.refuses(UnknownTransaction, AmendTransaction, transaction_id=hidden, **changed)
        book.refuses_undo(UnknownCommand, posted)


def test_the_clock_releases_a_private_hold(book: Scenario) -> None:
    held = book.hold(gifts=-6, food=6, expires="2026-03-02T00:00:00+00:00")
    later = day("2026-03-03")
    now = book.now.replace(year=later.year + 1)
    book.do(ExpireTransaction, transaction_id=held, actor_id=UUID(int=0), now=now)
    assert book.transaction(held).expired


def test_the_words_of_a_shared_transaction_may_be_changed_by_all_its_money_by_the_owner(
    book: Scenario,
) -> None:
    moved = book.post(gifts=20, joint=-20)
    begun = book.begun[-1][1]
    side = private_side(book.book_id)
    shown = [Posting(side, amount(20), "USD"), Posting(book.accounts["joint"], amount(-20), "USD")]
    with as_bob(book):
        again = {"transaction_id": moved, "date": day("2026-03-01"), "text": {"payee": "Ada"}}
        changed = book.do(AmendTransaction, postings=shown, **again)
        book.undo(changed)
        book.refuses(PrivateLeg, VoidTransaction, transaction_id=moved)
        book.refuses(PrivateLeg, AmendTransaction, postings=book.legs(food=5, joint=-5), **again)
        more = [Posting(side, amount(30), "USD"), Posting(book.accounts["joint"], amount(-30), "USD")]
        book.refuses(PrivateLeg, AmendTransaction, postings=more, **again)
        book.refuses(NotOnAccount, MarkCleared, transaction_id=moved, account_id=book.accounts["gifts"])
        book.refuses_undo(PrivateLeg, begun)
        book.do(MarkCleared, transaction_id=moved, account_id=book.accounts["joint"])
    assert [p.account_id for p in book.transaction(moved).terms.postings] == [
        book.accounts["gifts"],
        book.accounts["joint"],
    ]


def test_nothing_can_be_posted_on_the_private_side(book: Scenario) -> None:
    legs = [Posting(private_side(book.book_id), amount(1), "USD"), *book.legs(joint=-1)]
    fields = {"date": day("2026-03-01"), "postings": legs}
    book.refuses(UnknownAccount, PostTransaction, transaction_id=book.fresh(), **fields)


def test_statements_of_a_private_account_are_unknown_to_others(book: Scenario) -> None:
    spent = book.post(gifts=-5, food=5)
    statement = book.reconcile("gifts", "2026-03-31", -5, spent)
    reconciled = book.last()
    with as_bob(book):
        book.refuses(UnknownReconciliation, UnlockReconciliation, reconciliation_id=statement)
        book.refuses_undo(UnknownCommand, reconciled)
    book.undo(reconciled)


def test_numina_itself_sees_every_account(book: Scenario) -> None:
    account: Account = book.named("gifts")
    assert account.seen_by(UUID(int=0))
    assert not account.seen_by(BOB)


def test_an_undoing_by_somebody_else_is_refused_where_a_part_is_hidden(book: Scenario) -> None:
    book.do(AmendAccount, account_id=book.accounts["joint"], private=True)
    hidden = book.last()
    with as_bob(book):
        book.refuses(
            UnknownCommand, UndoCommand, undone_id=hidden.command_id, first=hidden.first, last=hidden.last
        )


def test_who_does_not_see_what_an_account_stands_below_leaves_it_there(book: Scenario) -> None:
    child, parent = book.account("child", parent_id=book.accounts["gifts"]), book.accounts["gifts"]
    with as_bob(book):
        book.do(AmendAccount, account_id=child, parent_id=None, text={"name": "renamed"})
    found = book.ledger.state.entity(Account, child)
    assert found is not None
    assert (found.parent_id, found.name) == (parent, "renamed")
    book.do(AmendAccount, account_id=child, parent_id=None)
    moved = book.last()
    with as_bob(book):
        refused = book.refuses_undo(UndoBlocked, moved)
    assert str(parent) not in refused.detail

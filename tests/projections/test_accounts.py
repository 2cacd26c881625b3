"""Accounts, categories and books as people see them, told through the real writer."""

from ledger.accounts.commands import AmendAccount, ArchiveAccount
from ledger.writer import Writer
from projections.accounts import AccountView, account, accounts
from projections.books import book, books_of
from projections.projector import Projector
from tests.support.keys import MemoryKeys
from tests.support.projected import ask
from tests.support.scenario import Scenario


def tell(url: str, keys: MemoryKeys) -> Scenario:
    writer = Writer(url, keys)
    writer.start()
    try:
        told = Scenario(writer.handle_sync).household()
        told.account("Assets")
        told.account("bank", parent_id=told.accounts["Assets"])
        told.account("savings", parent_id=told.accounts["bank"])
        told.account("Allowance", parent_id=told.accounts["bank"])
        told.do(ArchiveAccount, account_id=told.accounts["card"])
        told.do(AmendAccount, account_id=told.accounts["bank"], text={"name": "Bank", "notes": "the old one"})
    finally:
        writer.stop()
    Projector(url, keys).catch_up()
    return told


def paths(views: list[AccountView]) -> list[tuple[str, ...]]:
    return [view.path for view in views if view.account.role is None]


def test_accounts_are_read_as_a_tree_with_siblings_by_name(database: str, keys: MemoryKeys) -> None:
    told = tell(database, keys)
    assert paths(ask(database, lambda c: accounts(c, told.book_id))) == [
        ("Assets",),
        ("Assets", "Bank"),
        ("Assets", "Bank", "Allowance"),
        ("Assets", "Bank", "savings"),
        ("cash",),
        ("food",),
        ("salary",),
    ]


def test_kinds_and_states_narrow_the_tree_without_changing_paths(database: str, keys: MemoryKeys) -> None:
    told = tell(database, keys)
    categories = ask(database, lambda c: accounts(c, told.book_id, kinds=("income", "expense")))
    assert paths(categories) == [("food",), ("salary",)]
    archived = ask(database, lambda c: accounts(c, told.book_id, states=("archived",)))
    assert paths(archived) == [("card",)]


def test_one_account_has_its_path_state_and_version(database: str, keys: MemoryKeys) -> None:
    told = tell(database, keys)
    bank = ask(database, lambda c: account(c, told.book_id, told.accounts["bank"]))
    assert bank is not None
    assert bank.path == ("Assets", "Bank")
    assert (bank.account.state, bank.account.version) == ("open", 3)
    assert bank.account.text == {"name": "Bank", "notes": "the old one"}
    card = ask(database, lambda c: account(c, told.book_id, told.accounts["card"]))
    assert card is not None
    assert card.account.state == "archived"


def test_another_book_does_not_know_the_account(database: str, keys: MemoryKeys) -> None:
    told = tell(database, keys)
    assert ask(database, lambda c: account(c, told.actor_id, told.accounts["bank"])) is None
    assert ask(database, lambda c: accounts(c, told.actor_id)) == []


def test_a_book_is_known_to_its_owner_alone(database: str, keys: MemoryKeys) -> None:
    told = tell(database, keys)
    mine = ask(database, lambda c: books_of(c, told.actor_id))
    assert [(b.book_id, b.role, b.currency, b.version) for b in mine] == [(told.book_id, "owner", "USD", 1)]
    assert ask(database, lambda c: book(c, told.actor_id, told.book_id)) == mine[0]
    assert ask(database, lambda c: book(c, told.book_id, told.book_id)) is None

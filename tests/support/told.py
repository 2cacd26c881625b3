"""A household's history told through the real writer and projected: everything that verification looks at."""

import datetime as dt

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger.accounts.asserting import AssertBalance
from ledger.transactions.commands import PostTransaction
from ledger.writer import Writer
from numina.embedded import EmbeddedPostgres
from projections.projector import Projector
from tests.support.keys import MemoryKeys
from tests.support.scenario import Scenario, amount, day


def tell(url: str, keys: MemoryKeys, *names: str) -> list[Scenario]:
    """One household for each name, with floors, holds, changes, statements and an undo; all projected."""
    writer = Writer(url, keys)
    writer.start()
    try:
        books = [_household(writer, name) for name in names or ("told",)]
    finally:
        writer.stop()
    Projector(url, keys).catch_up()
    return books


def _household(writer: Writer, name: str) -> Scenario:
    book = Scenario(writer.handle_sync, name=name).household()
    book.account("savings", floor=0, opening=1000)
    book.post("2026-01-05", salary=-2500, cash=2500)
    shopping = book.post("2026-02-03", cash="-31.20", food="31.20")
    book.amend(shopping, "2026-02-04", cash="-32.20", food="32.20")
    book.hold("2026-02-10", savings=-100, food=100)
    bakery = book.do(
        PostTransaction,
        transaction_id=book.fresh(),
        date=day("2026-02-11"),
        postings=book.legs(cash=-5, food=5),
        text={"payee": "Bakery", "tags": "daily"},
    )
    book.undo(bakery)
    book.do(
        AssertBalance,
        account_id=book.accounts["savings"],
        assertion_id=book.fresh(),
        date=day("2026-01-31"),
        amount=amount(1000),
        currency="USD",
    )
    book.reconcile("card", "2026-02-28", 0)
    book.now += dt.timedelta(days=1)
    return book


def tamper(server: EmbeddedPostgres, url: str, statement: str) -> None:
    """Changes the database behind everybody's back: with every right, and no trigger in the way."""
    database = str(conninfo_to_dict(url)["dbname"])
    with psycopg.connect(make_conninfo(server.admin_url, dbname=database)) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("ALTER TABLE record.stored_events DISABLE TRIGGER ALL")
        connection.execute(statement)
        connection.execute("ALTER TABLE record.stored_events ENABLE ALWAYS TRIGGER append_only")

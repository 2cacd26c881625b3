"""The projector: one at a time, every window whole or not at all, and back at work after whatever happened."""

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from multiprocessing import get_context
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from ledger.accounts.events import AccountOpened, BalanceAsserted
from ledger.books.events import BookOpened
from ledger.command import Draft
from ledger.postings import Posting
from ledger.transactions.events import Terms, TransactionPosted
from numina.embedded import EmbeddedPostgres
from projections.all import ALL
from projections.balances import Balances
from projections.projection import Cursor, Window
from projections.projector import Applied, Projector
from projections.verify import verify
from tests.support.history import History, Step, identity
from tests.support.keys import MemoryKeys
from tests.support.walk import Walk


def position(url: str) -> int:
    """Where the read models are; -1 before there are any."""
    with psycopg.connect(url) as connection:
        try:
            row = connection.execute("SELECT position FROM views.tracking").fetchone()
        except psycopg.errors.UndefinedTable:
            return -1
    assert row is not None
    return int(row[0])


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)


def wait_until_projected(url: str, reached: int) -> None:
    wait_for(lambda: position(url) == reached)


@contextmanager
def running(projector: Projector) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=projector.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def sound(url: str, keys: MemoryKeys) -> bool:
    return not [m for m in verify(url, keys).mismatches if m.rule.startswith("views")]


def test_facts_are_projected_as_they_come(database: str, keys: MemoryKeys) -> None:
    walk, history = Walk(1), History(database, keys)
    with running(Projector(database, keys)):
        for _ in range(10):
            reached = history.append(walk.steps(5))
            wait_until_projected(database, reached)
    assert sound(database, keys)


def test_each_window_is_announced_with_its_position(database: str, keys: MemoryKeys) -> None:
    Projector(database, keys).catch_up()
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("LISTEN projected")
        reached = History(database, keys).append(Walk(1).steps(20))
        Projector(database, keys, most_facts=10).catch_up()
        heard = [int(n.payload) for n in connection.notifies(timeout=1)]
    assert heard == [*range(10, reached, 10), reached]


def test_windows_are_bounded_by_count(database: str, keys: MemoryKeys) -> None:
    seen: list[Applied] = []
    Projector(database, keys).catch_up()
    reached = History(database, keys).append(Walk(1).steps(60))
    Projector(database, keys, most_facts=25, observe=seen.append).catch_up()
    assert sum(applied.facts for applied in seen) == reached
    assert max(applied.facts for applied in seen) == 25


def test_a_second_projector_stands_by_and_takes_over(database: str, keys: MemoryKeys) -> None:
    walk, history = Walk(2), History(database, keys)
    first: list[Applied] = []
    second: list[Applied] = []
    with running(Projector(database, keys, observe=second.append)):
        wait_until_projected(database, 0)
        with running(Projector(database, keys, observe=first.append)):
            reached = history.append(walk.steps(20))
            wait_until_projected(database, reached)
            assert bool(first) != bool(second)
        reached = history.append(walk.steps(20))
        wait_until_projected(database, reached)
    with running(Projector(database, keys, observe=first.append)):
        reached = history.append(walk.steps(20))
        wait_until_projected(database, reached)
    assert first
    assert second
    assert sound(database, keys)


def test_it_survives_the_loss_of_its_connections(
    server: EmbeddedPostgres, database: str, keys: MemoryKeys
) -> None:
    walk, history = Walk(3), History(database, keys)
    with running(Projector(database, keys)):
        for _ in range(4):
            reached = history.append(walk.steps(20))
            wait_until_projected(database, reached)
            _disconnect(server, database)
    assert sound(database, keys)


def test_a_window_that_fails_leaves_nothing_behind(database: str, keys: MemoryKeys) -> None:
    class Failing(Balances):
        def apply(self, window: Window, cursor: Cursor) -> None:
            super().apply(window, cursor)
            raise RuntimeError("in the middle of a window")

    Projector(database, keys).catch_up()
    reached = History(database, keys).append(Walk(4).steps(20))
    broken = [Failing() if p.name == "balances" else p for p in ALL]
    with pytest.raises(RuntimeError):
        Projector(database, keys, projections=broken).catch_up()
    assert position(database) == 0
    assert Projector(database, keys).catch_up() == reached
    assert sound(database, keys)


def test_killed_at_any_moment_it_leaves_whole_windows(database: str, keys: MemoryKeys) -> None:
    Projector(database, keys).catch_up()
    reached = History(database, keys).append(Walk(5).steps(400))
    moments = 0
    while position(database) < reached and moments < 5:
        _kill_after_progress(database, position(database))
        assert sound(database, keys)
        moments += 1
    assert Projector(database, keys).catch_up() == reached
    assert sound(database, keys)


def test_a_projection_of_another_version_is_rebuilt_at_the_start(database: str, keys: MemoryKeys) -> None:
    class Changed(Balances):
        version = Balances.version + 1
        schema: Any = Balances.schema.replace(
            "posted     numeric", "changed boolean DEFAULT true, posted numeric"
        )

    Projector(database, keys).catch_up()
    reached = History(database, keys).append(Walk(6).steps(30))
    Projector(database, keys).catch_up()
    changed = [Changed() if p.name == "balances" else p for p in ALL]
    assert Projector(database, keys, projections=changed).catch_up() == reached
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT count(*) FILTER (WHERE changed), count(*) FROM views.balances")
        found, every = rows.fetchone() or (0, 0)
        assert found == every > 0
        versions = dict(connection.execute("SELECT name, version FROM views.versions").fetchall())
    assert versions["balances"] == Changed.version


def test_a_table_passes_from_one_projection_to_another(database: str, keys: MemoryKeys) -> None:
    """As when one projection becomes two; the new one may come first in the list."""
    Projector(database, keys).catch_up()
    History(database, keys).append(Walk(5).steps(60))
    Projector(database, keys).catch_up()
    with psycopg.connect(database) as connection:
        connection.execute("DELETE FROM views.versions WHERE name = 'transactions'")
        both = "UPDATE views.versions SET tables = '{transactions,postings}' WHERE name = 'register'"
        connection.execute(both)
    for projections in (ALL, ALL[::-1]):
        Projector(database, keys, projections=projections).catch_up()
        assert sound(database, keys)
        with psycopg.connect(database) as connection:
            made = dict(connection.execute("SELECT name, tables FROM views.versions").fetchall())
            assert (made["register"], made["transactions"]) == (["postings"], ["transactions"])
            connection.execute("DELETE FROM views.versions WHERE name = 'register'")
            connection.execute(both.replace("'register'", "'transactions'"))


def test_the_tables_of_a_projection_that_is_no_more_are_dropped(database: str, keys: MemoryKeys) -> None:
    Projector(database, keys).catch_up()
    Projector(database, keys, projections=[p for p in ALL if p.name != "statements"]).catch_up()
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT to_regclass('views.assertions')").fetchone()
    assert row == (None,)


def test_whoever_serves_requests_may_read_every_table_and_change_none(
    database: str, keys: MemoryKeys
) -> None:
    Projector(database, keys).catch_up()
    with psycopg.connect(database, autocommit=True, options="-c role=numina_service") as connection:
        for projection in ALL:
            for table in (*projection.tables, "tracking"):
                connection.execute(f"SELECT count(*) FROM views.{table}")  # type: ignore[arg-type]  # our names
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(f"DELETE FROM views.{table}")


def test_a_character_that_postgresql_cannot_store_holds_nothing_up(database: str, keys: MemoryKeys) -> None:
    account_id, other_id, book_id = identity("account"), identity("other"), identity("book")
    text = dict.fromkeys(("name", "notes", "payee", "tags", "metadata", "memo.0"), "a\x00b")
    legs = (Posting(account_id, Decimal(1), "USD"), Posting(other_id, Decimal(-1), "USD"))
    terms = Terms(date=dt.date(2026, 1, 1), postings=legs)
    asserted = BalanceAsserted(
        assertion_id=identity("a"), date=terms.date, amount=Decimal(1), currency="USD", text=text
    )
    drafts = [
        Draft(book_id, BookOpened(owner_id=identity("owner"), currency="USD", time_zone="UTC", text=text)),
        Draft(account_id, AccountOpened(kind="asset", type="cash", currency="USD", text=text)),
        Draft(account_id, asserted),
        Draft(identity("transaction"), TransactionPosted(terms=terms, text=text)),
    ]
    Projector(database, keys).catch_up()
    reached = History(database, keys).append([Step(book_id, drafts)])
    assert Projector(database, keys).catch_up() == reached
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT text->>'name' FROM views.accounts").fetchone()
    assert row == ("ab",)


def _kill_after_progress(url: str, before: int) -> None:
    child = get_context("spawn").Process(target=_project, args=(url,))
    child.start()
    wait_for(lambda: position(url) > before or not child.is_alive())
    child.kill()
    child.join()


def _project(url: str) -> None:
    Projector(url, MemoryKeys(), most_facts=40).catch_up()


def _disconnect(server: EmbeddedPostgres, url: str) -> None:
    name = conninfo_to_dict(url)["dbname"]
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
        )

"""A database on somebody else's server: what cannot work is told at once, and what can works the same."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from gateways.vault import Vault
from ledger.session import session_url
from migrations import fitness
from migrations.fitness import MigrationRefused
from migrations.runner import migrate
from numina.backup import backup
from numina.embedded import EmbeddedPostgres
from numina.restoring import restore
from projections.rebuild import rebuild
from projections.verify import verify
from tests.numina.test_backup import QUIET, facts, of, populate
from tests.numina.test_cli import numina
from tests.support.given_server import GivenServer
from tests.support.service import MASTER_KEY, post, register, running

Server = EmbeddedPostgres | GivenServer
_numbers = count(1)

# ICU, which may be what the server prefers, does not know every encoding.
IN = "ENCODING '{}' LOCALE_PROVIDER libc LOCALE 'C'"
UTF8 = IN.format("UTF8")

SETTINGS = {
    "TimeZone": "Asia/Kathmandu",
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "client_encoding": "LATIN1",
    "standard_conforming_strings": "off",
    "bytea_output": "escape",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "statement_timeout": "1ms",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "1ms",
    "idle_session_timeout": "1ms",
    "search_path": "pg_temp",
    "transform_null_equals": "on",
    "synchronous_commit": "off",
    "default_text_search_config": "german",
    "jit_above_cost": "0",
}


@contextmanager
def guest(server: Server, *rights: str, made: str = UTF8, admitted: bool = False) -> Iterator[str]:
    """The URL of a new role with `rights` on an empty database of its own, `made` so. `admitted` lets it use the
    roles of Numina, which the server must have."""
    name = f"guest{next(_numbers)}"
    role = sql.Identifier(name)
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        remove(admin, role)
        try:
            admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role) + sql.SQL(" " + " ".join(rights)))  # type: ignore[arg-type]  # a test's own
            create = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ").format(role, role)
            admin.execute(create + sql.SQL(made))  # type: ignore[arg-type]  # a test's own
            if admitted:
                admit = sql.SQL("GRANT numina_service, numina_projector TO {} WITH ADMIN OPTION")
                admin.execute(admit.format(role))
            yield server.url_of(name, name)
        finally:
            remove(admin, role)


def remove(admin: psycopg.Connection[Any], role: sql.Identifier) -> None:
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(role))
    admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_hold_every_text_is_refused(server: Server, encoding: str) -> None:
    with guest(server, "CREATEROLE", made=IN.format(encoding)) as url:
        with pytest.raises(MigrationRefused, match=f"encoded in {encoding}.*ENCODING 'UTF8'"):
            migrate(url)
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT to_regclass('public.numina_migrations')").fetchone() == (None,)


def test_a_user_who_may_not_make_roles_is_told_what_to_ask_for(server: Server, template: str) -> None:
    with guest(server) as url:
        told = numina("migrate", DATABASE_URL=url)
        assert told.returncode == 1
        assert told.stderr.count("\n") == 1
        assert "may not set the database up" in told.stderr
        assert "WITH ADMIN OPTION" in told.stderr


def test_roles_that_a_superuser_has_made_will_do(server: Server, template: str) -> None:
    with guest(server, admitted=True) as url:
        assert migrate(url)
        with running(url) as client:
            register(client)
        assert verify(url, Vault(url, MASTER_KEY)).mismatches == ()


def test_a_user_who_does_not_own_the_database_is_refused(server: Server) -> None:
    with guest(server) as url, guest(server, "CREATEROLE") as other:
        visiting = make_conninfo(other, dbname=psycopg.conninfo.conninfo_to_dict(url)["dbname"])
        with pytest.raises(MigrationRefused, match="does not own the database"):
            migrate(visiting)


def test_an_old_server_is_refused(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitness, "OLDEST", 99)
    with pytest.raises(MigrationRefused, match="Numina needs 99 or later"):
        migrate(database)


def test_a_restore_is_refused_where_a_migration_is(server: Server, template: str, tmp_path: Path) -> None:
    for made, told in ((UTF8, "may not set the database up"), (IN.format("LATIN1"), "encoded in LATIN1")):
        with guest(server, made=made) as url, pytest.raises(MigrationRefused, match=told):
            restore(of(url, tmp_path), tmp_path / "backup", None, QUIET)


def change_habits(url: str) -> None:
    """Sets SETTINGS for the database, so that every new session has them."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name, value in SETTINGS.items():
            change = sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                sql.Identifier(connection.info.dbname), sql.Identifier(name), sql.Literal(value)
            )
            connection.execute(change)


def test_a_backup_moves_between_servers_of_other_habits(
    server: Server, database: str, template: str, tmp_path: Path
) -> None:
    populate(database)
    known = facts(database)
    change_habits(database)
    backup(of(database, tmp_path), tmp_path / "backup", QUIET, with_master_key=False)
    with guest(server, admitted=True) as url:
        change_habits(url)
        restore(of(url, tmp_path), tmp_path / "backup", None, QUIET)
        assert facts(session_url(url)) == known
        rebuild(url, Vault(url, MASTER_KEY, role="numina_projector"))
        assert verify(url, Vault(url, MASTER_KEY)).mismatches == ()


def test_settings_of_other_habits_change_nothing(
    fresh_database: Callable[[], AbstractContextManager[str]],
) -> None:
    with fresh_database() as url:
        change_habits(url)
        assert migrate(session_url(url)) == []
        with running(url) as client:
            me = register(client, name="Łukasz 李", time_zone="America/New_York")
            cash, food = me.account("Касса"), me.account("Essen \\ ' ☕", kind="expense")
            made = post(me, food, cash, "12.34", "2026-02-01", payee="Žižkov \\'", notes="ß" * 300)
            path = f"/transactions/{made['id']}"
            shown = me.get(path).json()
            assert shown["payee"] == "Žižkov \\'"
            assert shown["date"] == "2026-02-01"
            recorded_at = me.get(f"{path}/history").json()["items"][-1]["recorded_at"]
            assert recorded_at.endswith("Z")
            assert [item["id"] for item in me.get("/transactions?q=zizkov").json()["items"]] == [made["id"]]
            month = me.get("/reports/monthly?month=2026-02")
            assert month.status_code == 200, month.text
            rebuild(url, Vault(url, MASTER_KEY, role="numina_projector"))
            assert me.delete(path).status_code == 200
            known = {"known_at": recorded_at}
            assert me.get(f"/accounts/{cash}/balance", params=known).json()["posted"]["amount"] == "-12.34"
            assert me.get(f"/accounts/{cash}/balance").json()["posted"]["amount"] == "0.00"
        outcome = verify(url, Vault(url, MASTER_KEY))
        assert (outcome.mismatches, outcome.position) == ((), outcome.head)

"""A backup restores everything, proves itself, and never mixes with what is there."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from rich.console import Console

from gateways.vault import Vault
from ledger.ids import new_id
from numina.backup import BackupFailed, backup
from numina.embedded import EmbeddedPostgres
from numina.master_key import FILE, master_key
from numina.restoring import RestoreFailed, restore
from numina.settings import Settings
from tests.support.service import PASSWORD, register, running, settings

_numbers = count(1)
QUIET = Console(quiet=True)
Fresh = Callable[[], str]


@pytest.fixture
def fresh(server: EmbeddedPostgres) -> Iterator[Fresh]:
    """Makes empty databases."""
    made: list[str] = []

    def make() -> str:
        name = f"restored{next(_numbers)}"
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        made.append(name)
        return server.url_of("numina", name)

    yield make
    with psycopg.connect(server.url, autocommit=True) as connection:
        for name in made:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def of(url: str, home: Path) -> Settings:
    return settings(url).model_copy(update={"home": home})


def facts(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT * FROM record.stored_events ORDER BY notification_id").fetchall()


def populate(url: str, email: str = "a@example.com") -> None:
    with running(url) as client:
        person = register(client, email=email)
        bank = person.account("Bank", opening_balance="100.00")
        food = person.post("/categories", {"name": "Food", "kind": "expense"}).json()["id"]
        spent = {
            "type": "expense",
            "date": "2026-01-31",
            "amount": "12.34",
            "currency": "USD",
            "payee": "Shop",
        }
        assert (
            person.post("/transactions", spent | {"account_id": bank, "category_id": food}).status_code == 201
        )


def test_what_is_restored_is_what_was_backed_up(database: str, fresh: Fresh, tmp_path: Path) -> None:
    populate(database)
    file = tmp_path / "my backup"
    backup(of(database, tmp_path), file, QUIET, with_master_key=False)
    target = fresh()
    restore(of(target, tmp_path), file, None, QUIET)
    assert facts(target) == facts(database)
    with running(target) as client:
        body = {"email": "a@example.com", "password": PASSWORD}
        assert client.post("/v1/auth/login", json=body).status_code == 200
        assert register(client, email="b@example.com").account("Bank")


def test_a_backup_is_only_for_its_owner_and_never_overwrites(database: str, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    backup(of(database, tmp_path), file, QUIET, with_master_key=True)
    assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "backup.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(BackupFailed, match="exists already"):
        backup(of(database, tmp_path), file, QUIET, with_master_key=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "backup.key"]


def test_the_restored_record_is_still_append_only(database: str, fresh: Fresh, tmp_path: Path) -> None:
    populate(database)
    backup(of(database, tmp_path), tmp_path / "b", QUIET, with_master_key=False)
    target = fresh()
    restore(of(target, tmp_path), tmp_path / "b", None, QUIET)
    with psycopg.connect(target) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM record.stored_events")


def test_a_database_with_something_in_it_is_left_alone(database: str, tmp_path: Path) -> None:
    populate(database)
    backup(of(database, tmp_path), tmp_path / "b", QUIET, with_master_key=False)
    before = facts(database)
    with pytest.raises(RestoreFailed, match="not empty"):
        restore(of(database, tmp_path), tmp_path / "b", None, QUIET)
    assert facts(database) == before


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_damaged_backup_leaves_nothing(database: str, fresh: Fresh, tmp_path: Path, share: float) -> None:
    populate(database)
    file = tmp_path / "b"
    backup(of(database, tmp_path), file, QUIET, with_master_key=False)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    target = fresh()
    with pytest.raises(RestoreFailed, match="not restored"):
        restore(of(target, tmp_path), file, None, QUIET)
    file.write_bytes(whole)
    restore(of(target, tmp_path), file, None, QUIET)
    assert facts(target) == facts(database)


def test_the_master_key_travels_apart(database: str, fresh: Fresh, tmp_path: Path) -> None:
    home = tmp_path / "old home"
    old = Settings(database_url=database, home=home)
    key = master_key(old)
    vault = Vault(database, key)
    vault.of(new_id())
    vault.close()
    backup(old, tmp_path / "b", QUIET, with_master_key=True)

    foreign = Settings(database_url=fresh(), home=tmp_path / "foreign")
    with pytest.raises(RestoreFailed, match="another master key"):
        restore(foreign, tmp_path / "b", None, QUIET)

    new = Settings(database_url=fresh(), home=tmp_path / "new home")
    restore(new, tmp_path / "b", tmp_path / "b.key", QUIET)
    assert master_key(new) == key
    assert (new.home / FILE).stat().st_mode & 0o777 == 0o600


def test_a_home_with_another_key_is_not_overwritten(fresh: Fresh, tmp_path: Path) -> None:
    chosen = Settings(database_url=fresh(), home=tmp_path)
    own = master_key(chosen)
    other = tmp_path / "other.key"
    other.write_text("A" * 43 + "=\n")
    with pytest.raises(RestoreFailed, match="another master key is in use"):
        restore(chosen, tmp_path / "b", other, QUIET)
    assert master_key(chosen) == own

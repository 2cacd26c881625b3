"""A PostgreSQL of one's own, chosen by DATABASE_URL: the oldest supported version, over TCP, with a password."""

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from rich.console import Console

from gateways.vault import Vault
from numina.backup import backup
from numina.pginstall import Account, server_account
from numina.restoring import restore
from projections.rebuild import rebuild
from projections.verify import verify
from tests.numina.conftest import eventually
from tests.numina.test_backup import facts, of, populate
from tests.support.service import MASTER_KEY, running

INSTALL = Path("/usr/lib/postgresql/15/bin")
PASSWORD = "p@ss: word/1"
QUIET = Console(quiet=True)

pytestmark = pytest.mark.skipif(not (INSTALL / "postgres").exists(), reason="PostgreSQL 15 is not installed")


def run(account: Account, *command: str) -> None:
    subprocess.run(command, cwd="/", check=True, capture_output=True, **account.as_popen())  # type: ignore[call-overload]  # by dict


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    """An empty database of PostgreSQL 15, whose owner is no superuser."""
    data = folder / "data"
    account = server_account(data)
    folder.chmod(0o777)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    run(account, str(INSTALL / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync")
    command = [
        str(INSTALL / "postgres"),
        "-D",
        str(data),
        "-p",
        str(port),
        "-k",
        str(folder),
        "-c",
        "fsync=off",
    ]
    server = subprocess.Popen(command, cwd="/", stderr=subprocess.DEVNULL, **account.as_popen())  # type: ignore[call-overload]  # by dict
    try:
        admin = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        assert eventually(lambda: can_connect(admin))
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("SET password_encryption = 'scram-sha-256'")
            connection.execute(f"CREATE ROLE me LOGIN CREATEROLE CREATEDB PASSWORD '{PASSWORD}'")
            for name in ("mine", "restored"):
                connection.execute(f"CREATE DATABASE {name} OWNER me TEMPLATE template0")
            (data / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
            connection.execute("SELECT pg_reload_conf()")
        yield f"postgresql://me:p%40ss%3A%20word%2F1@127.0.0.1:{port}/mine"
    finally:
        server.terminate()
        server.wait(30)


def can_connect(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def test_numina_serves_from_postgresql_15_and_moves_its_backup(url: str, tmp_path: Path) -> None:
    from migrations.runner import migrate

    assert migrate(url)
    populate(url)
    backup(of(url, tmp_path), tmp_path / "backup", QUIET, with_master_key=False)
    target = re.sub("mine$", "restored", url)
    restore(of(target, tmp_path), tmp_path / "backup", None, QUIET)
    assert facts(target) == facts(url)
    with running(target) as client:
        assert client.get("/health/ready").status_code == 200


def test_a_household_moves_from_the_embedded_server_to_its_own(
    database: str, url: str, tmp_path: Path
) -> None:
    populate(database)
    backup(of(database, tmp_path), tmp_path / "backup", QUIET, with_master_key=False)
    restore(of(url, tmp_path), tmp_path / "backup", None, QUIET)
    assert facts(url) == facts(database)
    rebuild(url, Vault(url, MASTER_KEY, role="numina_projector"))
    assert verify(url, Vault(url, MASTER_KEY)).mismatches == ()
    with running(url) as client:
        assert client.get("/health/ready").status_code == 200


def test_a_password_never_stands_on_a_command_line(tmp_path: Path) -> None:
    from numina.pgclients import target

    argument, environment = target(of("postgresql://me:secret@db/mine", tmp_path))
    assert "secret" not in argument
    assert environment["PGPASSWORD"] == "secret"
    assert "PGPASSWORD" not in os.environ

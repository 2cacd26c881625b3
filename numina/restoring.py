"""Restoring a backup: into an empty database, whole or not at all, with the master key that fits it."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql
from rich.console import Console

from gateways.vault import Vault, WrongMasterKey
from ledger.session import session_url
from migrations.fitness import forbidden, require_fit
from migrations.runner import migrate
from numina.cluster import make_home
from numina.database import database
from numina.master_key import FILE, decode, master_key, write_new
from numina.pgclients import program, target
from numina.settings import Settings
from numina.trouble import Trouble

ROLES = ("numina_service", "numina_projector")
"""The roles of migrations/0002_roles.sql: a dump grants to them but does not make them."""

TOO_NEW = b"SET transaction_timeout = 0;\n"
"""What pg_restore 18 writes near the top, and PostgreSQL 15 and 16 do not understand."""

_HAND_OVER = b"""
DO $$
DECLARE
    made record;
BEGIN
    FOR made IN SELECT oid::regnamespace AS name FROM pg_namespace WHERE nspname IN ('views', 'verification') LOOP
        EXECUTE format('ALTER SCHEMA %s OWNER TO numina_projector', made.name);
    END LOOP;
    FOR made IN
        SELECT oid::regclass AS name FROM pg_class
        WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('views', 'verification')
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO numina_projector', made.name);
    END LOOP;
END
$$;
"""
"""Everything is restored as the database's user's own, whoever owned it where the backup was made; what the projector
makes anew must be the projector's."""

_OCCUPANTS = """
    SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
"""
_ANY_KEY = "SELECT subject_id FROM vault.data_keys WHERE wrapped IS NOT NULL LIMIT 1"


class RestoreFailed(Trouble):
    """The backup was not restored; the database is as empty as before unless the message says otherwise."""


def restore(settings: Settings, file: Path, key_file: Path | None, console: Console) -> None:
    """Restores `file`, brings its schema up to date, and makes sure that the master key opens its vault.

    `key_file` holds the master key in base64, as `numina backup --with-master-key` wrote it; it goes into the
    home. Raises RestoreFailed when the database is not empty, the home has another key, or the backup is
    damaged, and MigrationRefused for a database that Numina cannot live in or may not set up.
    """
    make_home(settings.home)
    if key_file is not None:
        _take_key(settings, key_file)
    with database(settings) as ready:
        with psycopg.connect(session_url(ready.url), autocommit=True) as connection:
            require_fit(connection)
            if (connection.execute(_OCCUPANTS).fetchone() or (0,))[0]:
                raise RestoreFailed(
                    "the database is not empty: restore into a new home (NUMINA_HOME) or a new database"
                )
            try:
                _make_roles(connection)
            except psycopg.errors.InsufficientPrivilege as error:
                raise forbidden(connection.info.user, error) from error
        with console.status(f"Restoring {file} ..."):
            _load(ready, file)
            migrate(session_url(ready.url))
        _try_key(ready)
    console.print(f"Restored {file}.", soft_wrap=True)


def _take_key(settings: Settings, key_file: Path) -> None:
    key = decode(key_file.read_text(), str(key_file))
    own = settings.home / FILE
    write_new(own, key)
    if master_key(settings) != key:
        raise RestoreFailed(
            f"another master key is in use here ({own} or NUMINA_MASTER_KEY): remove it first"
        )


def _make_roles(connection: psycopg.Connection[tuple[int]]) -> None:
    for role in ROLES:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))
    name = sql.Identifier(connection.info.dbname)
    connection.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO numina_projector").format(name))


def _load(settings: Settings, file: Path) -> None:
    """Runs the backup's SQL in one transaction, so that a damaged file leaves nothing behind."""
    database, environment = target(settings)
    reading = [str(program("pg_restore", settings)), "--no-owner", "--file=-", str(file)]
    writing = [
        str(program("psql", settings)),
        "--no-psqlrc",
        "--quiet",
        "--no-password",
        "--output=/dev/null",
    ]
    writing += ["--set=ON_ERROR_STOP=1", "--single-transaction", f"--dbname={database}"]
    with tempfile.TemporaryFile() as complaints:
        source = subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=complaints, env=environment)  # noqa: S603
        sink = subprocess.Popen(writing, stdin=subprocess.PIPE, stderr=complaints, env=environment)  # noqa: S603
        complete = _pour(source, sink)
        complaints.seek(0)
        if not complete:
            raise RestoreFailed(
                f"{file} was not restored: {complaints.read().decode(errors='replace').strip()}"
            )


def _pour(source: "subprocess.Popen[bytes]", sink: "subprocess.Popen[bytes]") -> bool:
    """Passes the SQL on; True when both programs were content. The sink must not commit half a source."""
    assert source.stdout is not None  # noqa: S101 - both were made with pipes
    assert sink.stdin is not None  # noqa: S101
    try:
        for line in source.stdout:
            if line == TOO_NEW:
                break
            sink.stdin.write(line)
        shutil.copyfileobj(source.stdout, sink.stdin, 1024 * 1024)
        damaged = b"\n\\.\nSELECT 'the backup is damaged'::integer;\n"
        sink.stdin.write(_HAND_OVER if source.wait() == 0 else damaged)
        sink.stdin.close()
    except BrokenPipeError:
        source.kill()
    return sink.wait() == 0 and source.wait() == 0


def _try_key(settings: Settings) -> None:
    with psycopg.connect(session_url(settings.url)) as connection:
        row = connection.execute(_ANY_KEY).fetchone()
    if row is None:
        return
    vault = Vault(settings.url, master_key(settings))
    try:
        vault.of(row[0])
    except WrongMasterKey:
        raise RestoreFailed(
            "the data is restored, but its keys were wrapped by another master key: bring that one with "
            f"NUMINA_MASTER_KEY or as {settings.home / FILE}"
        ) from None
    finally:
        vault.close()

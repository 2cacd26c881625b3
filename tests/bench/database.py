"""A throw-away embedded PostgreSQL with durable commits, which every figure of a run is measured on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from numina import pgconf
from numina.embedded import EmbeddedPostgres

DURABLE = ("fsync", "synchronous_commit", "full_page_writes", "wal_sync_method")
SIZED = ("shared_buffers", "max_wal_size", "wal_buffers", "max_connections")


@dataclass(frozen=True)
class Server:
    """A running server, with the settings that every embedded one has."""

    postgres: EmbeddedPostgres
    home: Path

    @property
    def superuser_url(self) -> str:
        return self.postgres.url_of(pgconf.SUPERUSER, "postgres")

    def create(self, database: str) -> str:
        """An empty database of that name, dropping one that stands in its place; its owner's URL."""
        name, owner = sql.Identifier(database), sql.Identifier(pgconf.ROLE)
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(name, owner))
        return self.postgres.url_of(pgconf.ROLE, database)

    def checkpoint(self) -> None:
        """Writes out what earlier measures left dirty, so that the next one does not pay for it."""
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")

    def settings(self) -> dict[str, str]:
        """What the server itself says about its version, durability and memory."""
        with psycopg.connect(self.superuser_url) as connection:
            return {
                name: str(value)
                for name in ("server_version", *DURABLE, *SIZED)
                for (value,) in connection.execute(sql.SQL("SHOW {}").format(sql.Identifier(name)))
            }


@contextmanager
def throwaway() -> Iterator[Server]:
    """A server in a new folder, gone with it afterwards.

    Fails rather than measure a server that would acknowledge a commit before it is on the disk.
    """
    home = Path(tempfile.mkdtemp(prefix="numina-bench-"))
    with EmbeddedPostgres(home, remove_home=True) as postgres:
        server = Server(postgres, home)
        shown = server.settings()
        if any(shown[name] != "on" for name in ("fsync", "synchronous_commit", "full_page_writes")):
            raise RuntimeError(f"commits would not be durable: {shown}")
        yield server


def postmaster(url: str) -> int:
    """The process id of the server, the parent of the backend that answers here."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        return psutil.Process(int(row[0])).ppid()

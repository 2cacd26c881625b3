"""Applies the numbered SQL files that a database has not seen yet, each in a transaction of its own."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import psycopg

from migrations.fitness import MigrationRefused, forbidden, require_fit

# Two starting processes must not migrate at once; any number known only to Numina will do.
_LOCK = 0x4E554D494E41


class MigrationChanged(MigrationRefused):
    """A migration that was applied reads differently now; applied files are never edited."""


def files() -> list[Path]:
    """The migrations in order."""
    return sorted(Path(__file__).parent.glob("[0-9][0-9][0-9][0-9]_*.sql"))


def migrate(url: str) -> list[str]:
    """Brings the database at `url` up to date; returns the names applied now, none if it was.

    Raises MigrationChanged, and MigrationRefused for a database that Numina cannot live in or may not set up.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        require_fit(connection)
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        try:
            return _apply(connection)
        except psycopg.errors.InsufficientPrivilege as error:
            raise forbidden(connection.info.user, error) from error


def _apply(connection: psycopg.Connection[tuple[str, str]]) -> list[str]:
    """Applies what is missing; the names."""
    applied = []
    connection.execute(
        "CREATE TABLE IF NOT EXISTS public.numina_migrations "
        "(name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    rows = connection.execute("SELECT name, digest FROM public.numina_migrations").fetchall()
    done: dict[str, str] = dict(rows)
    for file in files():
        sql = file.read_bytes()
        digest = sha256(sql).hexdigest()
        if file.name in done:
            if done[file.name] != digest:
                raise MigrationChanged(f"{file.name} was edited after it was applied to this database")
            continue
        with connection.transaction():
            connection.execute(sql)
            connection.execute(
                "INSERT INTO public.numina_migrations (name, digest) VALUES (%s, %s)", (file.name, digest)
            )
        applied.append(file.name)
    return applied

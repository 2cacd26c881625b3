"""Whether Numina can live in a database of somebody's own: asked before anything is made there."""

from __future__ import annotations

from typing import Any

import psycopg

OLDEST = 15
"""The first release of PostgreSQL that will do."""

_ABOUT = """
    SELECT has_database_privilege(oid, 'CREATE WITH GRANT OPTION'), pg_is_in_recovery()
    FROM pg_database WHERE datname = current_database()
"""


class MigrationRefused(Exception):
    """The database is not brought up to date; the message says why, and what to do about it."""


def require_fit(connection: psycopg.Connection[Any]) -> None:
    """Raises MigrationRefused for a server that is too old or takes no writes, a database that cannot hold every
    text, and a user who may not hand rights on it to the roles of Numina."""
    name, user = connection.info.dbname, connection.info.user
    if (version := connection.info.server_version // 10_000) < OLDEST:
        raise MigrationRefused(f"the server is PostgreSQL {version}; Numina needs {OLDEST} or later")
    own, copying = connection.execute(_ABOUT).fetchone() or (False, False)
    if copying:
        raise MigrationRefused("the server is a standby, which takes no writes; name its primary")
    if (encoding := connection.info.parameter_status("server_encoding")) != "UTF8":
        raise MigrationRefused(
            f'the database "{name}" is encoded in {encoding}, which cannot hold every text: make one with '
            "CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"
        )
    if not own:
        raise MigrationRefused(
            f'the user "{user}" does not own the database "{name}": ALTER DATABASE "{name}" OWNER TO "{user}"'
        )


def forbidden(user: str, error: psycopg.errors.InsufficientPrivilege) -> MigrationRefused:
    """What to do when PostgreSQL lets the owner of a database not do what a migration does."""
    return MigrationRefused(
        f'the user "{user}" may not set the database up ({error.diag.message_primary}). As a superuser, make '
        "the roles of Numina unless the server has them (CREATE ROLE numina_service NOLOGIN; CREATE ROLE "
        "numina_projector NOLOGIN) and let it use them: "
        f'GRANT numina_service, numina_projector TO "{user}" WITH ADMIN OPTION'
    )

"""The schemas that projections stand in: connecting to one, creating it, asking how far it has come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg.sql import SQL as Text
from psycopg.sql import Identifier

from ledger import arrays
from ledger.session import session_url
from projections import sql
from projections.forgetting import forget
from projections.projection import Cursor, Projection, Window

SQL = sql.load(__file__)

Connection = psycopg.Connection[Any]

LIVE = "views"

# Advisory locks are pairs of integers; the first is the projector's own space ("NUMI" in ASCII).
SPACE = 0x4E554D49
LEADING = 1
"""Held by the one process that projects."""
WINDOW = 2
"""Held while a window is applied, and while rebuilt tables take the place of the live ones."""
REBUILDING = 3
"""Held by the one rebuild."""
AUDITING = 4
"""Held by the one auditor."""

# Projections write by key. A plan that was cached while a table was still empty would go on scanning the
# whole of it when it has grown to millions of rows, so scans are priced out from the start. Losing the last
# windows in a crash of the server costs nothing: tables and position go together, and the facts are safe.
_SETTINGS = {
    "synchronous_commit": "off",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    # A rebuild builds indexes on several connections at once as it is; on a starved machine one more worker for each
    # may never get to start, and the session that waits for it spins.
    "max_parallel_maintenance_workers": "0",
}


class Made(NamedTuple):
    """The code that a projection's live tables were made by."""

    version: int
    tables: Sequence[str]


def connect(url: str, schema: str, *, writing: bool = True, **settings: str) -> Connection:
    """A connection of the projector's role that finds tables in `schema`; autocommit.

    `writing` prepares for applying windows; without it the planner is left alone, as reading wants.
    """
    chosen = {**(_SETTINGS if writing else {}), "search_path": schema, **settings}
    connection = psycopg.connect(
        session_url(url, "numina_projector", **chosen), autocommit=True, application_name=f"numina {schema}"
    )
    arrays.register(connection)
    return connection


def create(connection: Connection, schema: str, projections: Iterable[Projection], *, indexes: bool) -> None:
    """Makes an empty schema at position 0 with the tables of `projections`.

    `indexes=False` leaves out what only reading needs, to be made when the tables are full.
    """
    with connection.transaction():
        connection.execute(SQL["share"])
        connection.execute(Text("CREATE SCHEMA {}").format(Identifier(schema)))
        connection.execute(Text("GRANT USAGE ON SCHEMA {} TO numina_service").format(Identifier(schema)))
        connection.execute(SQL["bookkeeping"])
        for projection in projections:
            fill(connection, projection)
            if indexes and projection.indexes:
                connection.execute(projection.indexes)


def fill(connection: Connection, projection: Projection) -> None:
    """Makes a projection's empty tables in the schema that the connection is set to."""
    connection.execute(projection.schema)
    remember(connection, projection)


def index_statements(projection: Projection) -> list[LiteralString]:
    """What makes the projection's indexes, one statement each, so that several can be made at a time."""
    lines = [line for line in projection.indexes.splitlines() if not line.lstrip().startswith("--")]
    return [statement.strip() for statement in "\n".join(lines).split(";") if statement.strip()]


def remember(connection: Connection, projection: Projection) -> None:
    """Notes that the projection's tables are as this code makes them."""
    connection.execute(
        SQL["remember"],
        {"name": projection.name, "version": projection.version, "tables": list(projection.tables)},
    )


def drop(connection: Connection, schema: str) -> None:
    """Removes a schema with all that it holds; none is fine."""
    connection.execute(Text("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(schema)))


def exists(connection: Connection, schema: str) -> bool:
    row = connection.execute(SQL["exists"], {"table": f"{schema}.tracking"}).fetchone()
    return bool(row and row[0])


def made(connection: Connection) -> dict[str, Made]:
    """The projections whose tables stand in the connection's schema."""
    return {name: Made(version, tables) for name, version, tables in connection.execute(SQL["versions"])}


def position(connection: Connection | Cursor) -> int:
    """The position that the tables have reached; 0 for the beginning."""
    row = connection.execute(SQL["position"]).fetchone()
    return int(row[0]) if row else 0


def take_window_lock(connection: Connection | Cursor) -> None:
    """Waits until nobody applies a window or swaps tables; holds them off until the transaction ends."""
    connection.execute(SQL["window_lock"], {"space": SPACE, "key": WINDOW})


async def keep(connection: psycopg.AsyncConnection[Any]) -> None:
    """Begins a transaction of one snapshot, which keeps the live tables from being exchanged until it ends: tables
    that are put in their place may hold rows that a snapshot is too old to see."""
    # Two statements in one trip, which cannot be prepared.
    await connection.execute(SQL["keep"], prepare=False)


def wait_for_keepers(connection: Connection) -> None:
    """Waits until nobody keeps the live tables; holds those off who would, until the transaction ends."""
    connection.execute(SQL["exchange"])


def apply(window: Window, projections: Iterable[Projection], cursor: Cursor) -> None:
    """Brings every projection and the tracking position from before `window` to after it."""
    window = forget(window, projections, cursor)
    for projection in projections:
        projection.apply(window, cursor)
    cursor.execute(SQL["move"], {"position": window.last})


def close(connection: Connection) -> None:
    """Ends a connection, and its locks at once: the server takes a moment to notice that somebody is gone."""
    with suppress(psycopg.Error):
        connection.execute("SELECT pg_advisory_unlock_all()")
    connection.close()


def try_lock(connection: Connection, key: int) -> bool:
    """Takes a lock until the connection ends; False if somebody else has it."""
    row = connection.execute(SQL["try_lock"], {"space": SPACE, "key": key}).fetchone()
    return bool(row and row[0])

"""Where words still stand in a database: in rows of any table, and in the bytes of the server's files."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from numina.embedded import EmbeddedPostgres


def rows_with(server: EmbeddedPostgres, url: str, words: tuple[str, ...]) -> list[str]:
    """Every table, of every schema (the planner's statistics among them), in which a row says one of the words."""
    found = []
    database = str(conninfo_to_dict(url)["dbname"])
    with psycopg.connect(make_conninfo(server.admin_url, dbname=database)) as connection:
        tables = connection.execute("SELECT schemaname, tablename FROM pg_tables").fetchall()
        for schema, table in tables:
            rows = sql.SQL("SELECT count(*) FROM {} AS t WHERE t::text ILIKE ANY(%s)").format(
                sql.Identifier(schema, table)
            )
            [count] = connection.execute(rows, ([f"%{word}%" for word in words],)).fetchone() or (0,)
            if count:
                found.append(f"{schema}.{table}")
    return found


def files_with(server: EmbeddedPostgres, words: tuple[bytes, ...]) -> list[str]:
    """The files of the server in which one of the words stands; what was logged for a crash is out of reach."""
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        [data] = connection.execute("SHOW data_directory").fetchone() or ("",)
    return [
        str(path.relative_to(data))
        for path in Path(data).rglob("*")
        if path.is_file() and "pg_wal" not in path.parts and any(word in path.read_bytes() for word in words)
    ]

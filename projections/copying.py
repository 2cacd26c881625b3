"""Many rows in one statement: by binary COPY, the cheapest way there is, or as arrays to be unnested."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from psycopg.sql import SQL as Text
from psycopg.sql import Identifier

from projections.projection import Cursor


def clean(text: str) -> str:
    """`text` without NUL, which PostgreSQL cannot store. No command lets it in, but a fact that could not be
    projected would hold up everything after it."""
    return text.replace("\0", "") if "\0" in text else text


def numerics(amounts: Iterable[Decimal]) -> str:
    """A numeric[] parameter as text: an eighth of what the driver takes to convert a list of decimals."""
    return "{" + ",".join(map(str, amounts)) + "}"


def copy(cursor: Cursor, table: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """Appends `rows` to `table`; `columns` gives each value's column and SQL type, in order. What people wrote
    must be `clean`."""
    names = Text(", ").join(map(Identifier, columns))
    statement = Text("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(Identifier(table), names)
    with cursor.copy(statement) as stream:
        stream.set_types(list(columns.values()))
        write = stream.write_row
        for row in rows:
            write(row)


def replace(
    cursor: Cursor,
    table: str,
    keys: Mapping[str, str],
    columns: Mapping[str, str],
    rows: Sequence[Sequence[Any]],
) -> None:
    """Puts `rows` in the place of those with the same keys. `keys` and `columns` give SQL types by name, the
    keys being the first of the columns. For things that seldom change: all of a row is written anew."""
    if not rows:
        return
    names = Text(", ").join(map(Identifier, keys))
    arrays = Text(", ").join(Text("%s::") + Text(kind) + Text("[]") for kind in keys.values())
    statement = Text("DELETE FROM {} WHERE ({}) IN (SELECT * FROM unnest({}))").format(
        Identifier(table), names, arrays
    )
    cursor.execute(statement, [list(key) for key in zip(*(row[: len(keys)] for row in rows), strict=True)])
    copy(cursor, table, columns, rows)

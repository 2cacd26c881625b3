"""Two tables of the same shape compared both ways, row by row, duplicates counted."""

from __future__ import annotations

from typing import Any, LiteralString, NamedTuple

from psycopg.sql import SQL as Text
from psycopg.sql import Composable, Identifier

from projections import sql
from projections.tables import Connection

SQL = sql.load(__file__)

EXAMPLES = 5


class Difference(NamedTuple):
    """Rows of a table that are not as the record says they should be.

    `missing` should be there and are not, `surplus` are there and should not; a changed row counts in both.
    `examples` shows a few, each with the side it is on.
    """

    table: str
    missing: int
    surplus: int
    examples: tuple[tuple[str, dict[str, Any]], ...] = ()

    def __str__(self) -> str:
        # The first columns say which row it is; the others may hold what people wrote.
        rows = [f"{side} {list(map(str, list(row.values())[:4]))}" for side, row in self.examples]
        return f"{self.missing} rows missing, {self.surplus} too many: {', '.join(rows)}"


def compare(
    connection: Connection,
    table: str,
    *,
    right: str,
    live: str,
    only: LiteralString = "",
    given: dict[str, Any] | None = None,
) -> Difference | None:
    """How `table` in the schema `live` differs from the one in the schema `right`; None if it does not.

    Both are seen at one snapshot. `only` is an SQL condition on the live rows, with the parameters `given`.
    """
    columns = [row[0] for row in connection.execute(SQL["columns"], {"table": f"{live}.{table}"})]
    if not columns:
        return Difference(table, missing=1, surplus=0, examples=(("missing", {"table": table}),))
    chosen = Text(", ".join(columns))
    wanted = Text("SELECT {} FROM {}").format(chosen, Identifier(right, table))
    found = Text("SELECT {} FROM {}").format(chosen, Identifier(live, table))
    if only:
        found = found + Text(" WHERE ") + Text(only)
    missing = _surplus(connection, wanted, found, given)
    surplus = _surplus(connection, found, wanted, given)
    if not missing and not surplus:
        return None
    examples = [("missing", row) for row in missing] + [("surplus", row) for row in surplus]
    return Difference(table, _count(missing), _count(surplus), tuple(examples))


def _surplus(
    connection: Connection, these: Composable, those: Composable, given: dict[str, Any] | None
) -> list[dict[str, Any]]:
    """A few rows that `these` has more often than `those`, each with the number of all of them."""
    query = Text(
        "SELECT surplus.*, count(*) OVER () AS numina_count FROM ({} EXCEPT ALL {}) AS surplus LIMIT {}"
    ).format(these, those, EXAMPLES)
    cursor = connection.execute(query, given)
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _count(rows: list[dict[str, Any]]) -> int:
    return int(rows[0]["numina_count"]) if rows else 0

"""The audit trail: who did what when, fact by fact; before and after are read from the record itself."""

from __future__ import annotations

from typing import LiteralString

from projections import sql
from projections.projection import Cursor, Window

SQL = sql.load(__file__)


class Audit:
    """The projection that keeps `audit`: one row a fact, without its text."""

    name = "audit"
    version = 1
    tables: tuple[str, ...] = ("audit",)
    schema: LiteralString = SQL["schema"]
    indexes: LiteralString = SQL["indexes"]
    pipelined = True
    worded = False
    erase: tuple[LiteralString, ...] = ()

    def apply(self, window: Window, cursor: Cursor) -> None:
        first, last = window[0].position, window.last
        if last - first + 1 == len(window):
            cursor.execute(SQL["add"], {"first": first, "last": last})
        else:
            cursor.execute(SQL["add_some"], {"positions": [recorded.position for recorded in window]})

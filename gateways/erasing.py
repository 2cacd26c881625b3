"""Clearing away what PostgreSQL keeps of people whose keys were destroyed: dead rows and statistics."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import LiteralString
from uuid import UUID

import psycopg
import structlog

from ledger.session import session_url

_DUE = """
    SELECT user_id, e.books
      FROM vault.erasures AS v
      JOIN views.erasures AS e USING (user_id)
     WHERE v.cleared_at IS NULL
       AND e.books IS NOT NULL
       AND v.destroyed_at < now() - %(settled)s
       AND now() - %(every)s > coalesce((SELECT max(cleared_at) FROM vault.erasures), '-infinity')
"""
_CLEARED = "UPDATE vault.erasures SET cleared_at = now() WHERE user_id = ANY(%s)"
_UNFINISHED = """
    SELECT user_id, books FROM views.erasures
     WHERE books IS NOT NULL AND user_id NOT IN (SELECT user_id FROM vault.erasures)
"""
# A destroyed key leaves its wrapped bytes in a dead row, and the planner keeps samples of every column in the plain.
# Only writing a table anew takes such bytes out of its file. These are small; the statistics come last.
_REWRITE: tuple[LiteralString, ...] = (
    "VACUUM (FULL, ANALYZE) vault.data_keys",
    "VACUUM (FULL) pg_catalog.pg_statistic",
    # Digests of requests and names, and pictures that were sealed under keys that are gone: their dead rows may be
    # written over in their time.
    "VACUUM vault.images",
    "VACUUM registers.commands",
    "VACUUM registers.claims",
)
_log = structlog.get_logger("numina.privacy")


class Traces:
    """What is left to clear away in the database at `url`, whose user owns it."""

    def __init__(self, url: str) -> None:
        self._url = url

    def unfinished(self) -> list[tuple[UUID, list[UUID]]]:
        """Who is erased by the record and has keys all the same, with the books forgotten with them."""
        with psycopg.connect(session_url(self._url, "numina_service"), autocommit=True) as connection:
            try:
                return connection.execute(_UNFINISHED).fetchall()
            except psycopg.errors.UndefinedTable:
                # The projector has not made its tables yet.
                return []

    def due(self, settled: timedelta, every: timedelta) -> list[tuple[UUID, list[UUID]]]:
        """Whose keys were destroyed so long ago that no process uses them any more, with the books forgotten with
        them; when the last clearing is long enough ago."""
        given = {"settled": settled, "every": every}
        with psycopg.connect(session_url(self._url, "numina_service"), autocommit=True) as connection:
            try:
                return connection.execute(_DUE, given).fetchall()
            except psycopg.errors.UndefinedTable:
                return []

    def rewrite(self) -> None:
        """Writes anew what holds traces beside the read models."""
        with psycopg.connect(session_url(self._url, None, lock_timeout="10s"), autocommit=True) as connection:
            for statement in _REWRITE:
                connection.execute(statement)
            try:
                # Files that were dropped or written anew are let go of at the next checkpoint.
                connection.execute("CHECKPOINT")
            except psycopg.errors.InsufficientPrivilege:
                _log.debug("may not ask for a checkpoint; the next one comes by itself")

    def cleared(self, users: Collection[UUID]) -> None:
        """Notes that nothing is left of these."""
        with psycopg.connect(session_url(self._url, "numina_service"), autocommit=True) as connection:
            connection.execute(_CLEARED, (list(users),))

"""Releases holds whose time has passed."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import psycopg
import structlog

from ledger.clock import Clock, system_clock
from ledger.command import Outcome
from ledger.ids import NIL, derived_id
from ledger.refusals import Refusal, TryAgain
from ledger.session import session_url
from ledger.transactions.changes import ExpireTransaction
from ledger.writer import Writer

# The holds that lapsed first come first; those in a window that is not projected yet come at the next turn.
_DUE = """
    SELECT id, book_id, expires_at
      FROM views.transactions
     WHERE state = 'pending' AND expires_at <= %s
     ORDER BY expires_at, id
     LIMIT %s
"""
_log = structlog.get_logger("numina.scheduler")


class ExpireHolds:
    """Finds lapsed holds in the register and expires each by a command, as nobody (actor NIL).

    The command's id is derived from the hold and its expiry, so that two schedulers, or one that starts again,
    expire it once. A hold that was posted, voided or prolonged meanwhile is left alone.
    """

    def __init__(self, url: str, writer: Writer, *, clock: Clock = system_clock, at_once: int = 500) -> None:
        self._url = url
        self._writer = writer
        self._clock = clock
        self._at_once = at_once

    def __call__(self) -> int:
        """Expires what is due now; how many it were. Raises psycopg.Error, TryAgain."""
        now = self._clock()
        due = self._due(self._at_once)
        commands = [
            ExpireTransaction(
                command_id=derived_id("expire", transaction_id.bytes, expires_at.isoformat()),
                book_id=book_id,
                actor_id=NIL,
                now=now,
                request=b"",
                transaction_id=transaction_id,
            )
            for transaction_id, book_id, expires_at in due
        ]
        expired = 0
        for command, result in zip(commands, self._writer.handle_all_sync(commands), strict=True):
            if isinstance(result, Outcome):
                expired += not result.replayed
            elif isinstance(result, TryAgain):
                raise result
            elif not isinstance(result, Refusal):
                _log.error("a hold did not expire", transaction_id=str(command.transaction_id), error=result)
        return expired

    def _due(self, limit: int) -> list[tuple[UUID, UUID, dt.datetime]]:
        url = session_url(self._url, "numina_service", statement_timeout="30000")
        with psycopg.connect(url, autocommit=True) as connection:
            try:
                return connection.execute(_DUE, (self._clock(), limit)).fetchall()
            except psycopg.errors.UndefinedTable:
                # The projector has not made its tables yet: a new installation has no holds.
                return []

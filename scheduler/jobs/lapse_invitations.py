"""Withdraws invitations that nobody accepted in time."""

from __future__ import annotations

from datetime import timedelta

import psycopg

from ledger.clock import Clock, system_clock
from ledger.command import Outcome
from ledger.ids import NIL, derived_id
from ledger.invitations.lapsing import LapseInvitation
from ledger.refusals import TryAgain
from ledger.session import session_url
from ledger.writer import Writer

_LAPSED = """
    SELECT invitation_id, book_id FROM views.invitations
     WHERE status = 'open' AND expires_at <= %s
     LIMIT 500
"""
KEPT = timedelta(days=30)
"""So long after its end an invitation is still shown to who sent it."""


class LapseInvitations:
    """Finds those that expired long enough ago, and withdraws each by a command, as nobody (actor NIL); upon which
    their words are destroyed."""

    def __init__(
        self, url: str, writer: Writer, *, kept: timedelta = KEPT, clock: Clock = system_clock
    ) -> None:
        self._url = url
        self._writer = writer
        self._kept = kept
        self._clock = clock

    def __call__(self) -> int:
        """How many were withdrawn. Raises psycopg.Error, TryAgain."""
        now = self._clock()
        url = session_url(self._url, "numina_service", statement_timeout="30000")
        with psycopg.connect(url, autocommit=True) as connection:
            try:
                lapsed = connection.execute(_LAPSED, (now - self._kept,)).fetchall()
            except psycopg.errors.UndefinedTable:
                # The projector has not made its tables yet.
                return 0
        commands = [
            LapseInvitation(
                command_id=derived_id("lapse", invitation_id.bytes),
                book_id=book_id,
                actor_id=NIL,
                now=now,
                request=b"",
                invitation_id=invitation_id,
            )
            for invitation_id, book_id in lapsed
        ]
        results = self._writer.handle_all_sync(commands) if commands else []
        for result in results:
            if isinstance(result, TryAgain):
                raise result
        return sum(isinstance(result, Outcome) and not result.replayed for result in results)

"""Empties what is remembered of requests that were made long ago."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import psycopg

from ledger.clock import Clock, system_clock
from ledger.ids import NIL
from ledger.session import session_url
from projections import instants

_FORGET = "SELECT registers.forget_requests(%s, %s, %s)"


class ForgetRequests:
    """Requests that came with an idempotency key are remembered by a digest of what they said and the balances that
    were answered; after `kept` both are emptied. Their keys stay used for ever.

    A walk along the whole register, `at_once` requests in a transaction, so that nobody waits for it.
    """

    def __init__(
        self, url: str, kept: timedelta, *, clock: Clock = system_clock, at_once: int = 5_000
    ) -> None:
        self._url = url
        self._kept = kept
        self._clock = clock
        self._at_once = at_once

    def __call__(self) -> None:
        """One walk. Raises psycopg.Error."""
        url = session_url(self._url, "numina_service", statement_timeout="60000")
        with psycopg.connect(url, autocommit=True) as connection:
            given = {"instant": self._clock() - self._kept}
            row = connection.execute(instants.SQL["position_at"], given).fetchone()
            position = int(row[0]) if row else 0
            past: UUID | None = NIL
            while past is not None and position:
                found = connection.execute(_FORGET, (past, self._at_once, position)).fetchone()
                past = found[0] if found else None

"""Keeps the continuous auditor at work."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg

from ledger.sealing import Keys
from ledger.session import session_url
from projections.auditor import Auditor

BUSY, IDLE = 0.05, 0.5
"""The share of its time that the auditor works while things are being recorded, and while nothing is."""


class Verify:
    """One turn of the auditor, which goes on where the last one ended, in this process or another."""

    def __init__(
        self, url: str, keys: Keys, *, seconds: float = 3, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._url = url
        self._keys = keys
        self._seconds = seconds
        self._sleep = sleep
        self._auditor: Auditor | None = None
        self._head = -1

    def __call__(self) -> None:
        """Verifies for a while. Raises psycopg.Error, after which the next turn begins anew."""
        head, before = self._recorded(), self._head
        self._head = head
        if self._auditor is None:
            self._auditor = Auditor(self._url, self._keys)
        try:
            self._auditor.turn(self._seconds, share=IDLE if head == before else BUSY, sleep=self._sleep)
        except psycopg.Error:
            self._auditor.close()
            self._auditor = None
            raise

    def _recorded(self) -> int:
        with psycopg.connect(session_url(self._url, "numina_projector")) as connection:
            row = connection.execute("SELECT position FROM record.head").fetchone()
        return int(row[0]) if row else 0

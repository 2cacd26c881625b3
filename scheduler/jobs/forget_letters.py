"""Empties the outbox of letters that lay there long enough."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from gateways.outbox import forget
from ledger.clock import Clock, system_clock


class ForgetLetters:
    """Letters older than `days` are removed from the outbox at `folder`, which need not be there."""

    def __init__(self, folder: Path, days: int, *, clock: Clock = system_clock) -> None:
        self._folder = folder
        self._kept = timedelta(days=days)
        self._clock = clock

    def __call__(self) -> int:
        """How many were removed. Raises OSError."""
        return forget(self._folder, self._clock() - self._kept)

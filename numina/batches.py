"""What the writer's batches were like, for the metrics."""

from __future__ import annotations

from threading import Lock


class Batches:
    """Totals since the start, from which rates and means follow; the writer's thread adds, any may read."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._batches = 0
        self._commands = 0
        self._seconds = 0.0

    def observe(self, commands: int, seconds: float) -> None:
        with self._lock:
            self._batches += 1
            self._commands += commands
            self._seconds += seconds

    def gauges(self) -> dict[str, float]:
        """By metric name; all of them only grow."""
        with self._lock:
            return {
                "writer_batches": self._batches,
                "writer_commands": self._commands,
                "writer_seconds": self._seconds,
            }

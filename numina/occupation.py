"""Who serves a home: one `numina serve` at a time, and what is left of one that was killed."""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from numina.trouble import Trouble

FILE = "serve.lock"
LEFTOVER_LIMIT = 10.0


class AlreadyServed(Trouble):
    """Another `numina serve` runs from this home; the message says where it listens."""


@dataclass
class Occupation:
    """The hold on a home; remembers the workers, so that the next one to serve can end forgotten ones."""

    file: IO[str]

    def remember(self, url: str, workers: Iterable[int]) -> None:
        """Writes down where the service listens and which processes work for it."""
        known = [[pid, started] for pid in workers if (started := _started(pid)) is not None]
        self._write(json.dumps({"pid": os.getpid(), "url": url, "workers": known}))

    def end_leftovers(self) -> None:
        """Ends workers that outlived a killed supervisor: gently, then by force after ten seconds.

        A process id that was given to another program since has another start time and is left alone.
        """
        left = []
        for pid, started in _read(self.file).get("workers", []):
            if _started(pid) == started:
                left.append(psutil.Process(pid))
        for process in left:
            process.terminate()
        for process in psutil.wait_procs(left, timeout=LEFTOVER_LIMIT)[1]:
            process.kill()

    def forget(self) -> None:
        """Nothing is left behind."""
        self._write("")

    def _write(self, text: str) -> None:
        self.file.seek(0)
        self.file.truncate()
        self.file.write(text)
        self.file.flush()


@contextmanager
def occupy(home: Path) -> Iterator[Occupation]:
    """Holds the home until the context ends. Raises AlreadyServed when another process serves it."""
    with open(home / FILE, "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = _read(file)
            where = other.get("url", "an address not yet known")
            raise AlreadyServed(
                f"Numina already serves {home} at {where} (process {other.get('pid', 'unknown')}): "
                "stop it first, or give this one another home with NUMINA_HOME"
            ) from None
        yield Occupation(file)


def _read(file: IO[str]) -> dict[str, Any]:
    file.seek(0)
    try:
        known = json.loads(file.read() or "{}")
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def _started(pid: int) -> float | None:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None

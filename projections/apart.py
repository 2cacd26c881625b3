"""Projections that need no text, applied by a process of their own: a second interpreter for the second core."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Collection, Sequence
from contextlib import closing, suppress
from queue import SimpleQueue
from threading import Condition, Thread
from types import TracebackType
from typing import IO, Any, Self, cast
from uuid import UUID

import psycopg

from ledger.sealing import DataKey
from projections import tables
from projections.all import ALL
from projections.calm import calm
from projections.feed import Feed
from projections.projection import Projection

# The new interpreter finds modules where this one does.
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); import projections.apart as a; a.carry_out()"
)


class Failed(Exception):
    """The process met a defect or is gone; the message is its traceback, or how it ended."""


class NoKeys:
    """The keys of nobody: facts come without their text, and unsealing is half of what reading them costs."""

    def of(self, subject_id: UUID) -> DataKey | None:
        return None

    def fingerprint(self, text: str) -> bytes:
        raise LookupError("without keys there are no fingerprints")


class Apart:
    """A process that applies projections to the tables of a schema, from the first fact on.

    It is told how far to go and tells how far it is, through pipes. It ends with the block, and when this
    process is gone for whatever reason, because then the pipe is closed; signals from a terminal do not
    reach it. It gets no keys: `able` says which projections it can do.
    """

    def __init__(self, url: str, schema: str, projections: Collection[Projection]) -> None:
        self.position = 0
        self._failure: Exception | None = None
        self._heard = Condition()
        self._process = subprocess.Popen(  # noqa: S603 - this very interpreter
            [sys.executable, "-c", _PROGRAM, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._orders = cast("IO[str]", self._process.stdin)
        self._answers = cast("IO[str]", self._process.stdout)
        self._listener = Thread(target=self._listen, name="apart", daemon=True)
        self._listener.start()
        # The URL may hold a password, so it is not among the arguments, which everybody can see.
        self._tell({"url": url, "schema": schema, "names": [p.name for p in projections]})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._listener.join()
        self._answers.close()
        with suppress(BrokenPipeError):
            self._orders.close()

    def go(self, goal: int) -> None:
        """Has it apply everything up to and with the position `goal`. Raises as `check` does."""
        self.check()
        self._tell(goal)

    @property
    def pid(self) -> int:
        return self._process.pid

    def check(self) -> None:
        """Raises Failed, or psycopg.OperationalError when it lost the database."""
        if self._failure is not None:
            raise self._failure

    def wait(self, position: int, seconds: float) -> bool:
        """Waits so long for it to reach `position`; whether it has. Raises as `check` does."""
        with self._heard:
            self._heard.wait_for(lambda: self._failure is not None or self.position >= position, seconds)
        self.check()
        return self.position >= position

    def _tell(self, message: object) -> None:
        try:
            self._orders.write(json.dumps(message) + "\n")
            self._orders.flush()
        except BrokenPipeError:
            self._listener.join()
            self.check()

    def _listen(self) -> None:
        for line in self._answers:
            kind, said = json.loads(line)
            with self._heard:
                if kind == "position":
                    self.position = said
                else:
                    self._failure = psycopg.OperationalError(said) if kind == "lost" else Failed(said)
                self._heard.notify_all()
        with self._heard:
            self._failure = self._failure or Failed(f"it ended with {self._process.wait()}")
            self._heard.notify_all()


def able(projection: Projection) -> bool:
    """Whether a process without keys, which finds projections by name, can apply this one."""
    return not projection.worded and projection in ALL


def carry_out() -> None:
    """The program of the process."""
    order = json.loads(sys.stdin.readline())
    goals: SimpleQueue[int] = SimpleQueue()
    Thread(target=_hear, args=(goals,), daemon=True).start()
    chosen = [projection for projection in ALL if projection.name in order["names"]]
    try:
        _apply(order["url"], order["schema"], chosen, goals)
    except psycopg.OperationalError as error:
        _say("lost", str(error))
    except Exception:
        _say("failed", traceback.format_exc())


def _apply(url: str, schema: str, chosen: Sequence[Projection], goals: SimpleQueue[int]) -> None:
    with (
        calm(),
        closing(tables.connect(url, schema)) as connection,
        closing(tables.connect(url, tables.LIVE)) as record,
    ):
        feed = Feed(record, NoKeys())
        position = 0
        while True:
            for window in feed.windows(position, goals.get()):
                with connection.transaction(), connection.cursor() as cursor:
                    for projection in chosen:
                        projection.apply(window, cursor)
                position = window.last
                _say("position", position)


def _hear(goals: SimpleQueue[int]) -> None:
    """Passes on what the parent wants; without a parent there is nothing left to do."""
    for line in sys.stdin:
        goals.put(json.loads(line))
    os._exit(0)


def _say(kind: str, said: Any) -> None:
    sys.stdout.write(json.dumps([kind, said]) + "\n")
    sys.stdout.flush()

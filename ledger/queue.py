"""Commands waiting for the writer, bounded in number and in patience."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import NamedTuple

from ledger.command import Command, Outcome
from ledger.refusals import Overloaded

Result = Outcome | Exception
Deliver = Callable[[list[Result]], None]


class Limits(NamedTuple):
    """What bounds the writer: commands and bytes of a batch; commands waiting; seconds that storing may take
    before new commands are turned away; milliseconds to wait for another process that is storing."""

    batch_commands: int = 1_000
    batch_bytes: int = 4 * 1024 * 1024
    queued_commands: int = 20_000
    stalled_seconds: float = 5.0
    lock_ms: int = 5_000


class Submission(NamedTuple):
    """Commands handed in together; an `atomic` one is carried out whole or not at all. `deliver` is told the
    result of each command, once; `weight` is about how many bytes of facts they lead to."""

    commands: Sequence[Command]
    atomic: bool
    deliver: Deliver
    weight: int


class Queue:
    """What is submitted and not answered yet. `changed` is notified when there is something new to do.

    `commands` counts those not taken yet, `waiting` also those taken and not answered; `storing_since` is the
    monotonic instant at which the batch being stored was handed over.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._items: deque[Submission] = deque()
        self.changed = threading.Condition()
        self.waiting = 0
        self.commands = 0
        self.closed = False
        self.storing_since: float | None = None

    def put(self, submissions: Sequence[Submission]) -> None:
        """Queues all or none. Raises Overloaded when there is no room, or storing has stalled."""
        more = sum(len(s.commands) for s in submissions)
        with self.changed:
            self._refuse_when_full(more)
            self.waiting += more
            self.commands += more
            self._items.extend(submissions)
            self.changed.notify_all()

    def put_back(self, submissions: Sequence[Submission]) -> None:
        """Puts what was taken and not answered at the front again, in its order."""
        with self.changed:
            self._items.extendleft(reversed(submissions))
            self.commands += sum(len(s.commands) for s in submissions)

    def take(self, commands: int = 0, size: int = 0) -> list[Submission]:
        """What a batch that already has `commands` of `size` bytes has room for; an empty batch gets at least
        one submission, if there is any. Call with `changed` held."""
        taken: list[Submission] = []
        while self._items:
            following = self._items[0]
            commands += len(following.commands)
            size += following.weight
            over = commands > self._limits.batch_commands or size > self._limits.batch_bytes
            if over and commands > len(following.commands):
                break
            taken.append(self._items.popleft())
            self.commands -= len(following.commands)
        return taken

    def full(self, commands: int, size: int) -> bool:
        """Whether a batch that has `commands` of `size` bytes has no room for what comes next, or for anything."""
        if commands >= self._limits.batch_commands or size >= self._limits.batch_bytes:
            return True
        with self.changed:
            following = self._items[0] if self._items else None
        if following is None:
            return False
        return (
            commands + len(following.commands) > self._limits.batch_commands
            or size + following.weight > self._limits.batch_bytes
        )

    def answered(self, count: int) -> None:
        """`count` commands were answered."""
        with self.changed:
            self.waiting -= count

    def close(self) -> None:
        """Takes nothing more; what is queued is still carried out."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def __bool__(self) -> bool:
        return bool(self._items)

    def _refuse_when_full(self, more: int) -> None:
        if self.closed:
            raise Overloaded("The service is stopping; nothing was stored.")
        since = self.storing_since
        stalled = monotonic() - since if since is not None else 0
        if stalled > self._limits.stalled_seconds:
            raise Overloaded(f"Storing has stalled for {stalled:.0f} s; nothing was stored.", retry_after=2)
        if self.waiting and self.waiting + more > self._limits.queued_commands:
            raise Overloaded(f"{self.waiting} commands are waiting; nothing was stored.")

"""What becomes true of a command after it was carried out. Stream: the command's id."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from ledger.record import Fact, fact


@fact
class CommandUndone(Fact, frozen=True):
    """Everything the command did was compensated by the command `by`."""

    topic: ClassVar[str] = "command.undone"

    by: UUID


@fact
class CommandRedone(Fact, frozen=True):
    """The undoing was itself undone by the command `by`: what the command did is in force again."""

    topic: ClassVar[str] = "command.redone"

    by: UUID

"""Whether a command is in force or has been undone."""

from __future__ import annotations

from uuid import UUID

import msgspec

from ledger.record import Fact
from ledger.undo.events import CommandUndone


class Undoing(msgspec.Struct, frozen=True):
    """`undone_by` is the command that compensated this one; None while it is in force (again)."""

    book_id: UUID
    undone_by: UUID | None


def evolve(undoing: Undoing | None, fact: Fact, stream_id: UUID, book_id: UUID) -> Undoing:
    """The state after `fact`."""
    return Undoing(book_id, fact.by if isinstance(fact, CommandUndone) else None)

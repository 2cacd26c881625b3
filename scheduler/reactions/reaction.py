"""A reaction does something in the world because of a fact; it is not replayed when read models are made anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from ledger.record import Recorded


class SetAside(Exception):
    """Trying again is of no use for this fact. The message says why, in words that tell nothing about anybody."""


class NotYet(Exception):
    """This fact cannot be dealt with yet, while others can. The message is like that of SetAside."""


class NotNow(Exception):
    """Nothing can be done at the moment, whatever the fact; the whole reaction rests for a while."""


class Reaction(Protocol):
    """What the reactor runs.

    `topics` are those that it reacts to: whole ones, or the beginning of some and a `*`. A new one on an old record
    `begins` at its start, or at its head, so that it reacts to nothing that is already there.
    """

    @property
    def name(self) -> str: ...

    @property
    def topics(self) -> Sequence[str]: ...

    @property
    def begins(self) -> Literal["start", "head"]: ...

    def react(self, recorded: Recorded) -> None:
        """Does it. It may be asked again for the same fact, when a process died before it was noted that it was done:
        the fact's stream and version, which no other has, say that it is the same.

        Raises SetAside, NotYet, NotNow; anything else is a defect, and this fact is tried again as with NotYet.
        """

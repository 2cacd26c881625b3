"""What can be taken back at all, and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.books.belonging import book_of
from ledger.books.events import BookCurrencyChanged, BookPrivacyBegun, BookRenamed, BookZoneChanged
from ledger.command import State
from ledger.identity.events import UserPreferencesChanged, UserRenamed
from ledger.record import Recorded
from ledger.undo.refusals import NotUndoable, UnknownCommand

# How somebody proves who they are, and what became of it, is changed by themselves or not at all.
_OF_PEOPLE = (UserRenamed, UserPreferencesChanged)
# Who belongs to a book is changed anew, by who decides it then.
_OF_OWNERS = (BookRenamed, BookZoneChanged, BookCurrencyChanged)


def check_allowed(
    state: State, command_id: UUID, facts: Sequence[Recorded], book_id: UUID, actor_id: UUID
) -> None:
    """Raises UnknownCommand for what somebody else did about themselves, NotUndoable for what was done for good, and
    RoleNeeded for what takes the owner, whoever did it."""
    for recorded in facts:
        noun = recorded.topic.split(".", 1)[0]
        if noun == "user" and recorded.stream_id != actor_id:
            raise UnknownCommand(f"There is no command {command_id} in this book.")
        if _for_good(noun, recorded):
            raise NotUndoable(f"{recorded.topic} cannot be taken back.", topic=recorded.topic)
    if any(isinstance(recorded.fact, _OF_OWNERS) for recorded in facts):
        book_of(state, book_id, actor_id, "owner")


def _for_good(noun: str, recorded: Recorded) -> bool:
    match noun:
        case "user":
            return not isinstance(recorded.fact, _OF_PEOPLE)
        case "book":
            return not isinstance(recorded.fact, (*_OF_OWNERS, BookPrivacyBegun))
        case _:
            return noun == "invitation"

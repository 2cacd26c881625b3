"""What becomes of a book when somebody goes who need not be there to give it away."""

from __future__ import annotations

from uuid import UUID

from ledger.books.book import Book
from ledger.books.events import BookMemberLeft, BookOwnerChanged
from ledger.record import Fact


def departure(book: Book, user_id: UUID) -> list[Fact]:
    """The facts by which a member leaves a book that others belong to. If it was theirs, it is given to who has the
    highest role of the others, and of equals to who came first."""
    left = BookMemberLeft(user_id=user_id)
    if book.owner_id != user_id:
        return [left]
    return [BookOwnerChanged(owner_id=book.heirs()[0], previous_id=user_id), left]

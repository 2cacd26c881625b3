"""Forgetting: where the record says that somebody was erased, their words leave the read models.

Words are sealed under the key of a book or a person, which is destroyed soon after. So what stands here after the
fact is what a rebuild finds, whether it comes upon the fact while the key is still there or long after.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from msgspec.structs import replace

from ledger.invitations.events import InvitationAccepted, InvitationDeclined, InvitationWithdrawn
from ledger.privacy.events import BookErased, UserErased
from ledger.record import Recorded
from ledger.sealing import subject
from projections.projection import Cursor, Projection, Window

_LAST = UserErased | BookErased | InvitationAccepted | InvitationDeclined | InvitationWithdrawn


def forget(window: Window, projections: Iterable[Projection], cursor: Cursor) -> Window:
    """Empties what the projections hold of those who are erased in `window`; the window without their words, to be
    applied next. Call it in the transaction that applies the window."""
    subjects = erased(window)
    if not subjects:
        return window
    for projection in projections:
        for statement in projection.erase:
            cursor.execute(statement, {"subjects": list(subjects)})
    return Window([_without_words(recorded, subjects) for recorded in window])


def erased(window: Window) -> frozenset[UUID]:
    """The books, persons and invitations whose words are forgotten from a fact of this window on."""
    nouns = window.by_noun
    facts = [*nouns.get("user", ()), *nouns.get("book", ()), *nouns.get("invitation", ())]
    return frozenset(f.stream_id for f in facts if isinstance(f.fact, _LAST))


def _without_words(recorded: Recorded, subjects: frozenset[UUID]) -> Recorded:
    fact = recorded.fact
    if fact.text and subject(fact, recorded.stream_id, recorded.book_id) in subjects:
        return replace(recorded, fact=replace(fact, text={}))
    return recorded

"""Who was invited to which book. The words of an invitation are here only while it is open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import psycopg

from ledger.invitations.events import (
    InvitationAccepted,
    InvitationDeclined,
    InvitationSent,
    InvitationWithdrawn,
)
from ledger.mailbox.claims import email_claim
from ledger.record import Recorded
from projections import sql
from projections.copying import clean, copy
from projections.projection import Cursor, Window

SQL = sql.load(__file__)

_COLUMNS = {
    "book_id": "uuid",
    "invitation_id": "uuid",
    "status": "text",
    "role": "text",
    "sent_by": "uuid",
    "sent_at": "timestamptz",
    "expires_at": "timestamptz",
    "email": "text",
    "address": "text",
    "message": "text",
}
_ENDS = {InvitationAccepted: "accepted", InvitationDeclined: "declined", InvitationWithdrawn: "withdrawn"}


class InvitationView(msgspec.Struct, frozen=True):
    """An open invitation; `book` is the book's name for who is invited, and empty for the book's owner."""

    invitation_id: UUID
    book_id: UUID
    book: str
    role: str
    sent_by: UUID
    sent_at: datetime
    expires_at: datetime
    email: str
    message: str


class Invitations:
    """The projection that keeps `invitations`."""

    name = "invitations"
    version = 1
    tables: tuple[str, ...] = ("invitations",)
    schema: LiteralString = SQL["schema"]
    indexes: LiteralString = SQL["indexes"]
    pipelined = False
    worded = True
    erase: tuple[LiteralString, ...] = (SQL["erase"],)

    def apply(self, window: Window, cursor: Cursor) -> None:
        facts = window.by_noun.get("invitation", ())
        if not facts:
            return
        sent = [_row(f, f.fact) for f in facts if isinstance(f.fact, InvitationSent)]
        copy(cursor, "invitations", _COLUMNS, sent)
        ended = [(f, _ENDS[type(f.fact)]) for f in facts if type(f.fact) in _ENDS]
        if ended:
            given = {
                "books": [f.book_id for f, _ in ended],
                "invitations": [f.stream_id for f, _ in ended],
                "statuses": [status for _, status in ended],
            }
            cursor.execute(SQL["end"], given)


async def invitations_of(connection: psycopg.AsyncConnection[Any], book_id: UUID) -> Sequence[InvitationView]:
    """The open invitations to a book, also those that have expired, the latest first."""
    cursor = await connection.execute(SQL["of_book"], {"book_id": book_id})
    return [InvitationView(*row) for row in await cursor.fetchall()]


async def invitations_to(
    connection: psycopg.AsyncConnection[Any], email: str, user_id: UUID, now: datetime
) -> Sequence[InvitationView]:
    """The invitations to an address, to books that the person does not belong to, which can be accepted at `now`; the
    latest first."""
    given = {"address": email_claim(email).text, "user_id": user_id, "now": now}
    cursor = await connection.execute(SQL["to_address"], given)
    return [InvitationView(*row) for row in await cursor.fetchall()]


def _row(recorded: Recorded, sent: InvitationSent) -> tuple[Any, ...]:
    email = clean(sent.text.get("email", ""))
    return (
        recorded.book_id,
        recorded.stream_id,
        "open",
        sent.role,
        sent.by,
        recorded.recorded_at,
        sent.expires_at,
        email,
        email_claim(email).text if email else "",
        clean(sent.text.get("message", "")),
    )

"""Where people are signed in. The book of a session is its person's id."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import psycopg

from ledger.record import Recorded
from ledger.sessions.events import SessionEnded, SessionOpened, SessionRefreshed, SessionSteppedUp
from projections import sql
from projections.copying import clean, copy
from projections.projection import Cursor, Window

SQL = sql.load(__file__)

_COLUMNS = {
    "book_id": "uuid",
    "session_id": "uuid",
    "epoch": "int4",
    "methods": "text[]",
    "device": "text",
    "address": "text",
    "opened_at": "timestamptz",
    "used_at": "timestamptz",
    "expires_at": "timestamptz",
}


class SessionView(msgspec.Struct, frozen=True):
    """A session that has neither ended nor expired; `epoch` as SessionOpened has it, `used_at` when its tokens were
    last made."""

    session_id: UUID
    epoch: int
    methods: list[str]
    device: str
    address: str
    opened_at: datetime
    used_at: datetime
    expires_at: datetime


class Sessions:
    """The projection that keeps `sessions`. Who was signed out everywhere is told by the person, not by it."""

    name = "sessions"
    version = 2
    tables: tuple[str, ...] = ("sessions",)
    schema: LiteralString = SQL["schema"]
    indexes: LiteralString = ""
    pipelined = False
    worded = True
    erase: tuple[LiteralString, ...] = (SQL["erase"],)

    def apply(self, window: Window, cursor: Cursor) -> None:
        facts = window.by_noun.get("session", ())
        if not facts:
            return
        copy(
            cursor,
            "sessions",
            _COLUMNS,
            [_row(f, f.fact) for f in facts if isinstance(f.fact, SessionOpened)],
        )
        used = {f.stream_id: (f, f.fact) for f in facts if isinstance(f.fact, SessionRefreshed)}
        if used:
            given = {
                "books": [f.book_id for f, _ in used.values()],
                "sessions": list(used),
                "used": [fact.refreshed_at for _, fact in used.values()],
                "expires": [fact.expires_at for _, fact in used.values()],
            }
            cursor.execute(SQL["refresh"], given)
        proved = {f.stream_id: (f, f.fact) for f in facts if isinstance(f.fact, SessionSteppedUp)}
        if proved:
            given = {
                "books": [f.book_id for f, _ in proved.values()],
                "sessions": list(proved),
                # An array of arrays would have to be rectangular.
                "methods": [" ".join(fact.methods) for _, fact in proved.values()],
            }
            cursor.execute(SQL["step_up"], given)
        gone = [(f, f.fact) for f in facts if isinstance(f.fact, SessionEnded)]
        if gone:
            given = {
                "books": [f.book_id for f, _ in gone],
                "sessions": [f.stream_id for f, _ in gone],
                "ended": [f.recorded_at for f, _ in gone],
                "reasons": [fact.reason for _, fact in gone],
            }
            cursor.execute(SQL["end"], given)


async def sessions_of(
    connection: psycopg.AsyncConnection[Any], user_id: UUID, now: datetime
) -> Sequence[SessionView]:
    """The sessions of a person that have not ended one by one and not expired at `now`, the last used first."""
    cursor = await connection.execute(SQL["of_person"], {"user_id": user_id, "now": now})
    return [SessionView(*row) for row in await cursor.fetchall()]


async def signed_in_from(connection: psycopg.AsyncConnection[Any], user_id: UUID, network: str) -> bool:
    """Whether a person ever signed in from a network, as SessionOpened has it."""
    cursor = await connection.execute(SQL["from_network"], {"user_id": user_id, "network": network})
    row = await cursor.fetchone()
    return bool(row and row[0])


def seen_before(
    connection: psycopg.Connection[Any], position: int, user_id: UUID, session_id: UUID, device: str
) -> bool | None:
    """Whether the person was signed in on `device` before the session, whose first fact is at `position`, or never
    before at all; None where that fact is not projected yet."""
    given = {"user_id": user_id, "session_id": session_id, "device": clean(device)}
    row = connection.execute(SQL["seen"], given).fetchone()
    if row is None or row[0] < position:
        return None
    return not row[1] or bool(row[2])


async def earlier(
    connection: psycopg.AsyncConnection[Any], user_id: UUID, session_id: UUID, device: str, network: str
) -> tuple[int, bool, bool]:
    """How many sessions a person has had but for `session_id`, and whether any of them was opened by this device,
    and from this network."""
    given = {"user_id": user_id, "session_id": session_id, "device": clean(device), "network": network}
    row = await (await connection.execute(SQL["earlier"], given)).fetchone()
    return (int(row[0]), bool(row[1]), bool(row[2])) if row else (0, False, False)


def _row(recorded: Recorded, opened: SessionOpened) -> tuple[Any, ...]:
    return (
        recorded.book_id,
        recorded.stream_id,
        opened.epoch,
        list(opened.methods),
        clean(opened.text.get("device", "")),
        clean(opened.text.get("address", "")),
        opened.opened_at,
        opened.opened_at,
        opened.expires_at,
    )

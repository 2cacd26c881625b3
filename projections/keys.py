"""The API keys of people. The book of a key is its person's id."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import psycopg

from ledger.keys.events import KeyMade, KeyMisused, KeyRenamed, KeyRevoked, KeyUsed
from ledger.record import Recorded
from projections import sql
from projections.copying import clean, copy
from projections.projection import Cursor, Window

SQL = sql.load(__file__)

_COLUMNS = {
    "book_id": "uuid",
    "key_id": "uuid",
    "name": "text",
    "scopes": "text[]",
    "only_book": "uuid",
    "made_at": "timestamptz",
    "expires_at": "timestamptz",
    "used_from": "text",
}


class KeyView(msgspec.Struct, frozen=True):
    """An API key that was not revoked. `used_at` is when it was first used on the last day (UTC) of its use,
    `used_from` the network; `misused_at` when it was last shown after its end."""

    key_id: UUID
    name: str
    scopes: list[str]
    only_book: UUID | None
    made_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    used_from: str
    misused_at: datetime | None


class ApiKeys:
    """The projection that keeps `keys`."""

    name = "keys"
    version = 1
    tables: tuple[str, ...] = ("keys",)
    schema: LiteralString = SQL["schema"]
    indexes: LiteralString = ""
    pipelined = False
    worded = True
    erase: tuple[LiteralString, ...] = (SQL["erase"],)

    def apply(self, window: Window, cursor: Cursor) -> None:
        facts = window.by_noun.get("key", ())
        made = [_row(f, f.fact) for f in facts if isinstance(f.fact, KeyMade)]
        if made:
            copy(cursor, "keys", _COLUMNS, made)
        # Of each kind the last of a window counts, and the kinds do not touch each other's columns.
        renamed = {f.stream_id: f for f in facts if isinstance(f.fact, KeyRenamed)}
        if renamed:
            names = [clean(f.fact.text.get("name", "")) for f in renamed.values()]
            cursor.execute(SQL["rename"], _whose(renamed) | {"names": names})
        used = {f.stream_id: (f, f.fact) for f in facts if isinstance(f.fact, KeyUsed)}
        if used:
            given = {
                "used": [fact.used_at for _, fact in used.values()],
                "places": [clean(fact.text.get("address", "")) for _, fact in used.values()],
            }
            cursor.execute(SQL["use"], _whose({key: f for key, (f, _) in used.items()}) | given)
        misused = {f.stream_id: (f, f.fact) for f in facts if isinstance(f.fact, KeyMisused)}
        if misused:
            given = {"misused": [fact.misused_at for _, fact in misused.values()]}
            cursor.execute(SQL["misuse"], _whose({key: f for key, (f, _) in misused.items()}) | given)
        revoked = {f.stream_id: f for f in facts if isinstance(f.fact, KeyRevoked)}
        if revoked:
            times = [f.recorded_at for f in revoked.values()]
            cursor.execute(SQL["revoke"], _whose(revoked) | {"revoked": times})


async def keys_of(connection: psycopg.AsyncConnection[Any], user_id: UUID) -> Sequence[KeyView]:
    """The keys of a person that were not revoked, the oldest first."""
    cursor = await connection.execute(SQL["of_person"], {"user_id": user_id})
    return [KeyView(*row) for row in await cursor.fetchall()]


def _whose(facts: dict[UUID, Recorded]) -> dict[str, list[Any]]:
    return {"books": [f.book_id for f in facts.values()], "keys": list(facts)}


def _row(recorded: Recorded, made: KeyMade) -> tuple[Any, ...]:
    return (
        recorded.book_id,
        recorded.stream_id,
        clean(made.text.get("name", "")),
        list(made.scopes),
        made.only_book,
        made.made_at,
        made.expires_at,
        "",
    )

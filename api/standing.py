"""Who may do what, remembered: people, sessions and books as their streams make them, dropped when they change."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from itertools import groupby
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID

import psycopg
import structlog

from ledger.entities import fold
from ledger.log import COLUMNS, decode_rows
from ledger.record import Recorded
from ledger.refusals import TryAgain
from ledger.sealing import Keys
from ledger.session import session_url

E = TypeVar("E")

ASK_EVERY = 1.0
# What is remembered is believed for so long without having heard of the record.
BELIEVED = 4.0
PATIENCE = 2.0
RETRY_AFTER = 0.2

_NOUNS = ("user", "session", "book", "key", "invitation")
_STREAMS = (
    f"SELECT {COLUMNS} FROM record.stored_events WHERE originator_id = ANY(%s) "  # noqa: S608  # constants
    "ORDER BY originator_id, originator_version"
)
_HEAD = "SELECT position FROM record.head"
# The condition is that of the index stored_events_standing_idx. What a session's next token is has no say in what it
# may, and changes often.
_CHANGED = """
    SELECT notification_id, originator_id FROM record.stored_events
     WHERE notification_id > %s AND topic <> 'session.refreshed'
       AND (topic LIKE 'user.%%' OR topic LIKE 'session.%%' OR topic LIKE 'book.%%' OR topic LIKE 'key.%%'
            OR topic LIKE 'invitation.%%')
     ORDER BY notification_id LIMIT 10000
"""
_log = structlog.get_logger("numina.standing")


class Unverifiable(TryAgain):
    """Whether you are still signed in cannot be told at the moment."""


class Standing:
    """Remembers at most `remembered` entities; follows the record while `follow` runs. For one event loop.

    What another process changes is noticed within about a second. When nothing was heard of the record for BELIEVED
    seconds, nobody is believed: whoever was signed out elsewhere must not get in because a database hangs.
    """

    def __init__(
        self, url: str, keys: Keys, *, role: str = "numina_service", remembered: int = 100_000
    ) -> None:
        self._url = url
        self._role = role
        self._keys = keys
        self._most = remembered
        self._known: dict[int, Any] = {}
        self._reading: dict[int, object] = {}
        self._position: int | None = None
        self._as_of = float("-inf")
        self._heard = asyncio.Event()
        self._connection: psycopg.AsyncConnection[Any] | None = None

    def known(self, stream_id: UUID, kind: type[E]) -> E | None:
        """The entity if it is remembered and can be believed; None says nothing about whether there is one."""
        if monotonic() - self._as_of > BELIEVED:
            return None
        found = self._known.get(stream_id.int)
        return found if isinstance(found, kind) else None

    async def of(self, *stream_ids: UUID) -> Sequence[Any]:
        """The entities of some streams, None for those that do not exist: all that are not remembered in one round
        trip. Raises Unverifiable, psycopg.OperationalError."""
        await self._believable()
        # Taken at once: while the others are read, what is remembered may be dropped.
        found = {each.int: self._known[each.int] for each in stream_ids if each.int in self._known}
        missing = [each for each in dict.fromkeys(stream_ids) if each.int not in found]
        if missing:
            found |= await self._read(missing)
        return [found[each.int] for each in stream_ids]

    def learn(self, facts: Iterable[Recorded]) -> None:
        """Drops what the facts change: this process need not wait to hear of what it did itself."""
        for recorded in facts:
            if recorded.topic.split(".", 1)[0] in _NOUNS and recorded.topic != "session.refreshed":
                self._drop(recorded.stream_id.int)

    async def follow(self) -> None:
        """Listens until cancelled; a lost database is waited for."""
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(
                    session_url(self._url, self._role, statement_timeout="10000"),
                    autocommit=True,
                    application_name="numina standing",
                )
                async with connection:
                    self._connection = connection
                    while True:
                        await self._ask(connection)
                        await asyncio.sleep(ASK_EVERY)
            except psycopg.Error as error:
                _log.debug("cannot tell who changed", error=error)
                await asyncio.sleep(RETRY_AFTER)
            finally:
                self._connection = None

    async def _ask(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Drops what has changed since the last time."""
        began = monotonic()
        if self._position is None:
            row = await (await connection.execute(_HEAD)).fetchone()
            self._position = int(row[0]) if row else 0
        else:
            await self._catch_up(connection)
        self._as_of = began
        self._heard.set()
        self._heard.clear()

    async def _catch_up(self, connection: psycopg.AsyncConnection[Any]) -> None:
        rows = None
        while rows is None or len(rows) == 10_000:
            rows = await (await connection.execute(_CHANGED, (self._position,))).fetchall()
            for position, stream_id in rows:
                self._drop(stream_id.int)
                self._position = position

    async def _believable(self) -> None:
        if monotonic() - self._as_of <= BELIEVED:
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await self._heard.wait()
        except TimeoutError:
            raise Unverifiable(
                "Whether you are still signed in cannot be told: the database does not answer. Try again.",
                retry_after=1,
            ) from None

    async def _read(self, stream_ids: list[UUID]) -> dict[int, Any]:
        """Reads streams, and remembers those that did not change meanwhile."""
        turn = object()
        for each in stream_ids:
            self._reading[each.int] = turn
        connection = self._connection
        if connection is None:
            raise Unverifiable("The database does not answer. Try again.", retry_after=1)
        cursor = connection.cursor(binary=True)
        await cursor.execute(_STREAMS, (stream_ids,))
        # An id that somebody makes up may name anything.
        rows = [row for row in await cursor.fetchall() if row[3].split(".", 1)[0] in _NOUNS]
        facts = decode_rows(rows, self._keys)
        found: dict[int, Any] = dict.fromkeys(each.int for each in stream_ids)
        for stream_id, group in groupby(facts, key=lambda recorded: recorded.stream_id):
            found[stream_id.int] = fold(group)
        for number, entity in found.items():
            if self._reading.get(number) is turn:
                del self._reading[number]
                self._remember(number, entity)
        return found

    def _remember(self, number: int, entity: Any) -> None:
        # What is not there is asked for again: it may come, and whoever makes up ids must not push out the others.
        if entity is None:
            return
        if len(self._known) >= self._most:
            self._known.pop(next(iter(self._known)))
        self._known[number] = entity

    def _drop(self, number: int) -> None:
        self._known.pop(number, None)
        self._reading.pop(number, None)

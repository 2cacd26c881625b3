"""How far a reaction has come, and which facts it has to try again: kept in the database, moved by one process."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

import psycopg

from ledger.log import COLUMNS, Row

MOST_TRIES = 20
MOST_IN_AN_OUTAGE = 200
"""Some six hours of tries for a fact, and four days while nothing can be done at all."""
FIRST_DELAY, LAST_DELAY = timedelta(seconds=5), timedelta(minutes=30)

_NOUNS = ("user.", "session.", "book.", "key.", "invitation.")
# The condition of the index stored_events_standing_idx: with it, facts about money are not even looked at.
_STANDING = " AND (" + " OR ".join(f"topic LIKE '{noun}%%'" for noun in _NOUNS) + ")"

_HEAD = "SELECT position FROM record.head"
_POSITION = "SELECT position FROM reactions.positions WHERE reaction = %s"
_BEGIN = "INSERT INTO reactions.positions (reaction, position) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_MOVE = "UPDATE reactions.positions SET position = %s, moved_at = %s WHERE reaction = %s AND position < %s"
_FACTS = (
    f"SELECT {COLUMNS} FROM record.stored_events "  # noqa: S608  # constants
    "WHERE notification_id > %s AND notification_id <= %s AND topic LIKE ANY(%s){standing} "
    "ORDER BY notification_id LIMIT %s"
)
_DUE = (
    f"SELECT tries, {COLUMNS} FROM reactions.trials t "  # noqa: S608  # constants
    "JOIN record.stored_events e ON e.notification_id = t.position "
    "WHERE t.reaction = %s AND t.set_aside_at IS NULL AND t.due_at <= %s ORDER BY t.due_at LIMIT %s"
)
_TRIED = """
    INSERT INTO reactions.trials (reaction, position, tries, due_at, reason, set_aside_at)
    VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (reaction, position) DO UPDATE
       SET tries = excluded.tries, due_at = excluded.due_at, reason = excluded.reason,
           set_aside_at = excluded.set_aside_at
"""
_DONE = "DELETE FROM reactions.trials WHERE reaction = %s AND position = %s"


class Progress:
    """Of one reaction, on a connection of its own. Nothing may be done but by who has the lock."""

    def __init__(self, connection: psycopg.Connection[Any], reaction: str) -> None:
        self._connection = connection
        self._reaction = reaction
        self._lock = int.from_bytes(sha256(b"reaction " + reaction.encode()).digest()[:8], "big", signed=True)

    def take_turn(self) -> bool:
        """Whether nobody else is at it. The turn ends with `end_turn`, or with the connection."""
        row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", (self._lock,)).fetchone()
        return bool(row and row[0])

    def end_turn(self) -> None:
        self._connection.execute("SELECT pg_advisory_unlock(%s)", (self._lock,))

    def head(self) -> int:
        """The position of the last fact; 0 for an empty record."""
        row = self._connection.execute(_HEAD).fetchone()
        return int(row[0]) if row else 0

    def position(self, begins: Literal["start", "head"]) -> int:
        """How far it has come; where it `begins` if it never came anywhere."""
        row = self._connection.execute(_POSITION, (self._reaction,)).fetchone()
        if row is None:
            first = self.head() if begins == "head" else 0
            self._connection.execute(_BEGIN, (self._reaction, first))
            return first
        return int(row[0])

    def move(self, position: int, now: datetime) -> None:
        """Notes that everything up to `position` was dealt with."""
        self._connection.execute(_MOVE, (position, now, self._reaction, position))

    def facts(self, after: int, last: int, topics: Sequence[str], limit: int) -> list[Row]:
        """The first facts of the topics past `after` and up to `last`, as COLUMNS."""
        standing = _STANDING if all(topic.startswith(_NOUNS) for topic in topics) else ""
        statement = _FACTS.format(standing=standing)
        given = (after, last, [_pattern(topic) for topic in topics], limit)
        return self._connection.execute(statement, given, binary=True).fetchall()

    def due(self, now: datetime, limit: int) -> list[tuple[int, Row]]:
        """The facts that are to be tried again by now, each with how often it was."""
        rows = self._connection.execute(_DUE, (self._reaction, now, limit), binary=True)
        return [(row[0], row[1:]) for row in rows]

    def failed(self, position: int, tries: int, now: datetime, reason: str, most: int) -> bool:
        """Notes the last of `tries`: the fact is tried again after twice as long, or, with `most` tries, set aside;
        whether it was."""
        aside = tries >= most
        due_at = now + min(FIRST_DELAY * 2 ** min(tries - 1, 10), LAST_DELAY)
        self._connection.execute(
            _TRIED, (self._reaction, position, tries, due_at, reason, now if aside else None)
        )
        return aside

    def done(self, position: int) -> None:
        """Notes that a fact which had failed was dealt with."""
        self._connection.execute(_DONE, (self._reaction, position))

    def together(self) -> AbstractContextManager[psycopg.Transaction]:
        """All of what is noted within it, or nothing."""
        return self._connection.transaction()


def _pattern(topic: str) -> str:
    """The topic as LIKE wants it, where an underscore stands for anything."""
    whole = topic.removesuffix("*").replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")
    return whole + "%" if topic.endswith("*") else whole

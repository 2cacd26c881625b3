"""Reading the record: streams, windows and the head, as facts with their text unsealed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import ProgrammingError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from msgspec.structs import force_setattr
from psycopg.conninfo import conninfo_to_dict

import ledger.facts  # noqa: F401  # registers every topic, so that any record can be read
from ledger.record import Recorded, decode
from ledger.sealing import Keys, subject, unsealed
from ledger.session import session_url

COLUMNS = (
    "notification_id, originator_id, originator_version, topic, book_id, recorded_at, actor_id, command_id, "
    "command, state"
)
_STREAMS = (
    f"SELECT {COLUMNS} FROM record.stored_events WHERE originator_id = ANY(%s) "  # noqa: S608  # constants
    "ORDER BY originator_id, originator_version"
)
_WINDOW = (
    f"SELECT {COLUMNS} FROM record.stored_events "  # noqa: S608  # constants
    "WHERE notification_id > %s AND notification_id <= %s ORDER BY notification_id"
)
_HEAD = "SELECT position FROM record.head"

Row = tuple[int, UUID, int, str, UUID, Any, UUID, UUID, str, bytes]


def decode_row(row: Row, keys: Keys) -> Recorded:
    """One row of COLUMNS as a fact; text is unsealed, and empty where the key was destroyed."""
    _, stream_id, version, topic, book_id, _, _, _, _, state = row
    fact = decode(topic, state)
    if fact.text:
        key = keys.of(subject(fact, stream_id, book_id))
        # The fact was made a line ago and is ours alone, so its text is exchanged in place.
        force_setattr(fact, "text", unsealed(fact.text, stream_id, version, key))
    return Recorded(*row, fact)


def decode_rows(rows: Iterable[Row], keys: Keys) -> list[Recorded]:
    """Rows of COLUMNS as facts, in the order given."""
    return [decode_row(row, keys) for row in rows]


def read_streams(
    connection: psycopg.Connection[Any], stream_ids: Sequence[UUID], keys: Keys
) -> list[Recorded]:
    """All facts of the given streams, each stream's in order of version."""
    rows = connection.execute(_STREAMS, (list(stream_ids),), binary=True).fetchall()
    return decode_rows(rows, keys)


def read_window(connection: psycopg.Connection[Any], after: int, last: int, keys: Keys) -> list[Recorded]:
    """The facts at positions `after` (exclusive) to `last` (inclusive), rising."""
    rows = connection.execute(_WINDOW, (after, last), binary=True).fetchall()
    return decode_rows(rows, keys)


class LogReader:
    """Reads the record with a connection of its own; for one thread."""

    def __init__(self, url: str, keys: Keys, *, role: str = "numina_service") -> None:
        self._connection = psycopg.connect(session_url(url, role), autocommit=True)
        self._keys = keys

    def head(self) -> int:
        """The position of the last fact; 0 for an empty record."""
        row = self._connection.execute(_HEAD).fetchone()
        return int(row[0]) if row else 0

    def stream(self, stream_id: UUID) -> list[Recorded]:
        """The facts of one stream in order."""
        return read_streams(self._connection, [stream_id], self._keys)

    def window(self, after: int, limit: int) -> list[Recorded]:
        """Up to `limit` facts past position `after`."""
        return read_window(self._connection, after, after + limit, self._keys)

    def close(self) -> None:
        self._connection.close()


class LibraryRecorder(PostgresApplicationRecorder):
    """The record as the eventsourcing library sees it: for its subscriptions, notification logs and tools.

    It reads; only the writer appends, because positions are given out under the lock on record.head.
    """

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        raise ProgrammingError("facts are appended by ledger.writer alone")


def library_recorder(url: str) -> LibraryRecorder:
    """The library's recorder on the database at `url`; close its `datastore` after use."""
    parts = conninfo_to_dict(url)
    datastore = PostgresDatastore(
        dbname=str(parts.get("dbname", "postgres")),
        host=str(parts.get("host", "")),
        port=str(parts.get("port", "5432")),
        user=str(parts.get("user", "postgres")),
        password=str(parts.get("password", "")),
        schema="record",
    )
    return LibraryRecorder(datastore, events_table_name="stored_events")

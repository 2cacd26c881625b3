"""Histories of facts put straight into the record, for tests of what reads it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import psycopg

from ledger.command import Draft
from ledger.ids import derived_id
from ledger.record import Fact, encode
from ledger.sealing import Keys, nonces, sealed, subject

START = datetime(2026, 1, 1, tzinfo=UTC)

_COPY = (
    "COPY record.stored_events (notification_id, recorded_at, originator_id, originator_version, book_id, "
    "actor_id, command_id, command, topic, state) FROM STDIN (FORMAT BINARY)"
)
_TYPES = ["int8", "timestamptz", "uuid", "int8", "uuid", "uuid", "uuid", "text", "text", "bytea"]


class Step(msgspec.Struct, frozen=True):
    """What one command of a history leads to, in one book."""

    book_id: UUID
    drafts: Sequence[Draft]
    command: str = "test"


def identity(*parts: str | int) -> UUID:
    """The same id for the same words, so that a history can be told again."""
    return derived_id("test", *map(str, parts))


class History:
    """Appends facts as the writer would, but decides nothing and leaves the registers alone."""

    def __init__(self, url: str, keys: Keys, actor_id: UUID | None = None, *, people: int = 1) -> None:
        """Of several `people` each in turn is who did it."""
        self._url = url
        self._keys = keys
        others = (identity("actor", number) for number in range(1, people))
        self._actors = (actor_id or identity("actor"), *others)
        self._versions: dict[UUID, int] = {}
        self._nonce = nonces()
        self.position = 0

    def append(self, steps: Iterable[Step]) -> int:
        """Records each step a second after the one before; the position of the last fact."""
        at = START
        with psycopg.connect(self._url) as connection, connection.cursor() as cursor:
            with cursor.copy(_COPY) as copy:
                copy.set_types(_TYPES)
                for step in steps:
                    command_id = identity("command", self.position)
                    at = START + timedelta(seconds=self.position)
                    actor_id = self._actors[self.position % len(self._actors)]
                    for draft in step.drafts:
                        stream_id, fact = draft.stream_id, draft.fact
                        self.position += 1
                        version = self._versions[stream_id] = self._versions.get(stream_id, 0) + 1
                        state = self._stored(fact, stream_id, version, step.book_id)
                        copy.write_row(
                            (
                                self.position,
                                at,
                                stream_id,
                                version,
                                step.book_id,
                                actor_id,
                                command_id,
                                step.command,
                                fact.topic,
                                state,
                            )
                        )
            cursor.execute("UPDATE record.head SET position = %s, recorded_at = %s", (self.position, at))
            cursor.execute("SELECT pg_notify('stored_events', %s)", (str(self.position),))
        return self.position

    def _stored(self, fact: Fact, stream_id: UUID, version: int, book_id: UUID) -> bytes:
        key = self._keys.of(subject(fact, stream_id, book_id))
        if fact.text and key is not None:
            fact = msgspec.structs.replace(fact, text=sealed(fact, stream_id, version, key, self._nonce))
        return encode(fact)

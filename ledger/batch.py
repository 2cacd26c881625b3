"""What one batch writes: the facts in order and the registers' changes, each by one statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import psycopg

from ledger import arrays
from ledger.command import Balance, Command
from ledger.loading import claim_digest
from ledger.memory import Memory
from ledger.money import EXACT
from ledger.record import Recorded
from ledger.sealing import Keys

CHANNEL = "stored_events"

_BEGIN_HEAD = "SELECT position, recorded_at FROM record.head FOR UPDATE"
_ANSWERED = (
    "SELECT command_id, first, last, request, answer FROM registers.commands WHERE command_id = ANY(%s)"
)
_FACTS = """
    INSERT INTO record.stored_events (notification_id, recorded_at, originator_id, originator_version,
                                      book_id, actor_id, command_id, command, topic, state)
    SELECT %s + row_number, %s, originator_id, originator_version,
           book_id, actor_id, command_id, command, topic, state
    FROM unnest(%s::uuid[], %s::bigint[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::bytea[])
         WITH ORDINALITY AS fact (originator_id, originator_version, book_id, actor_id, command_id, command,
                                  topic, state, row_number)
"""
_BALANCES = """
    INSERT INTO registers.balances AS b (account_id, currency, posted, pending, reserved)
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[]::numeric[], %s::text[]::numeric[], %s::text[]::numeric[])
    ON CONFLICT (account_id, currency) DO UPDATE SET
        posted = b.posted + excluded.posted,
        pending = b.pending + excluded.pending,
        reserved = b.reserved + excluded.reserved
"""
_DAYS = """
    INSERT INTO registers.days AS d (account_id, currency, date, posted, reserved)
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::date[], %s::text[]::numeric[], %s::text[]::numeric[])
    ON CONFLICT (account_id, currency, date) DO UPDATE SET
        posted = d.posted + excluded.posted,
        reserved = d.reserved + excluded.reserved
"""
_RELEASE = """
    DELETE FROM registers.claims c USING unnest(%s::uuid[], %s::text[], %s::bytea[]) AS gone (scope, kind, digest)
    WHERE c.scope = gone.scope AND c.kind = gone.kind AND c.digest = gone.digest
"""
_TAKE = """
    INSERT INTO registers.claims (scope, kind, digest, holder)
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::bytea[], %s::uuid[])
"""
_COMMANDS = """
    INSERT INTO registers.commands (command_id, first, last, request, answer)
    SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::bytea[], %s::bytea[])
"""
_HEAD = "UPDATE record.head SET position = %s, recorded_at = %s"
_NOTIFY = "SELECT pg_notify(%s, %s)"
_OTHERS = """
    SELECT DISTINCT originator_id FROM record.stored_events WHERE notification_id > %s AND notification_id <= %s
"""


class Head(NamedTuple):
    """The end of the log: the last position, and when that fact was recorded."""

    position: int
    recorded_at: datetime


class Answered(NamedTuple):
    """What an earlier command under the same idempotency key led to."""

    first: int
    last: int
    request: bytes
    balances: Sequence[tuple[UUID, str, Balance]]


_answers = msgspec.json.Decoder(list[tuple[UUID, str, Balance]])
_encode = msgspec.json.Encoder().encode
_minus = EXACT.subtract


def lock(
    connection: psycopg.Connection[Any], keyed: Sequence[UUID], wait_ms: int
) -> tuple[Head, dict[UUID, Answered]]:
    """Opens the transaction, takes the log's lock (at most `wait_ms`), and looks up which of the `keyed`
    commands were carried out before: one round trip. Raises psycopg.errors.LockNotAvailable."""
    with connection.pipeline():
        connection.execute("BEGIN")
        connection.execute(f"SET LOCAL lock_timeout = {int(wait_ms)}")
        head = connection.execute(_BEGIN_HEAD)
        answered = connection.execute(_ANSWERED, (arrays.uuids(keyed),), binary=True) if keyed else None
        row = head.fetchone()
        if row is None:
            raise psycopg.DataError("record.head has no row; run `numina migrate`")
        rows = answered.fetchall() if answered is not None else []
    return Head(*row), {r[0]: _answered(r) for r in rows}


def _answered(row: tuple[Any, ...]) -> Answered:
    return Answered(row[1], row[2], bytes(row[3]), _answers.decode(row[4]))


def streams_since(connection: psycopg.Connection[Any], seen: int, head: int) -> list[UUID]:
    """The streams that other processes appended to at positions `seen` (exclusive) to `head` (inclusive)."""
    return [row[0] for row in connection.execute(_OTHERS, (seen, head), binary=True)]


class Answer(NamedTuple):
    """A command with an idempotency key, to be remembered with what it led to."""

    command: Command
    first: int
    last: int
    balances: Sequence[tuple[UUID, str, Balance]]


def write(
    connection: psycopg.Connection[Any],
    head: Head,
    facts: Sequence[Recorded],
    answers: Sequence[Answer],
    memory: Memory,
    keys: Keys,
) -> None:
    """Appends the facts, brings the registers up to date and commits: one round trip, one flush."""
    with connection.pipeline():
        if facts:
            _append(connection, head.position, facts)
            _registers(connection, memory, keys)
            last = facts[-1]
            connection.execute(_HEAD, (last.position, last.recorded_at))
            connection.execute(_NOTIFY, (CHANNEL, str(last.position)))
        if answers:
            connection.execute(
                _COMMANDS,
                (
                    arrays.uuids([a.command.command_id for a in answers]),
                    arrays.bigints([a.first for a in answers]),
                    arrays.bigints([a.last for a in answers]),
                    arrays.byteas([a.command.request or b"" for a in answers]),
                    arrays.byteas([_encode(a.balances) for a in answers]),
                ),
            )
        connection.execute("COMMIT")


def _append(connection: psycopg.Connection[Any], base: int, facts: Sequence[Recorded]) -> None:
    connection.execute(
        _FACTS,
        (
            base,
            facts[0].recorded_at,
            arrays.uuids([f.stream_id for f in facts]),
            arrays.bigints([f.version for f in facts]),
            arrays.uuids([f.book_id for f in facts]),
            arrays.uuids([f.actor_id for f in facts]),
            arrays.uuids([f.command_id for f in facts]),
            arrays.texts([f.command for f in facts]),
            arrays.texts([f.topic for f in facts]),
            arrays.byteas([f.state for f in facts]),
        ),
    )


def _registers(connection: psycopg.Connection[Any], memory: Memory, keys: Keys) -> None:
    if memory.sums_before:
        # In order of key, so that no two statements could ever lock the same rows the other way round.
        changed = sorted(memory.sums_before.items())
        after = [memory.sums[key] for key, _ in changed]
        connection.execute(
            _BALANCES,
            (
                arrays.uuid_numbers([key[0] for key, _ in changed]),
                arrays.texts([key[1] for key, _ in changed]),
                arrays.numbers(
                    [_minus(a.posted, b.posted) for a, (_, b) in zip(after, changed, strict=True)]
                ),
                arrays.numbers(
                    [_minus(a.pending, b.pending) for a, (_, b) in zip(after, changed, strict=True)]
                ),
                arrays.numbers(
                    [_minus(a.reserved, b.reserved) for a, (_, b) in zip(after, changed, strict=True)]
                ),
            ),
        )
    if memory.day_changes:
        places = list(memory.day_changes)
        days = memory.day_changes.values()
        connection.execute(
            _DAYS,
            (
                arrays.uuid_numbers([p[0] for p in places]),
                arrays.texts([p[1] for p in places]),
                arrays.dates([p[2] for p in places]),
                arrays.numbers([d.posted for d in days]),
                arrays.numbers([d.reserved for d in days]),
            ),
        )
    if memory.name_changes:
        _names(connection, memory, keys)


def _names(connection: psycopg.Connection[Any], memory: Memory, keys: Keys) -> None:
    changes = [(claim, claim_digest(claim, keys), holder) for claim, holder in memory.name_changes.items()]
    # All are released before any is taken: a batch may free a name and give it to somebody else.
    connection.execute(
        _RELEASE,
        ([c.scope for c, _, _ in changes], [c.kind for c, _, _ in changes], [d for _, d, _ in changes]),
    )
    taken = [change for change in changes if change[2] is not None]
    if taken:
        connection.execute(
            _TAKE,
            (
                [c.scope for c, _, _ in taken],
                [c.kind for c, _, _ in taken],
                [d for _, d, _ in taken],
                [h for _, _, h in taken],
            ),
        )

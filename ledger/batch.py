"""What one batch writes: the facts in order and the registers' changes, each by one statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from ledger import arrays
from ledger.command import Balance, Command
from ledger.loading import claim_digest
from ledger.memory import Memory
from ledger.money import EXACT
from ledger.record import Recorded
from ledger.sealing import Keys

CHANNEL = "stored_events"

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
_ADVANCE = "SELECT record.advance(%s, %s, %s)"
_NOTIFY = "SELECT pg_notify(%s, %s)"

Statement = tuple[str, Sequence[Any]]


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


_encode = msgspec.json.Encoder().encode
_minus = EXACT.subtract


class Answer(NamedTuple):
    """A command with an idempotency key, to be remembered with what it led to."""

    command: Command
    first: int
    last: int
    balances: Sequence[tuple[UUID, str, Balance]]


class Batch:
    """Decided commands on their way into the record: from `head` on, all recorded at the instant `now`."""

    def __init__(self, head: Head, now: datetime) -> None:
        self.head = head
        self.now = now
        self.facts: list[Recorded] = []
        self.answers: list[Answer] = []
        # Streams that are hardly ever looked at again once the batch is stored.
        self.short_lived: list[int] = []
        # Commands that were found to have been carried out before.
        self.replayed: list[UUID] = []

    @property
    def reached(self) -> Head:
        """The head once the batch is stored."""
        return Head(self.head.position + len(self.facts), self.now) if self.facts else self.head

    def statements(self, memory: Memory, keys: Keys) -> list[Statement]:
        """What stores the batch, to be run in one transaction; `memory` holds what it changed in the registers."""
        if not self.facts and not self.answers:
            return []
        reached = self.reached
        statements: list[Statement] = [
            (_ADVANCE, (self.head.position, reached.position, reached.recorded_at))
        ]
        if self.facts:
            statements.append(_append(self.head.position, self.facts))
            statements.extend(_registers(memory, keys))
            statements.append((_NOTIFY, (CHANNEL, str(reached.position))))
        if self.answers:
            statements.append(_remember(self.answers))
        return statements


def _remember(answers: Sequence[Answer]) -> Statement:
    return (
        _COMMANDS,
        (
            arrays.uuids([a.command.command_id for a in answers]),
            arrays.bigints([a.first for a in answers]),
            arrays.bigints([a.last for a in answers]),
            arrays.byteas([a.command.request or b"" for a in answers]),
            arrays.byteas([_encode(a.balances) for a in answers]),
        ),
    )


def _append(base: int, facts: Sequence[Recorded]) -> Statement:
    return (
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


def _registers(memory: Memory, keys: Keys) -> Iterator[Statement]:
    if memory.sums_before:
        # In order of key, so that no two statements could ever lock the same rows the other way round.
        changed = sorted(memory.sums_before.items())
        after = [memory.sums[key] for key, _ in changed]
        yield (
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
        yield (
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
        yield from _names(memory, keys)


def _names(memory: Memory, keys: Keys) -> Iterator[Statement]:
    changes = [(claim, claim_digest(claim, keys), holder) for claim, holder in memory.name_changes.items()]
    # All are released before any is taken: a batch may free a name and give it to somebody else.
    yield (
        _RELEASE,
        ([c.scope for c, _, _ in changes], [c.kind for c, _, _ in changes], [d for _, d, _ in changes]),
    )
    taken = [change for change in changes if change[2] is not None]
    if taken:
        yield (
            _TAKE,
            (
                [c.scope for c, _, _ in taken],
                [c.kind for c, _, _ in taken],
                [d for _, d, _ in taken],
                [h for _, _, h in taken],
            ),
        )

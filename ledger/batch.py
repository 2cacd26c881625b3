"""What one batch writes: the facts in order and the registers' changes, as one statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple
from uuid import UUID

import msgspec

from ledger import arrays
from ledger.arrays import Array
from ledger.command import Balance
from ledger.loading import claim_digest
from ledger.memory import Memory
from ledger.money import EXACT, ZERO
from ledger.record import Recorded
from ledger.sealing import Keys

# The types of the parameters of record.append, in its order (migrations/0001_record.sql).
_PARAMETERS = [
    *("bigint", "bigint", "timestamptz"),
    *("uuid[]", "bigint[]", "uuid[]", "uuid[]", "uuid[]", "text[]", "text[]", "bytea[]"),
    *("uuid[]", "text[]", "text[]::numeric[]", "text[]::numeric[]", "text[]::numeric[]"),
    *("uuid[]", "text[]", "date[]", "text[]::numeric[]", "text[]::numeric[]"),
    *("uuid[]", "text[]", "bytea[]"),
    *("uuid[]", "text[]", "bytea[]", "uuid[]"),
    *("uuid[]", "bigint[]", "bigint[]", "bytea[]", "bytea[]"),
]
APPEND = f"SELECT record.append({', '.join(f'${n}::{kind}' for n, kind in enumerate(_PARAMETERS, 1))})"

_encode = msgspec.json.Encoder().encode
_minus = EXACT.subtract


class Head(NamedTuple):
    """The end of the log: the last position, and when that fact was recorded."""

    position: int
    recorded_at: datetime


class Answered(msgspec.Struct, frozen=True):
    """A command with an idempotency key that was carried out: the facts it led to (by position, inclusive; 0 for
    none), the digest of its request, and the balances that were answered."""

    command_id: UUID
    first: int
    last: int
    request: bytes
    balances: Sequence[tuple[UUID, str, Balance]]


class Batch:
    """Decided commands on their way into the record: from `head` on, all recorded at the instant `now`."""

    def __init__(self, head: Head, now: datetime) -> None:
        self.head = head
        self.now = now
        self.facts: list[Recorded] = []
        self.answers: list[Answered] = []
        # Changed streams that are hardly ever looked at again once the batch is stored: all those of transactions.
        self.short_lived: list[int] = []
        # Commands that were found to have been carried out before.
        self.replayed: list[int] = []

    @property
    def reached(self) -> Head:
        """The head once the batch is stored."""
        return Head(self.head.position + len(self.facts), self.now) if self.facts else self.head

    def parameters(self, memory: Memory, keys: Keys) -> list[bytes] | None:
        """The parameters of APPEND in binary form; `memory` holds what the batch changed in the registers. None
        when there is nothing to store."""
        if not self.facts and not self.answers:
            return None
        reached = self.reached
        made = chain(
            _facts(self.facts), _sums(memory), _days(memory), _names(memory, keys), _commands(self.answers)
        )
        return [
            arrays.bigint(self.head.position),
            arrays.bigint(reached.position),
            arrays.instant(reached.recorded_at),
            *(array.body for array in made),
        ]


def _facts(facts: Sequence[Recorded]) -> Iterator[Array]:
    yield arrays.uuids([f.stream_id for f in facts])
    yield arrays.bigints([f.version for f in facts])
    yield arrays.uuids([f.book_id for f in facts])
    yield arrays.uuids([f.actor_id for f in facts])
    yield arrays.uuids([f.command_id for f in facts])
    yield arrays.texts([f.command for f in facts])
    yield arrays.texts([f.topic for f in facts])
    yield arrays.byteas([f.state for f in facts])


def _sums(memory: Memory) -> Iterator[Array]:
    changed = list(memory.changed_sums())
    yield arrays.uuid_numbers([key[0] for key, _, _ in changed])
    yield arrays.texts([key[1] for key, _, _ in changed])
    for part in range(len(Balance._fields)):
        # What holds reserve seldom changes: it is the same object then.
        pairs = [(before[part], now[part]) for _, before, now in changed]
        yield arrays.numbers([ZERO if now is before else _minus(now, before) for before, now in pairs])


def _days(memory: Memory) -> Iterator[Array]:
    places = list(memory.day_changes)
    days = list(memory.day_changes.values())
    yield arrays.uuid_numbers([place[0] for place in places])
    yield arrays.texts([place[1] for place in places])
    yield arrays.dates([place[2] for place in places])
    yield arrays.numbers([day.posted for day in days])
    yield arrays.numbers([day.reserved for day in days])


def _names(memory: Memory, keys: Keys) -> Iterator[Array]:
    freed = [(claim, claim_digest(claim, keys)) for claim in memory.name_changes]
    yield arrays.uuids([claim.scope for claim, _ in freed])
    yield arrays.texts([claim.kind for claim, _ in freed])
    yield arrays.byteas([digest for _, digest in freed])
    taken = [(claim, digest, memory.name_changes[claim]) for claim, digest in freed]
    held = [(claim, digest, holder) for claim, digest, holder in taken if holder is not None]
    yield arrays.uuids([claim.scope for claim, _, _ in held])
    yield arrays.texts([claim.kind for claim, _, _ in held])
    yield arrays.byteas([digest for _, digest, _ in held])
    yield arrays.uuids([holder for _, _, holder in held])


def _commands(answers: Sequence[Answered]) -> Iterator[Array]:
    yield arrays.uuids([a.command_id for a in answers])
    yield arrays.bigints([a.first for a in answers])
    yield arrays.bigints([a.last for a in answers])
    yield arrays.byteas([a.request for a in answers])
    yield arrays.byteas([_encode(a.balances) for a in answers])

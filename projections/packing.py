"""Rows of a binary COPY packed by hand: a third of what a driver takes that looks at each value's type.

Transactions and postings are the rows that there are most of, and rebuilding is mostly writing them. The form is
that of the PostgreSQL manual's page on COPY, section "Binary Format"; an array or a numeric is as its array_send or
numeric_send writes it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from struct import Struct
from typing import LiteralString
from uuid import UUID

from psycopg import adapters
from psycopg.adapt import PyFormat

from projections.projection import Cursor

HEADER = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
TRAILER = b"\xff\xff"
DAY_ZERO = date(2000, 1, 1).toordinal()
"""The ordinal of the date that PostgreSQL counts days from."""
NULL = b"\xff\xff\xff\xff"
_CHUNK = 500
# Type oids of PostgreSQL's catalog (pg_type.dat).
_TEXT, _UUID = 25, 2950
_NEGATIVE = b"\x40\0"
"""The sign of a numeric, the third of its 16-bit fields."""

_INSTANT_ZERO = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_size = Struct("!i").pack
_timestamp = Struct("!iq").pack
# The length of it all; the dimensions; whether any element is NULL; their type; and how many from which number on.
_empty_array = Struct("!iiiI").pack
_begin_array = Struct("!iiiIii").pack
_numeric = adapters.get_dumper(Decimal, PyFormat.BINARY)(Decimal).dump


@lru_cache(maxsize=1_000)
def text(value: str) -> bytes:
    """A short text that occurs again and again, with its length before it."""
    raw = value.encode()
    return _size(len(raw)) + raw


@lru_cache(maxsize=20_000)
def identity(number: int) -> bytes:
    """The UUID of a number, with its length before it. A number is hashed in C."""
    return _size(16) + number.to_bytes(16)


def words(value: str | None) -> bytes:
    """A text of any length, or nothing, with its length before it."""
    if value is None:
        return NULL
    raw = value.encode()
    return _size(len(raw)) + raw


@lru_cache(maxsize=1_000)
def instant(value: datetime | None) -> bytes:
    """A timestamptz, or nothing, with its length before it. All facts of a batch have the same."""
    return NULL if value is None else _timestamp(8, (value - _INSTANT_ZERO) // _MICROSECOND)


def texts(values: Sequence[str | None] | None) -> bytes:
    """A text[], or nothing, with its length before it."""
    return NULL if values is None else _array(_TEXT, [words(value) for value in values])


def identities(values: Sequence[UUID] | None) -> bytes:
    """A uuid[], or nothing, with its length before it."""
    return NULL if values is None else _array(_UUID, [identity(value.int) for value in values])


def _array(element: int, packed: Sequence[bytes]) -> bytes:
    """An array of one dimension that begins at 1, or an empty one."""
    if not packed:
        return _empty_array(12, 0, 0, element)
    elements = b"".join(packed)
    return _begin_array(20 + len(elements), 1, NULL in packed, element, len(packed), 1) + elements


def amount(value: Decimal) -> bytes:
    """A numeric with its length before it."""
    digits = str(value)
    return _both(digits[1:])[1] if digits[0] == "-" else _both(digits)[0]


@lru_cache(maxsize=50_000)
def _both(digits: str) -> tuple[bytes, bytes]:
    """The numeric of some digits without a sign, and its opposite: the two legs of a transaction, as a rule.
    It is named by its digits, because equal decimals of different scale would share a place in the cache and be
    stored with the scale of whichever came first."""
    raw = bytes(_numeric(Decimal(digits)) or b"")
    size = _size(len(raw))
    # Zero has no digits, and no sign.
    return size + raw, size + (raw[:4] + _NEGATIVE + raw[6:] if raw[:2] != b"\0\0" else raw)


def copy_packed(cursor: Cursor, statement: LiteralString, rows: Iterable[bytes]) -> None:
    """Runs `statement`, a COPY ... FROM STDIN (FORMAT BINARY), with rows that are packed for it. They had better be
    packed as they are taken: PostgreSQL works on some meanwhile."""
    coming = iter(rows)
    with cursor.copy(statement) as stream:
        stream.write(HEADER)
        while chunk := b"".join(islice(coming, _CHUNK)):
            stream.write(chunk)
        stream.write(TRAILER)

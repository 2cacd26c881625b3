"""PostgreSQL arrays in binary wire form, made in one pass: what a batch sends would otherwise cost more to
convert, value by value, than to store."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.pq import Format

from ledger.money import ZERO

# Type oids of PostgreSQL's catalog (pg_type.dat): element, array.
_UUID, _UUIDS = 2950, 2951
_TEXT, _TEXTS = 25, 1009
_BIGINT, _BIGINTS = 20, 1016
_BYTEA, _BYTEAS = 17, 1001
_DATE, _DATES = 1082, 1182

_EPOCH = date(2000, 1, 1).toordinal()
_INSTANT_ZERO = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_BIGINT_VALUE = struct.Struct(">q")
_LENGTH = struct.Struct(">i")
_EIGHT = struct.Struct(">iq")
_FOUR = struct.Struct(">ii")
_HEADER = struct.Struct(">iiIii")


def bigint(value: int) -> bytes:
    """One bigint, as a parameter of its own."""
    return _BIGINT_VALUE.pack(value)


def instant(value: datetime) -> bytes:
    """One timestamptz, as a parameter of its own: microseconds since 2000."""
    return _BIGINT_VALUE.pack((value - _INSTANT_ZERO) // _MICROSECOND)


class Array:
    """An array ready to be sent; `oid` is the array type's."""

    __slots__ = ("body", "oid")

    def __init__(self, oid: int, element: int, count: int, elements: bytes) -> None:
        self.oid = oid
        self.body = _HEADER.pack(1, 0, element, count, 1) + elements


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def get_key(self, obj: Array, format: Any) -> Any:  # noqa: A002  # psycopg's name
        return (type(obj), obj.oid)

    def upgrade(self, obj: Array, format: Any) -> Dumper:  # noqa: A002  # psycopg's name
        dumper = _ArrayDumper(type(obj))
        dumper.oid = obj.oid
        return dumper

    def dump(self, obj: Array) -> bytes:
        return obj.body


def register(connection: AdaptContext) -> None:
    """Lets `connection` take Arrays as parameters."""
    connection.adapters.register_dumper(Array, _ArrayDumper)


def uuids(values: Sequence[UUID]) -> Array:
    return uuid_numbers([value.int for value in values])


def uuid_numbers(values: Sequence[int]) -> Array:
    """UUIDs given by their integers."""
    size = b"\x00\x00\x00\x10"
    elements = size + size.join([value.to_bytes(16, "big") for value in values])
    return Array(_UUIDS, _UUID, len(values), elements if values else b"")


def texts(values: Sequence[str]) -> Array:
    """Mostly few different ones: each is packed once."""
    packed = {value: _text(value) for value in set(values)}
    return Array(_TEXTS, _TEXT, len(values), b"".join([packed[value] for value in values]))


def numbers(values: Sequence[Decimal]) -> Array:
    """Exact decimals, as text that the statement casts to numeric[]; many of them ZERO."""
    elements = b"".join([_ZERO if value is ZERO else _text(str(value)) for value in values])
    return Array(_TEXTS, _TEXT, len(values), elements)


def _text(value: str) -> bytes:
    raw = value.encode()
    return _LENGTH.pack(len(raw)) + raw


_ZERO = _text("0")


def bigints(values: Sequence[int]) -> Array:
    pack = _EIGHT.pack
    return Array(_BIGINTS, _BIGINT, len(values), b"".join([pack(8, value) for value in values]))


def byteas(values: Sequence[bytes]) -> Array:
    pack = _LENGTH.pack
    parts = [part for value in values for part in (pack(len(value)), value)]
    return Array(_BYTEAS, _BYTEA, len(values), b"".join(parts))


def dates(values: Sequence[date]) -> Array:
    pack = _FOUR.pack
    parts = [pack(4, value.toordinal() - _EPOCH) for value in values]
    return Array(_DATES, _DATE, len(values), b"".join(parts))

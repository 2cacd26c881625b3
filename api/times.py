"""The two times of a question: `as_of` in the world, and `known_at` in the record."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import psycopg
from pydantic import Field, TypeAdapter, ValidationError

from api.fields import CivilDate, Instant
from ledger.refusals import InvalidValue
from projections.instants import position_at

AsOf = Annotated[
    CivilDate | None,
    Field(description="At the end of this date; without it everything counts, whatever its date."),
]
KnownAt = Annotated[
    str | None,
    Field(
        max_length=40,
        description="What was known then: a position, or an instant such as 2026-03-01T12:00:00Z.",
        examples=["1204"],
    ),
]

_INSTANT: TypeAdapter[dt.datetime] = TypeAdapter(Instant)


async def known_position(
    connection: psycopg.AsyncConnection[Any], known_at: str | None, newest: int
) -> int | None:
    """The position that a question is asked at; None for now. Raises InvalidValue for what is neither a
    position up to `newest` nor an instant."""
    if known_at is None:
        return None
    if known_at.isascii() and known_at.isdigit():
        position = int(known_at)
        if position > newest:
            raise InvalidValue(
                f"Nothing is recorded at {position} yet; the last position is {newest}.",
                field="known_at",
                newest=newest,
            )
        return position
    try:
        # In a query string, an unescaped "+" of an offset arrives as a space.
        instant = _INSTANT.validate_python(known_at.replace(" ", "+"))
    except ValidationError:
        raise InvalidValue(
            "known_at is a position, or an instant with its offset such as 2026-03-01T12:00:00Z.",
            field="known_at",
        ) from None
    return await position_at(connection, instant)

"""The types that request models are made of, each with the bounds that keep bad input out."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    WithJsonSchema,
)

from ledger.clock import FIRST_DATE, LAST_DATE

FIRST_DAY, LAST_DAY = FIRST_DATE, LAST_DATE
_FIRST_INSTANT = dt.datetime(FIRST_DAY.year, 1, 1, tzinfo=dt.UTC)
_LAST_INSTANT = dt.datetime(LAST_DAY.year + 1, 1, 1, tzinfo=dt.UTC)
MAX_METADATA_DEPTH = 6
MAX_METADATA_VALUES = 200
SAFE_INTEGER = 2**53 - 1

# No C0 and C1 control characters; in notes, line breaks and tabs are welcome.
_LINE = r"^[^\x00-\x1f\x7f-\x9f]*$"
_CIVIL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_PROSE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"


class Body(BaseModel):
    """The base of request bodies: nothing is converted, and unknown fields are refused, so that a misspelt
    field is never silently ignored."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Query(BaseModel):
    """The base of query strings: text is converted, unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _plain(value: JsonValue, depth: int, left: list[int]) -> None:
    left[0] -= 1
    if left[0] < 0:
        raise ValueError(f"At most {MAX_METADATA_VALUES} values.")
    if depth > MAX_METADATA_DEPTH:
        raise ValueError(f"Nested more than {MAX_METADATA_DEPTH} levels deep.")
    match value:
        case str() if any((c < " " and c not in "\t\n\r") or "\x7f" <= c <= "\x9f" for c in value):
            raise ValueError("Control characters are not allowed here.")
        case bool() | None | str():
            pass
        case int() | float() if not -SAFE_INTEGER <= value <= SAFE_INTEGER:
            raise ValueError("Numbers beyond 2^53 are refused; write them as strings.")
        case list():
            for item in value:
                _plain(item, depth + 1, left)
        case dict():
            for name, item in value.items():
                _plain(name, depth, left)
                _plain(item, depth + 1, left)
        case _:
            pass


def _metadata(value: dict[str, Any]) -> dict[str, Any]:
    _plain(value, 0, [MAX_METADATA_VALUES])
    return value


def _date(value: object) -> object:
    """Reads the one form of a date; pydantic would take "1767225600" for seconds since 1970."""
    if not isinstance(value, str):
        return value
    if _CIVIL.fullmatch(value) is None:
        raise ValueError("A date is written YYYY-MM-DD.")
    try:
        date = dt.date.fromisoformat(value)
    except ValueError:
        raise ValueError("There is no such day in the calendar.") from None
    if not FIRST_DAY <= date <= LAST_DAY:
        raise ValueError(f"Dates go from {FIRST_DAY} to {LAST_DAY}.")
    return date


def _instant(value: object) -> object:
    if not isinstance(value, str):
        return value
    if _RFC3339.fullmatch(value) is None:
        raise ValueError("An instant is written YYYY-MM-DDTHH:MM:SS with Z or an offset.")
    try:
        instant = dt.datetime.fromisoformat(value.upper())
    except ValueError:
        raise ValueError("There is no such instant in the calendar.") from None
    if not _FIRST_INSTANT <= instant < _LAST_INSTANT:
        raise ValueError(f"Instants go from {FIRST_DAY} to {LAST_DAY}.")
    return instant


Line = Annotated[str, StringConstraints(max_length=500, pattern=_LINE)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_LINE, strip_whitespace=True)]
Email = Annotated[
    str,
    StringConstraints(
        max_length=254,
        strip_whitespace=True,
        pattern=r"^[^\x00-\x20\x7f-\x9f@]{1,64}@[^\x00-\x20\x7f-\x9f@]{1,189}$",
    ),
    Field(examples=["ada@example.com"]),
]
Zone = Annotated[str, StringConstraints(max_length=64), Field(examples=["Europe/Berlin"])]
Locale = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}$"), Field(examples=["en"])
]
Word = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_LINE, strip_whitespace=True)]
Notes = Annotated[str, StringConstraints(max_length=10_000, pattern=_PROSE)]
Currency = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z][A-Z0-9._'-]{0,23}$"),
    Field(
        description="ISO 4217 code, or the code of a commodity that an account was opened with.",
        examples=["USD"],
    ),
]
Amount = Annotated[
    str,
    StringConstraints(max_length=64),
    Field(
        description="Plain decimal digits as a string, at most as many decimals as the currency has.",
        examples=["12.34"],
    ),
]
Metadata = Annotated[
    dict[str, JsonValue],
    AfterValidator(_metadata),
    WithJsonSchema(
        {"type": "object", "additionalProperties": True, "description": "Any JSON object of yours."}
    ),
]
CivilDate = Annotated[
    dt.date,
    BeforeValidator(_date),
    Field(description="A civil date in the book's time zone.", examples=["2026-03-01"]),
]
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_instant),
    Field(description="RFC 3339, with offset.", examples=["2026-03-01T12:00:00Z"]),
]
Id = UUID

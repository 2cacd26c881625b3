"""Time is passed in: a clock is anything that tells the present instant in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

# A ledger of living people: civil dates outside these are typing errors. The first one also stands for "before
# anything that is recorded here", where an opening balance without a date belongs.
FIRST_DATE = date(1900, 1, 1)
LAST_DATE = date(2200, 12, 31)


class Clock(Protocol):
    def __call__(self) -> datetime: ...


def system_clock() -> datetime:
    """The present instant, aware, in UTC, with microseconds."""
    return datetime.now(UTC)


def civil_date(instant: datetime, time_zone: str) -> date:
    """The date on the wall of somebody living in the IANA zone `time_zone` at `instant`."""
    return instant.astimezone(ZoneInfo(time_zone)).date()

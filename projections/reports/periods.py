"""Stretches of civil dates that reports are broken down by: calendar periods cut off at the asked-for range."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from ledger.refusals import Refusal
from projections.sums import LAST_DAY, By

MOST = 4_000
"""Ten years of days."""
_DAY = timedelta(days=1)


class RangeBackwards(Refusal):
    """A range of dates must not end before it begins."""

    code = "range_backwards"


class TooManyPeriods(Refusal):
    """A report shows at most 4,000 periods."""

    code = "too_many_periods"


class Period(NamedTuple):
    """From `first` to `last`, both inclusive. `start` is the first day of the whole calendar period, which may
    lie before `first`."""

    start: date
    first: date
    last: date


def periods(first: date, last: date, by: By) -> list[Period]:
    """The calendar periods from `first` to `last` (both inclusive), the outer ones cut off there; nothing is
    dated after LAST_DAY. A week begins on Monday (ISO 8601). Raises RangeBackwards, TooManyPeriods."""
    first, last = min(first, LAST_DAY), min(last, LAST_DAY)
    if last < first:
        raise RangeBackwards(f"The range ends on {last}, before it begins on {first}.", field="to")
    found: list[Period] = []
    for start, after in _calendar(first, by):
        if start > last:
            break
        if len(found) == MOST:
            raise TooManyPeriods(f"From {first} to {last} are more than {MOST} periods.", field="from")
        found.append(Period(start, max(start, first), min(after - _DAY, last)))
    return found


def start_of(day: date, by: By) -> date:
    """The first day of the calendar period that `day` lies in."""
    match by:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday()) if day > date(1, 1, 7) else date(1, 1, 1)
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            return day.replace(month=1, day=1)


def day_before(day: date) -> date:
    """The day before; for the first day that there is, itself: nothing is dated then."""
    return day - _DAY if day > date.min else day


def end_of_month(month: date) -> date:
    """The last day of the month that begins on `month`."""
    return _next(month, "month") - _DAY


def _calendar(first: date, by: By) -> Iterator[tuple[date, date]]:
    """Each period's first day and the one after its last, from that which holds `first` on."""
    start = start_of(first, by)
    while start <= LAST_DAY:
        after = _next(start, by)
        yield start, after
        start = after


def _next(start: date, by: By) -> date:
    if by in ("day", "week"):
        return start + timedelta(days=1 if by == "day" else 7)
    months = {"month": 1, "quarter": 3, "year": 12}[by]
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, 1) if year <= date.max.year else LAST_DAY + _DAY

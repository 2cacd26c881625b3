"""Time zones by their IANA names; an offset says nothing about next summer and is not one."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from ledger.refusals import Refusal


class UnknownTimeZone(Refusal):
    """A time zone is an IANA name such as Europe/Berlin."""

    code = "unknown_time_zone"


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones()) - {"Factory", "localtime"}


def check_zone(name: str, *, field: str = "time_zone") -> None:
    """Raises UnknownTimeZone unless `name` is a zone or link of the IANA database."""
    if name not in _names():
        raise UnknownTimeZone(
            f"{name[:64]!r} is not an IANA time zone. Use a name such as Europe/Berlin or UTC.", field=field
        )

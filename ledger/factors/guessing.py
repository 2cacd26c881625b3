"""How guessing codes is slowed down: pure arithmetic on how often it went wrong, and when."""

from __future__ import annotations

from datetime import datetime, timedelta

from ledger.factors.events import UserFactorFailed
from ledger.factors.factors import Factors

# A code has a million values, of which three are right at a time. Whoever has the password, and tries whenever they
# may, has some forty tries on the first day and then 24 a day: they get in once in forty years.
FREE = 5
FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(hours=1)
FORGOTTEN_AFTER = timedelta(days=1)


def pause_left(factors: Factors, now: datetime) -> timedelta:
    """For how long no code is looked at; zero for not at all."""
    return max(factors.paused_until - now, timedelta()) if factors.paused_until else timedelta()


def failed(factors: Factors, method: str, now: datetime) -> UserFactorFailed:
    """One more wrong code: from the fifth in a row on there is a pause, each twice as long as the one before, up to
    an hour. After a day without a wrong one the row begins anew."""
    lately = factors.failed_at is not None and now - factors.failed_at < FORGOTTEN_AFTER
    failures = (factors.failures if lately else 0) + 1
    until = None
    if failures >= FREE:
        until = now + min(FIRST_PAUSE * 2 ** min(failures - FREE, 30), LONGEST_PAUSE)
    return UserFactorFailed(method=method, failures=failures, failed_at=now, paused_until=until)

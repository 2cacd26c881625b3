"""Letters about the codes of second factors: that there are new ones, that one was used, that somebody guesses."""

from __future__ import annotations

from ledger.factors.events import UserFactorFailed, UserRecoveryCodeUsed
from ledger.factors.guessing import FREE
from ledger.record import Recorded
from scheduler.letters.desk import Desk
from scheduler.letters.letter import Letter
from scheduler.letters.notices import CHANGE, notice


def made(recorded: Recorded, desk: Desk) -> Letter | None:
    """To who has other recovery codes."""
    return notice(
        desk,
        recorded.stream_id,
        "You have new recovery codes",
        "New recovery codes were made for your account at Numina. Earlier ones are of no use any more.",
        CHANGE,
    )


def used(recorded: Recorded, desk: Desk) -> Letter | None:
    """To as whom somebody proved to be with a recovery code."""
    user = desk.person(recorded.stream_id)
    assert isinstance(recorded.fact, UserRecoveryCodeUsed)  # noqa: S101  # by its topic
    if user is None:
        return None
    left = len(user.factors.recovery_codes)
    return notice(
        desk,
        recorded.stream_id,
        "A recovery code was used",
        "Somebody proved to be you at Numina with a recovery code. "
        + (f"You have {left} left." if left else "It was the last one: make new ones."),
        CHANGE,
    )


def guessed(recorded: Recorded, desk: Desk) -> Letter | None:
    """To whose codes are guessed at. Once for each row of wrong ones: whoever does it must not flood them."""
    assert isinstance(recorded.fact, UserFactorFailed)  # noqa: S101  # by its topic
    if recorded.fact.failures != FREE:
        return None
    return notice(
        desk,
        recorded.stream_id,
        "Wrong codes were sent for your account",
        f"Somebody sent {FREE} wrong codes for your account at Numina, one after the other. From now on each is "
        "followed by a pause. Nobody was let in by them.",
        "If it was not you, they have your password, or are signed in as you. Choose another password at once; that "
        "signs you out everywhere else.",
    )

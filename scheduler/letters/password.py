"""Letters about somebody's password."""

from __future__ import annotations

from ledger.mailbox.events import UserResetAsked
from ledger.record import Recorded
from scheduler.letters.desk import Desk
from scheduler.letters.letter import Letter


def reset(recorded: Recorded, desk: Desk) -> Letter | None:
    """To who asked for a new password, or whom somebody asked one for."""
    fact, user = recorded.fact, desk.person(recorded.stream_id)
    assert isinstance(fact, UserResetAsked)  # noqa: S101  # by its topic
    if user is None or not user.mailbox.awaits("reset", fact.asked_at, desk.now):
        return None
    address = user.text["email"]
    return Letter(
        to=address,
        subject="Choose a new password",
        parts=(
            "Somebody asked to choose a new password for your account at Numina.",
            desk.link("reset", "Choose a new password", user.user_id, address, fact.asked_at),
            "The link is good once, and for half an hour. If it was not you, there is nothing to do.",
        ),
    )


def changed(recorded: Recorded, desk: Desk) -> Letter | None:
    """To who has another password."""
    user = desk.person(recorded.stream_id)
    if user is None:
        return None
    return Letter(
        to=user.text["email"],
        subject="Your password was changed",
        parts=(
            "The password of your account at Numina was changed, and you were signed out everywhere else.",
            'If it was not you, choose "forgot password" where you sign in: only who reads your mail can do that.',
        ),
    )

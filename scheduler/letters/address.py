"""Letters about somebody's address: is it theirs, and where did it go."""

from __future__ import annotations

from datetime import datetime

from ledger.identity.user import User
from ledger.mailbox.events import UserEmailChangeAsked, UserEmailChanged, UserVerificationAsked
from ledger.mailbox.mailbox import GOOD_FOR
from ledger.record import Recorded
from scheduler.letters.desk import Desk
from scheduler.letters.letter import Letter

_IF_NOT_YOU = "If it was not you, there is nothing to do: nothing happens without the link."


def welcome(recorded: Recorded, desk: Desk) -> Letter | None:
    """To who registered: is this address theirs?"""
    return _verification(recorded, desk, recorded.recorded_at)


def verification(recorded: Recorded, desk: Desk) -> Letter | None:
    """The same once more, for who asked for it."""
    fact = recorded.fact
    assert isinstance(fact, UserVerificationAsked)  # noqa: S101  # by its topic
    return _verification(recorded, desk, fact.asked_at)


def wanted(recorded: Recorded, desk: Desk) -> Letter | None:
    """To the address that somebody wants in place of theirs."""
    fact, user = recorded.fact, desk.person(recorded.stream_id)
    assert isinstance(fact, UserEmailChangeAsked)  # noqa: S101  # by its topic
    if user is None or not user.mailbox.awaits("change", fact.asked_at, desk.now):
        return None
    address = user.mailbox.wanted
    return Letter(
        to=address,
        subject="Confirm your new address",
        parts=(
            "Somebody with an account at Numina wants to use this address for it.",
            desk.link("change", "Use this address", user.user_id, address, fact.asked_at),
            f"The link is good for a day. {_IF_NOT_YOU}",
        ),
    )


def moved(recorded: Recorded, desk: Desk) -> Letter | None:
    """To the address that somebody had before."""
    fact, user = recorded.fact, desk.person(recorded.stream_id)
    assert isinstance(fact, UserEmailChanged)  # noqa: S101  # by its topic
    previous = fact.text.get("previous")
    if user is None or not previous:
        return None
    return Letter(
        to=previous,
        subject="Your account has another address",
        parts=(
            "Your account at Numina was given another e-mail address, for signing in and for letters.",
            "If it was not you, somebody else has your password: tell those who operate the service at once.",
        ),
    )


def _verification(recorded: Recorded, desk: Desk, asked_at: datetime) -> Letter | None:
    user = desk.person(recorded.stream_id)
    if user is None or user.verified or desk.now - asked_at > GOOD_FOR["verify"]:
        return None
    return _ask(user, desk, asked_at)


def _ask(user: User, desk: Desk, asked_at: datetime) -> Letter:
    address = user.text["email"]
    return Letter(
        to=address,
        subject="Confirm your address",
        parts=(
            "Somebody registered at Numina with this address. If that was you, confirm that it is yours.",
            desk.link("verify", "Confirm your address", user.user_id, address, asked_at),
            f"The link is good for seven days. {_IF_NOT_YOU}",
        ),
    )

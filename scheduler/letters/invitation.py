"""The letter to somebody who is invited to share a book."""

from __future__ import annotations

from ledger.invitations.events import InvitationSent
from ledger.record import Recorded
from scheduler.letters.desk import Desk
from scheduler.letters.letter import Letter


def invited(recorded: Recorded, desk: Desk) -> Letter | None:
    """To the address, by name of nobody but who invites, whose own address is verified. Their message is shown where
    the invitation is answered."""
    fact, invitation = recorded.fact, desk.invitation(recorded.stream_id)
    assert isinstance(fact, InvitationSent)  # noqa: S101  # by its topic
    address = fact.text.get("email")
    if invitation is None or not invitation.good(desk.now) or not address:
        return None
    inviter = desk.person(fact.by)
    if inviter is None:
        return None
    return Letter(
        to=address,
        subject="You are invited to share a book",
        parts=(
            f"{inviter.text['email']} invites you to share a book at Numina, where people keep their money in order.",
            f"To accept, sign in at {desk.public_url} with this address, or register with it.",
            f"If you are asked for a code, it is {desk.code(recorded.stream_id)}",
            f"The invitation is good until {fact.expires_at:%d %B %Y}. If you do not want it, do nothing.",
        ),
    )

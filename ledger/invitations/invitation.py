"""An invitation as its facts make it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from ledger.books.roles import LesserRole
from ledger.command import Claim
from ledger.ids import NIL
from ledger.invitations.events import (
    InvitationAccepted,
    InvitationDeclined,
    InvitationSent,
    InvitationWithdrawn,
)
from ledger.mailbox.claims import email_claim
from ledger.record import Fact
from ledger.refusals import Refusal

Status = Literal["open", "accepted", "declined", "withdrawn"]
MOST_OPEN = 20
"""So many invitations to a book can be open at a time: its places."""
ADDRESS, PLACE, LETTER = "invited address", "place of an invitation", "letter of an invitation"


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """`by` is who sent it; `answered_by` who accepted or declined it. `text` holds email and message while it is
    open, and nothing after. One that has expired is as open as any, but can only be replaced."""

    invitation_id: UUID
    book_id: UUID
    role: LesserRole
    by: UUID
    place: int
    expires_at: datetime
    letter: str = ""
    status: Status = "open"
    answered_by: UUID | None = None
    text: Mapping[str, str] = {}

    def claims(self) -> tuple[Claim, ...]:
        """An address has one open invitation to a book, a book so many as it has places, and a person has so many
        letters sent on a day, whatever became of them."""
        letter = (letter_claim(self.by, self.letter),) if self.letter else ()
        if self.status != "open":
            return letter
        email = self.text.get("email")
        address = (address_claim(self.book_id, email),) if email else ()
        return (*address, place_claim(self.book_id, self.place), *letter)

    def good(self, now: datetime) -> bool:
        """Whether it can be accepted."""
        return self.status == "open" and now < self.expires_at

    def addressed_to(self, email: str | None) -> bool:
        """Whether it was sent to this address, however either is written."""
        invited = self.text.get("email")
        return bool(email and invited) and email_claim(email or "") == email_claim(invited or "")


class InvitationUnreadable(Refusal):
    """An invitation's facts do not follow from each other."""

    code = "invitation_unreadable"
    status = 409


def address_claim(book_id: UUID, email: str) -> Claim:
    return Claim(book_id, ADDRESS, email_claim(email).text)


def place_claim(book_id: UUID, place: int) -> Claim:
    return Claim(book_id, PLACE, str(place))


def letter_claim(by: UUID, letter: str) -> Claim:
    return Claim(NIL, LETTER, f"{by}/{letter}")


def evolve(invitation: Invitation | None, fact: Fact, stream_id: UUID, book_id: UUID) -> Invitation:
    """The invitation after `fact`."""
    if isinstance(fact, InvitationSent):
        return Invitation(
            invitation_id=stream_id,
            book_id=book_id,
            role=fact.role,
            by=fact.by,
            place=fact.place,
            expires_at=fact.expires_at,
            letter=fact.letter,
            text=fact.text,
        )
    if invitation is None:
        raise InvitationUnreadable(f"invitation {stream_id} does not begin with its sending")
    match fact:
        case InvitationAccepted(user_id=user_id):
            return _over(invitation, "accepted", user_id)
        case InvitationDeclined(user_id=user_id):
            return _over(invitation, "declined", user_id)
        case InvitationWithdrawn():
            return _over(invitation, "withdrawn", None)
        case _:
            raise InvitationUnreadable(f"{fact.topic} is not a fact of invitations")


def _over(invitation: Invitation, status: Status, by: UUID | None) -> Invitation:
    return msgspec.structs.replace(invitation, status=status, answered_by=by, text={})

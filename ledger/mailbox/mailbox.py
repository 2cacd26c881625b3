"""Somebody's address as their facts make it, and which letters to it can still be answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from ledger.command import Claim
from ledger.mailbox.addresses import CASEFOLDED, NORMAL
from ledger.mailbox.claims import email_claim, typed_claim
from ledger.mailbox.events import (
    UserEmailChangeAsked,
    UserEmailChanged,
    UserEmailVerified,
    UserReclaimed,
    UserResetAsked,
    UserVerificationAsked,
)

MailboxFact = (
    UserEmailChangeAsked
    | UserEmailChanged
    | UserEmailVerified
    | UserReclaimed
    | UserResetAsked
    | UserVerificationAsked
)
Purpose = Literal["verify", "change", "reset"]

GOOD_FOR: dict[Purpose, timedelta] = {
    "verify": timedelta(days=7),
    "change": timedelta(days=1),
    "reset": timedelta(minutes=30),
}
"""How long a letter can be answered."""

# Whoever is refused another letter to reset a password has had three within the time for which they are good: a
# stranger who asks for them all the time keeps nobody from resetting theirs.
MOST_LETTERS = 3
LETTERS_WITHIN: dict[Purpose, timedelta] = {
    "verify": timedelta(hours=1),
    "change": timedelta(hours=1),
    "reset": GOOD_FOR["reset"],
}


class Mailbox(msgspec.Struct, frozen=True, kw_only=True):
    """`address_form` is the form under which the address is held; `wanted` the address that was asked for and not
    confirmed yet, empty if none was. `verify`, `change` and `reset` are when the last few letters of each kind were
    asked for; of the first two kinds they only bound how many there are. `reclaimed_at` as UserReclaimed has it."""

    address_form: int = CASEFOLDED
    verified: bool = False
    wanted: str = ""
    verify: Sequence[datetime] = ()
    change: Sequence[datetime] = ()
    reset: Sequence[datetime] = ()
    reclaimed_at: datetime | None = None

    def held(self, address: str) -> Claim:
        """What their present address is held by."""
        return email_claim(address) if self.address_form == NORMAL else typed_claim(address)

    def has_room(self, purpose: Purpose, now: datetime) -> bool:
        """Whether another letter may be asked for."""
        asked: Sequence[datetime] = getattr(self, purpose)
        return sum(now - at < LETTERS_WITHIN[purpose] for at in asked) < MOST_LETTERS

    def awaits(self, purpose: Purpose, asked_at: datetime, now: datetime) -> bool:
        """Whether the letter that was asked for then can still be answered."""
        if now - asked_at > GOOD_FOR[purpose]:
            return False
        if purpose == "verify":
            return True
        return asked_at in self.reset if purpose == "reset" else asked_at in self.change[-1:]


def evolve(mailbox: Mailbox, fact: MailboxFact) -> Mailbox:
    """The mailbox after one of its facts."""
    match fact:
        case UserVerificationAsked(asked_at=at):
            return msgspec.structs.replace(mailbox, verify=_last(mailbox.verify, at))
        case UserEmailVerified():
            return msgspec.structs.replace(mailbox, verified=True)
        case UserEmailChangeAsked(asked_at=at, text=text):
            change = _last(mailbox.change, at)
            return msgspec.structs.replace(mailbox, wanted=text.get("wanted", ""), change=change)
        case UserEmailChanged(address_form=form):
            # Letters to the address before are void.
            return Mailbox(
                address_form=form, verified=True, verify=mailbox.verify, reclaimed_at=mailbox.reclaimed_at
            )
        case UserReclaimed(reclaimed_at=at):
            return msgspec.structs.replace(mailbox, reclaimed_at=at, wanted="")
        case UserResetAsked(asked_at=at):
            return msgspec.structs.replace(mailbox, reset=_last(mailbox.reset, at))


def answered(mailbox: Mailbox) -> Mailbox:
    """The mailbox once the password was changed: letters that would allow another are void, and so is the wish for
    another address, which may be that of whoever knew the password before."""
    return msgspec.structs.replace(mailbox, reset=(), wanted="")


def _last(asked: Sequence[datetime], at: datetime) -> tuple[datetime, ...]:
    return (*asked, at)[-MOST_LETTERS:]

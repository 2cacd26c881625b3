"""Inviting somebody to a book, and what becomes of that.

Who answers an invitation must have its address, and have shown so: to anybody else there is no such invitation.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from ledger.books.belonging import MOST_MEMBERS, book_of
from ledger.books.book import Book
from ledger.books.events import BookMemberJoined
from ledger.books.refusals import AlreadyMember, TooManyMembers
from ledger.books.roles import LesserRole
from ledger.command import Claim, Command, Draft, State
from ledger.identity.present import present
from ledger.identity.user import User
from ledger.invitations.events import (
    InvitationAccepted,
    InvitationDeclined,
    InvitationSent,
    InvitationWithdrawn,
)
from ledger.invitations.invitation import MOST_OPEN, Invitation, address_claim, letter_claim, place_claim
from ledger.invitations.refusals import (
    ErasureAhead,
    InvitationOver,
    InviterUnverified,
    TooManyInvitations,
    TooManyToday,
    UnknownInvitation,
)
from ledger.mailbox.addresses import normal
from ledger.mailbox.claims import email_claims

GOOD_FOR = timedelta(days=7)
"""How long an invitation can be accepted."""

# Letters go to people who may never have asked for one: inviting, withdrawing and inviting again ends somewhere.
MOST_A_DAY = 30


class Invite(Command, frozen=True, kw_only=True):
    """Invites whoever has the address `email` to the book; `invitation_id` is fresh. An earlier invitation to the
    same address is replaced."""

    name: ClassVar[str] = "invitation.send"

    invitation_id: UUID
    email: str
    role: LesserRole
    message: str = ""

    def streams(self) -> Iterable[UUID]:
        return (self.book_id, self.actor_id)

    def claims(self, state: State) -> Iterable[Claim]:
        yield from email_claims(self.email)
        yield address_claim(self.book_id, self.email)
        yield from (place_claim(self.book_id, place) for place in range(MOST_OPEN))
        yield from (letter_claim(self.actor_id, letter) for letter in self._letters())

    def decide(self, state: State) -> list[Draft]:
        """Raises UnknownBook, RoleNeeded, InviterUnverified, UnacceptableAddress, AlreadyMember, TooManyMembers,
        TooManyInvitations, TooManyToday."""
        normal(self.email)
        book = book_of(state, self.book_id, self.actor_id, "owner")
        if not present(state, self.actor_id).verified:
            raise InviterUnverified("Verify your own address first: POST /v1/auth/verify.")
        if any(state.holder(*claim) in book.members for claim in email_claims(self.email)):
            raise AlreadyMember("They belong to the book already.", field="email")
        _check_room(book)
        drafts: list[Draft] = []
        replaced = state.holder(*address_claim(self.book_id, self.email))
        place = self._place(state, replaced)
        holder = state.holder(*place_claim(self.book_id, place))
        if holder is not None:
            drafts.append(Draft(holder, InvitationWithdrawn(replaced_by=self.invitation_id)))
        text = {"email": self.email} | ({"message": self.message} if self.message else {})
        sent = InvitationSent(
            role=self.role,
            by=self.actor_id,
            place=place,
            expires_at=self.now + GOOD_FOR,
            letter=self._letter(state),
            text=text,
        )
        return [*drafts, Draft(self.invitation_id, sent)]

    def _letters(self) -> list[str]:
        """What the letters of this day are called."""
        return [f"{self.now:%Y-%m-%d}/{number}" for number in range(MOST_A_DAY)]

    def _letter(self, state: State) -> str:
        """The first one that was not sent yet."""
        for letter in self._letters():
            if state.holder(*letter_claim(self.actor_id, letter)) is None:
                return letter
        raise TooManyToday(f"At most {MOST_A_DAY} invitations are sent on one day (UTC).", most=MOST_A_DAY)

    def _place(self, state: State, replaced: UUID | None) -> int:
        """That of the invitation that is replaced, or else one that is free, or else of one that has expired."""
        earlier = state.entity(Invitation, replaced) if replaced is not None else None
        if earlier is not None:
            return earlier.place
        holders = [state.holder(*place_claim(self.book_id, place)) for place in range(MOST_OPEN)]
        if None in holders:
            return holders.index(None)
        for place, holder in enumerate(holders):
            taken = state.entity(Invitation, holder) if holder is not None else None
            if taken is not None and not taken.good(self.now):
                return place
        raise TooManyInvitations(
            f"{MOST_OPEN} invitations to this book are open. Withdraw one of them first.", most=MOST_OPEN
        )


class _OfInvitation(Command, frozen=True, kw_only=True):
    """A command about an invitation to the book `book_id`."""

    invitation_id: UUID

    def streams(self) -> Iterable[UUID]:
        return (self.invitation_id, self.book_id, self.actor_id)

    def invitation(self, state: State) -> Invitation:
        """Raises UnknownInvitation."""
        found = state.entity(Invitation, self.invitation_id)
        if found is None or found.book_id != self.book_id:
            raise UnknownInvitation("There is no such invitation.")
        return found

    def received(self, state: State) -> Invitation:
        """The invitation, which is open and went to the verified address of `actor_id`. Raises UnknownInvitation,
        InvitationOver for somebody who answered it before."""
        invitation, user = self.invitation(state), present(state, self.actor_id)
        if invitation.answered_by == self.actor_id:
            raise InvitationOver(f"You have {invitation.status} it.", status=invitation.status)
        if not user.verified or not invitation.addressed_to(user.text.get("email")):
            raise UnknownInvitation("There is no such invitation.")
        if not invitation.good(self.now):
            raise InvitationOver(
                f"It held until {invitation.expires_at.isoformat()}. Ask for another.", status="expired"
            )
        return invitation


class AcceptInvitation(_OfInvitation, frozen=True, kw_only=True):
    """`actor_id` joins the book."""

    name: ClassVar[str] = "invitation.accept"

    def decide(self, state: State) -> list[Draft]:
        """Nothing for who accepted it and belongs to the book. Raises Unknown, UnknownInvitation, InvitationOver,
        AlreadyMember, TooManyMembers, ErasureAhead."""
        book, user = state.entity(Book, self.book_id), present(state, self.actor_id)
        found = self.invitation(state)
        if book is None:
            raise UnknownInvitation("There is no such invitation.")
        belongs = book.role_of(self.actor_id) is not None
        if belongs and found.status == "accepted" and found.answered_by == self.actor_id:
            return []
        invitation = self.received(state)
        if book.erased:
            raise UnknownInvitation("There is no such invitation.")
        if belongs:
            raise AlreadyMember("You belong to the book already.")
        if book.role_of(invitation.by) != "owner":
            # Who has given the book away, or is out of it, lets nobody in any more.
            raise InvitationOver("Who invited you does not own the book any more. Ask for another.")
        _check_joining(user)
        _check_room(book)
        joined = BookMemberJoined(
            user_id=self.actor_id, role=invitation.role, invitation_id=self.invitation_id
        )
        return [
            Draft(self.invitation_id, InvitationAccepted(user_id=self.actor_id)),
            Draft(self.book_id, joined),
        ]


class DeclineInvitation(_OfInvitation, frozen=True, kw_only=True):
    """`actor_id` does not want to join."""

    name: ClassVar[str] = "invitation.decline"

    def decide(self, state: State) -> list[Draft]:
        """Nothing for who declined it. Raises Unknown, UnknownInvitation, InvitationOver."""
        found = self.invitation(state)
        if found.status == "declined" and found.answered_by == self.actor_id:
            return []
        self.received(state)
        return [Draft(self.invitation_id, InvitationDeclined(user_id=self.actor_id))]


class WithdrawInvitation(_OfInvitation, frozen=True, kw_only=True):
    """The owner thinks better of it."""

    name: ClassVar[str] = "invitation.withdraw"

    def decide(self, state: State) -> list[Draft]:
        """Nothing when that was done before. Raises UnknownInvitation, RoleNeeded, InvitationOver when it was
        answered."""
        invitation = self.invitation(state)
        book = state.entity(Book, self.book_id)
        if book is None or book.role_of(self.actor_id) is None:
            raise UnknownInvitation("There is no such invitation.")
        book_of(state, self.book_id, self.actor_id, "owner")
        if invitation.status == "withdrawn":
            return []
        if invitation.status != "open":
            raise InvitationOver(f"It was {invitation.status} already.", status=invitation.status)
        return [Draft(self.invitation_id, InvitationWithdrawn())]


def _check_room(book: Book) -> None:
    if len(book.members) >= MOST_MEMBERS:
        raise TooManyMembers(f"A book has room for {MOST_MEMBERS} people.", most=MOST_MEMBERS)


def _check_joining(user: User) -> None:
    """Who is to be forgotten joins nothing any more: they would have to leave it again."""
    if user.privacy.erasure_due is not None:
        raise ErasureAhead("Take that back first: POST /v1/users/me/erasure/cancel.")

"""Agreeing and thinking better of it; asking to be forgotten, and being forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from ledger.authority.refusals import RoleStays
from ledger.books.book import Book
from ledger.books.departing import departure
from ledger.command import Claim, Command, Draft, State
from ledger.identity.events import UserSessionsEnded
from ledger.identity.present import present
from ledger.identity.user import User
from ledger.invitations.events import InvitationWithdrawn
from ledger.invitations.invitation import MOST_OPEN, Invitation, place_claim
from ledger.privacy.events import (
    BookErased,
    UserConsentGiven,
    UserConsentWithdrawn,
    UserErased,
    UserErasureAsked,
    UserErasureCancelled,
)
from ledger.privacy.privacy import CONSENTS
from ledger.record import Fact
from ledger.refusals import Refusal, Unknown


class UnknownConsent(Refusal):
    """There is no such thing to agree to."""

    code = "unknown_consent"


class NoErasureAsked(Refusal):
    """You have not asked to be forgotten."""

    code = "no_erasure_asked"
    status = 409


class Consent(Command, frozen=True, kw_only=True):
    """The person `actor_id` agrees to the text `kind` in a `version`, or does so no more."""

    name: ClassVar[str] = "user.consent"

    kind: str
    version: str
    given: bool

    def streams(self) -> Iterable[UUID]:
        return (self.actor_id,)

    def decide(self, state: State) -> list[Draft]:
        """Nothing when it is so already. Raises Unknown, UnknownConsent."""
        if self.kind not in CONSENTS:
            raise UnknownConsent(f"{self.kind[:64]!r} is none of {', '.join(CONSENTS)}.", field="kind")
        held = present(state, self.actor_id).privacy.consents.get(self.kind)
        if self.given:
            same = held == self.version
            fact: Fact = UserConsentGiven(kind=self.kind, version=self.version)
        else:
            same = held is None
            fact = UserConsentWithdrawn(kind=self.kind, version=held or self.version)
        return [] if same else [Draft(self.actor_id, fact)]


class AskErasure(Command, frozen=True, kw_only=True):
    """The person `actor_id` wants to be forgotten at `due_at` (aware UTC), and is signed out everywhere but in the
    session `session_id`."""

    name: ClassVar[str] = "user.ask_erasure"

    due_at: datetime
    session_id: UUID | None = None

    def streams(self) -> Iterable[UUID]:
        return (self.actor_id,)

    def decide(self, state: State) -> list[Draft]:
        """Nothing when it was asked for already: asking again neither hastens nor delays it. Raises Unknown,
        RoleStays."""
        user = present(state, self.actor_id)
        if user.privacy.erasure_due is not None:
            return []
        if user.authority.any_of(("admin",)):
            raise RoleStays(
                "Have another admin take that role from you, so that the service is never without one."
            )
        facts = (UserErasureAsked(due_at=self.due_at), UserSessionsEnded(kept=self.session_id))
        return [Draft(self.actor_id, fact) for fact in facts]


class CancelErasure(Command, frozen=True, kw_only=True):
    """The person `actor_id` wants to stay."""

    name: ClassVar[str] = "user.cancel_erasure"

    def streams(self) -> Iterable[UUID]:
        return (self.actor_id,)

    def decide(self, state: State) -> list[Draft]:
        """Raises Unknown, NoErasureAsked."""
        if present(state, self.actor_id).privacy.erasure_due is None:
            raise NoErasureAsked("There is nothing to cancel.")
        return [Draft(self.actor_id, UserErasureCancelled())]


class EraseBook(Command, frozen=True, kw_only=True):
    """Forgets the words of the book `book_id` together with its only member `user_id`, whose time has come; open
    invitations to it are withdrawn."""

    name: ClassVar[str] = "book.erase"

    user_id: UUID

    def streams(self) -> Iterable[UUID]:
        return (self.book_id, self.user_id)

    def claims(self, state: State) -> Iterable[Claim]:
        return (place_claim(self.book_id, place) for place in range(MOST_OPEN))

    def decide(self, state: State) -> list[Draft]:
        """Nothing when it is done already. Raises Unknown, NotDue, BookShared when others belong to it by now."""
        due(state, self.user_id, self.now)
        book = state.entity(Book, self.book_id)
        if book is None or book.owner_id != self.user_id:
            raise Unknown("There is no such book of theirs.")
        if book.erased:
            return []
        if book.heirs():
            raise BookShared("Others belong to this book: its words are theirs too.")
        holders = (state.holder(*claim) for claim in self.claims(state))
        withdrawn = [Draft(holder, InvitationWithdrawn()) for holder in holders if holder is not None]
        return [*withdrawn, Draft(self.book_id, BookErased())]


class DepartBook(Command, frozen=True, kw_only=True):
    """Takes `user_id`, whose time has come, out of the book `book_id`, which is others' too. Open invitations that
    they sent are withdrawn: there are words of theirs in them."""

    name: ClassVar[str] = "book.depart"

    user_id: UUID

    def streams(self) -> Iterable[UUID]:
        return (self.book_id, self.user_id)

    def claims(self, state: State) -> Iterable[Claim]:
        return (place_claim(self.book_id, place) for place in range(MOST_OPEN))

    def decide(self, state: State) -> list[Draft]:
        """Nothing when they do not belong to it any more. Raises Unknown, NotDue, BookAlone when nobody else does by
        now."""
        due(state, self.user_id, self.now)
        book = state.entity(Book, self.book_id)
        if book is None or book.role_of(self.user_id) is None:
            return []
        if book.owner_id == self.user_id and not book.heirs():
            raise BookAlone("Nobody else belongs to this book: it is to be forgotten with them.")
        left = [Draft(self.book_id, fact) for fact in departure(book, self.user_id)]
        return [*self._withdrawn(state), *left]

    def _withdrawn(self, state: State) -> Iterable[Draft]:
        for claim in self.claims(state):
            holder = state.holder(*claim)
            sent = state.entity(Invitation, holder) if holder is not None else None
            if sent is not None and sent.by == self.user_id:
                yield Draft(sent.invitation_id, InvitationWithdrawn())


class EraseInvitation(Command, frozen=True, kw_only=True):
    """Withdraws an invitation to the book `book_id` that was sent to `user_id`, whose time has come."""

    name: ClassVar[str] = "invitation.erase"

    invitation_id: UUID
    user_id: UUID

    def streams(self) -> Iterable[UUID]:
        return (self.invitation_id, self.user_id)

    def decide(self, state: State) -> list[Draft]:
        """Nothing for one that is over, or was sent to somebody else. Raises Unknown, NotDue."""
        due(state, self.user_id, self.now)
        invitation = state.entity(Invitation, self.invitation_id)
        email = present(state, self.user_id).text.get("email")
        if invitation is None or invitation.status != "open" or not invitation.addressed_to(email):
            return []
        return [Draft(self.invitation_id, InvitationWithdrawn())]


class BookShared(Refusal):
    """Others belong to this book."""

    code = "book_shared"
    status = 409


class BookAlone(Refusal):
    """Nobody else belongs to this book."""

    code = "book_alone"
    status = 409


class EraseUser(Command, frozen=True, kw_only=True):
    """Forgets the person `user_id`, whose time has come; `books` were theirs alone and are forgotten before.
    `book_id` is their home book."""

    name: ClassVar[str] = "user.erase"

    user_id: UUID
    books: tuple[UUID, ...]

    def streams(self) -> Iterable[UUID]:
        return (self.user_id,)

    def decide(self, state: State) -> list[Draft]:
        """Nothing when it is done already. Raises Unknown, NotDue."""
        user = state.entity(User, self.user_id)
        if user is not None and user.privacy.erased:
            return []
        due(state, self.user_id, self.now)
        return [Draft(self.user_id, UserErased(books=self.books))]


class NotDue(Refusal):
    """The person is not to be forgotten yet, or not at all."""

    code = "erasure_not_due"
    status = 409


def due(state: State, user_id: UUID, now: datetime) -> None:
    """Raises NotDue unless the person asked to be forgotten and their time has come; Unknown for nobody."""
    at = present(state, user_id).privacy.erasure_due
    if at is None or at > now:
        raise NotDue("They did not ask for it, or thought better of it, or have time left.")

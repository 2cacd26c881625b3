"""Signing in, staying signed in, and signing out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from ledger.authority.refusals import Suspended
from ledger.command import Command, Draft, State
from ledger.identity.events import UserSessionsEnded
from ledger.identity.user import User
from ledger.refusals import Refusal, Unknown
from ledger.sessions.events import SessionEnded, SessionOpened, SessionRefreshed, SessionSteppedUp
from ledger.sessions.session import Session

# A client whose answer was lost asks again with the token that it still has. Who stole one is not that quick.
RETRY = timedelta(seconds=10)
# However often a session is used, now and then one has to prove anew who one is.
LONGEST = timedelta(days=180)


class SessionOver(Refusal):
    """This session is over; sign in again."""

    code = "session_over"
    status = 401


class UnknownSession(Unknown):
    """There is no such session of yours."""

    code = "unknown_session"


class OpenSession(Command, frozen=True, kw_only=True):
    """Signs `actor_id`, who has proved who they are by `methods`, in as the fresh `session_id`. `book_id` is the
    person's id; `digest` the SHA-256 of the refresh token; text: device, address.

    `epoch` is the person's when they proved it: who was signed out everywhere since then has to prove it anew.
    """

    name: ClassVar[str] = "session.open"

    session_id: UUID
    epoch: int | None = None
    methods: tuple[str, ...]
    digest: bytes
    expires_at: datetime
    text: Mapping[str, str] = {}

    def streams(self) -> Iterable[UUID]:
        return (self.actor_id,)

    def decide(self, state: State) -> list[Draft]:
        """Raises SessionOver when the person is gone, Suspended."""
        user = state.entity(User, self.actor_id)
        if user is None or not user.present:
            raise SessionOver("This person is no longer known here.")
        if user.authority.suspended:
            raise Suspended("Ask whoever operates this service.")
        if self.epoch is not None and self.epoch != user.epoch:
            raise SessionOver("You were signed out everywhere at this very moment. Sign in again.")
        opened = SessionOpened(
            user_id=user.user_id,
            methods=self.methods,
            digest=self.digest,
            opened_at=self.now,
            expires_at=self.expires_at,
            epoch=user.epoch,
            text=self.text,
        )
        return [Draft(self.session_id, opened)]


class RefreshSession(Command, frozen=True, kw_only=True):
    """Exchanges the refresh token with the digest `shown`, for one with the digest `following`.

    The right one is exchanged. The one before it, within RETRY, changes nothing: its successor is still good, and
    is told once more. Any other was exchanged long ago, so it is in two hands, and the session ends for both;
    whoever shows what was never given out must be turned away before.
    """

    name: ClassVar[str] = "session.refresh"

    session_id: UUID
    shown: bytes
    following: bytes
    expires_at: datetime

    def streams(self) -> Iterable[UUID]:
        return (self.session_id, self.actor_id)

    def decide(self, state: State) -> list[Draft]:
        """Raises SessionOver, Suspended."""
        session = state.entity(Session, self.session_id)
        user = state.entity(User, self.actor_id)
        if session is None or user is None or not session.admits(user):
            raise SessionOver("This session has ended. Sign in again.")
        if user.authority.suspended:
            raise Suspended("Ask whoever operates this service.")
        expires_at = min(self.expires_at, session.proved_at + LONGEST)
        if min(session.expires_at, expires_at) <= self.now:
            raise SessionOver(
                "This session has not been used for too long, or lasts for too long. Sign in again."
            )
        if self.shown == session.digest:
            refreshed = SessionRefreshed(digest=self.following, refreshed_at=self.now, expires_at=expires_at)
            return [Draft(self.session_id, refreshed)]
        at = session.refreshed_at
        if self.shown == session.previous and at is not None and self.now - at <= RETRY:
            return []
        return [Draft(self.session_id, SessionEnded(reason="reused"))]


class StepUpSession(Command, frozen=True, kw_only=True):
    """Takes note that `actor_id` has proved anew, by `methods` (RFC 8176), who they are. `book_id` is their id."""

    name: ClassVar[str] = "session.step_up"

    session_id: UUID
    methods: tuple[str, ...]

    def streams(self) -> Iterable[UUID]:
        return (self.session_id, self.actor_id)

    def decide(self, state: State) -> list[Draft]:
        """Raises SessionOver."""
        session = state.entity(Session, self.session_id)
        user = state.entity(User, self.actor_id)
        if session is None or user is None or not session.admits(user):
            raise SessionOver("This session has ended. Sign in again.")
        return [Draft(self.session_id, SessionSteppedUp(methods=self.methods, proved_at=self.now))]


class EndSession(Command, frozen=True, kw_only=True):
    """Signs `actor_id` out of one of their sessions, if it has not ended before. `reason` as SessionEnded has it."""

    name: ClassVar[str] = "session.end"

    session_id: UUID
    reason: str

    def streams(self) -> Iterable[UUID]:
        return (self.session_id,)

    def decide(self, state: State) -> list[Draft]:
        """Raises UnknownSession."""
        session = state.entity(Session, self.session_id)
        if session is None or session.user_id != self.actor_id:
            raise UnknownSession("There is no such session of yours.", session_id=str(self.session_id))
        if session.ended is not None:
            return []
        return [Draft(self.session_id, SessionEnded(reason=self.reason))]


class EndSessions(Command, frozen=True, kw_only=True):
    """Signs `actor_id` out everywhere, but for the session `kept`, if any. `book_id` is their home book."""

    name: ClassVar[str] = "user.end_sessions"

    kept: UUID | None = None

    def streams(self) -> Iterable[UUID]:
        return (self.actor_id,)

    def decide(self, state: State) -> list[Draft]:
        """Raises SessionOver when the person is gone."""
        if state.entity(User, self.actor_id) is None:
            raise SessionOver("This person is no longer known here.")
        return [Draft(self.actor_id, UserSessionsEnded(kept=self.kept))]

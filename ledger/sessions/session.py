"""A session as its facts make it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from ledger.identity.user import User
from ledger.record import Fact
from ledger.refusals import Refusal
from ledger.sessions.events import SessionEnded, SessionOpened, SessionRefreshed, SessionSteppedUp


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """`proved_at` is when they last proved who they are, by `methods`; `digest` is that of the refresh token that is
    good now, `previous` of the one before it, exchanged at `refreshed_at`; `ended` says why it is over."""

    session_id: UUID
    user_id: UUID
    methods: tuple[str, ...]
    proved_at: datetime
    epoch: int
    digest: bytes
    expires_at: datetime
    previous: bytes | None = None
    refreshed_at: datetime | None = None
    ended: str | None = None
    text: Mapping[str, str] = {}

    def admits(self, user: User) -> bool:
        """Whether who shows an access token of this session is `user`, signed in."""
        return self.ended is None and self.user_id == user.user_id and user.keeps(self.session_id, self.epoch)


class SessionUnreadable(Refusal):
    """A session's facts do not follow from each other."""

    code = "session_unreadable"
    status = 409


def evolve(session: Session | None, fact: Fact, stream_id: UUID, book_id: UUID) -> Session:
    """The session after `fact`."""
    if isinstance(fact, SessionOpened):
        return Session(
            session_id=stream_id,
            user_id=fact.user_id,
            methods=fact.methods,
            proved_at=fact.opened_at,
            epoch=fact.epoch,
            digest=fact.digest,
            expires_at=fact.expires_at,
            text=fact.text,
        )
    if session is None:
        raise SessionUnreadable(f"session {stream_id} does not begin with somebody signing in")
    match fact:
        case SessionRefreshed(digest=digest, refreshed_at=at, expires_at=expires_at):
            return msgspec.structs.replace(
                session, digest=digest, previous=session.digest, refreshed_at=at, expires_at=expires_at
            )
        case SessionSteppedUp(methods=methods, proved_at=at):
            return msgspec.structs.replace(session, methods=methods, proved_at=at)
        case SessionEnded(reason=reason):
            return msgspec.structs.replace(session, ended=reason)
        case _:
            raise SessionUnreadable(f"{fact.topic} is not a fact of sessions")

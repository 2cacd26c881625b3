"""Ending one session of the person who is signed in."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request

from api.carrying_out import carry_out
from api.idempotency import frame
from api.principal import Principal
from ledger.sessions.commands import EndSession, UnknownSession


async def end_session(request: Request, who: Principal, session_id: UUID | None, reason: str) -> None:
    """Ends the session, for one of the reasons that SessionEnded has. Raises UnknownSession, TryAgain."""
    if session_id is None:
        raise UnknownSession("There is no such session of yours.")
    about_oneself = who._replace(book_id=who.user_id)
    command = EndSession(**await frame(request, about_oneself), session_id=session_id, reason=reason)
    await carry_out(request, command)

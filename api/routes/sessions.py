"""Where one is signed in, and signing out from afar."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.carrying_out import carry_out
from api.describe import operation, router
from api.oneself import about_oneself
from api.principal import principal
from api.reading import fresh, path_id, stream
from api.responses import Answer, answer
from api.services import services
from api.signing_out import end_session
from ledger.identity.user import User
from ledger.sessions.commands import EndSessions, UnknownSession
from projections.sessions import SessionView, sessions_of

routes = router("Identity")

_EXAMPLE = {
    "id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c50",
    "current": True,
    "device": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "address": "198.51.100.0/24",
    "methods": ["pwd"],
    "opened_at": "2026-03-01T12:00:00Z",
    "used_at": "2026-03-02T07:30:00Z",
    "expires_at": "2026-04-01T07:30:00Z",
}


class SessionAnswer(TypedDict):
    """A place where you are signed in: what the device calls itself, the network that it came from, how you proved
    who you are (RFC 8176), and when it was first and last used, to within the life of an access token."""

    id: UUID
    current: bool
    device: str
    address: str
    methods: list[str]
    opened_at: dt.datetime
    used_at: dt.datetime
    expires_at: dt.datetime


class SessionList(TypedDict):
    """Where you are signed in, the last used first."""

    items: list[SessionAnswer]


@routes.get(
    "/users/me/sessions",
    **operation(
        "List where you are signed in",
        answer=SessionList,
        answer_example={"items": [_EXAMPLE]},
    ),
)
async def list_sessions(request: Request) -> Response:
    who = principal(request)
    async with fresh(request) as connection:
        views = await sessions_of(connection, who.user_id, services(request).clock())
    user = await stream(request, who.user_id, User)
    kept = [view for view in views if user is not None and user.keeps(view.session_id, view.epoch)]
    return answer(SessionList(items=[_shown(view, who.session_id) for view in kept]))


@routes.delete(
    "/users/me/sessions/{session_id}",
    **operation("Sign out in one place", status=204, refusals=(404,)),
)
async def end_one(request: Request) -> Response:
    """Its tokens are refused everywhere within seconds."""
    session_id = path_id(request, "session_id", UnknownSession)
    await end_session(request, principal(request), session_id, "revoked")
    return Answer(b"", 204)


@routes.delete(
    "/users/me/sessions",
    **operation("Sign out everywhere else", status=204),
)
async def end_others(request: Request) -> Response:
    """Every session of yours ends but for this one."""
    who = principal(request)
    framed = await about_oneself(request)
    await carry_out(request, EndSessions(**framed, kept=who.session_id))
    return Answer(b"", 204)


def _shown(view: SessionView, current: UUID | None) -> SessionAnswer:
    return SessionAnswer(
        id=view.session_id,
        current=view.session_id == current,
        device=view.device,
        address=view.address,
        methods=view.methods,
        opened_at=view.opened_at,
        used_at=view.used_at,
        expires_at=view.expires_at,
    )

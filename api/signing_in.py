"""Where every way of signing in ends: a session is opened, and its tokens are answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from starlette.requests import Request
from typing_extensions import TypedDict

from api.carrying_out import carry_out
from api.client import device, network
from api.principal import Principal
from api.responses import Answer, answer
from api.services import services
from api.unfamiliar import notice
from gateways.refresh_tokens import digest
from ledger.identity.user import User
from ledger.sessions.commands import OpenSession, SessionOver, StepUpSession

TOKEN_EXAMPLE = {
    "access_token": "eyJhbGciOiJFZERTQSIsImtpZCI6ImY4ZDg2ODM2NTFmYWMxZDkifQ.eyJzdWIiOiIwMTlhOWQzZSJ9.c2ln",
    "token_type": "bearer",
    "expires_in": 900,
    "refresh_token": "numina_r_AZqdPnoQfFWPbg1qOx8sTQAAAAC2kYz0vU4sWm1XGkq3fGn5cQyBq0r1dP0m4s3tTj9wYA",
    "session_id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c50",
    "user_id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4d",
    "book_id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4e",
}


class Token(TypedDict):
    """An access token, to be sent as `Authorization: Bearer ...` for `expires_in` seconds, and a refresh token, which
    POST /v1/auth/refresh exchanges for the next pair. Keep the latter as you would a password."""

    access_token: str
    token_type: Literal["bearer"]
    expires_in: int
    refresh_token: str
    session_id: UUID
    user_id: UUID
    book_id: UUID


class AccessToken(TypedDict):
    """An access token of the session that you are in, good for `expires_in` seconds. Your refresh token stays as it
    is."""

    access_token: str
    token_type: Literal["bearer"]
    expires_in: int


ACCESS_EXAMPLE = {name: TOKEN_EXAMPLE[name] for name in AccessToken.__annotations__}


async def signed_in(request: Request, user: User, methods: Sequence[str]) -> Answer:
    """Opens a session for the person, who has just proved who they are by `methods` (RFC 8176), and answers with its
    tokens. Raises SessionOver, TryAgain."""
    known = services(request)
    session_id, now = known.new_id(), known.clock()
    refresh_token = known.refresh_tokens.issue(session_id, 0)
    text = {"device": device(request), "address": network(request)}
    command = OpenSession(
        command_id=known.new_id(),
        book_id=user.user_id,
        actor_id=user.user_id,
        now=now,
        session_id=session_id,
        epoch=user.epoch,
        methods=tuple(methods),
        digest=digest(refresh_token),
        expires_at=now + known.session_lifetime,
        text={name: value for name, value in text.items() if value},
    )
    await carry_out(request, command)
    notice(known, user, session_id, command.text)
    return tokens(request, user, session_id, methods, int(now.timestamp()), refresh_token)


def tokens(
    request: Request,
    user: User,
    session_id: UUID,
    methods: Sequence[str],
    auth_time: int,
    refresh_token: str,
) -> Answer:
    """An access token of the session, and the refresh token that is good from now on. `auth_time` is when they last
    proved who they are, in seconds since 1970."""
    issuer = services(request).tokens
    return answer(
        Token(
            access_token=issuer.issue(user.user_id, user.home_book_id, session_id, methods, auth_time),
            token_type="bearer",  # noqa: S106  # a kind of token, not a secret
            expires_in=int(issuer.lifetime.total_seconds()),
            refresh_token=refresh_token,
            session_id=session_id,
            user_id=user.user_id,
            book_id=user.home_book_id,
        )
    )


async def stepped_up(request: Request, who: Principal, methods: Sequence[str]) -> Answer:
    """A fresh access token of the session of `who`, who has just proved anew who they are by `methods`. Raises
    SessionOver, TryAgain."""
    known = services(request)
    if who.session_id is None:
        raise SessionOver("This is not a session.")
    now = known.clock()
    command = StepUpSession(
        command_id=known.new_id(),
        book_id=who.user_id,
        actor_id=who.user_id,
        now=now,
        session_id=who.session_id,
        methods=tuple(methods),
    )
    await carry_out(request, command)
    issued = known.tokens.issue(who.user_id, who.home_book_id, who.session_id, methods, int(now.timestamp()))
    return answer(
        AccessToken(
            access_token=issued,
            token_type="bearer",  # noqa: S106  # a kind of token, not a secret
            expires_in=int(known.tokens.lifetime.total_seconds()),
        )
    )

"""The person who asks, and commands about themselves."""

from __future__ import annotations

from starlette.requests import Request

from api.idempotency import Frame, frame
from api.principal import principal
from api.problems import NotAuthenticated
from api.reading import stream_with_version
from ledger.identity.user import User


async def oneself(request: Request) -> User:
    """Whoever asks, as they stand in the record. Raises NotAuthenticated when they are gone."""
    return (await oneself_with_version(request))[0]


async def oneself_with_version(request: Request) -> tuple[User, int]:
    """As `oneself`, with the number of facts about them."""
    user, version = await stream_with_version(request, principal(request).user_id, User)
    if user is None:
        raise NotAuthenticated("The person of this token is not known here any more.")
    return user, version


async def about_oneself(request: Request) -> Frame:
    """The frame of a command by which somebody changes what is theirs: facts about a person bear their home book,
    whichever book the request is about. Raises InvalidIdempotencyKey."""
    who = principal(request)
    return await frame(request, who._replace(book_id=who.home_book_id))

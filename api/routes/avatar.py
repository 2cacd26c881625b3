"""A person's picture."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api.carrying_out import carried_out, carry_out
from api.describe import operation, router
from api.oneself import about_oneself
from api.principal import principal
from api.problems import BodyTooLarge, UnsupportedMedia
from api.reading import fresh, path_id, stream, stream_with_version
from api.responses import Answer, Header
from api.routes.users import Profile, profile_of
from api.services import context, services
from gateways import pictures
from ledger.identity.user import User
from ledger.profile.commands import ChangeAvatar, NoAvatar, RemoveAvatar
from ledger.profile.pictures import MOST_BYTES, picture
from ledger.refusals import Unknown
from projections.books import share_a_book

routes = router("Identity")

MEDIA = ("image/png", "image/jpeg", "image/webp")
# A picture is looked at; whatever else somebody may have hidden in it is not run.
_HEADERS: tuple[Header, ...] = (
    (b"content-security-policy", b"default-src 'none'; sandbox"),
    (b"content-disposition", b"inline"),
)


@routes.put(
    "/users/me/avatar",
    **operation("Change your picture", upload=MEDIA, answer=Profile, refusals=(413, 415, 422)),
)
async def change(request: Request) -> Response:
    """PNG, JPEG or WebP of at most 256 KiB, told by its bytes. Only the picture is kept: what a camera writes beside
    it, such as the place, is left out."""
    who = principal(request)
    known = services(request)
    if not context(request).headers.get(b"content-type", b"").startswith(b"image/"):
        raise UnsupportedMedia(f"Send the picture itself with one of the types {', '.join(MEDIA)}.")
    raw = await request.body()
    if len(raw) > MOST_BYTES:
        raise BodyTooLarge(f"A picture has at most {MOST_BYTES} bytes.", limit=MOST_BYTES)
    media, content = picture(raw)
    framed = await about_oneself(request)
    async with known.pool.connection() as connection:
        digest = await pictures.keep(connection, known.vault, who.user_id, content)
    if digest is None:
        raise Unknown("There is no such person.")
    outcome = await carry_out(request, ChangeAvatar(**framed, digest=digest, media=media, size=len(content)))
    user, version = await stream_with_version(request, who.user_id, User)
    if user is None:
        raise Unknown("There is no such person.")
    await _keep_only(request, user)
    return carried_out(outcome, profile_of(user, version))


@routes.delete("/users/me/avatar", **operation("Remove your picture", status=204, refusals=(404,)))
async def remove(request: Request) -> Response:
    who = principal(request)
    framed = await about_oneself(request)
    await carry_out(request, RemoveAvatar(**framed))
    user = await stream(request, who.user_id, User)
    if user is not None:
        await _keep_only(request, user)
    return Answer(b"", 204)


@routes.get("/users/me/avatar", **operation("Look at your picture", download=MEDIA, refusals=(404,)))
async def read(request: Request) -> Response:
    return await _shown(request, principal(request).user_id)


@routes.get(
    "/users/{user_id}/avatar",
    **operation("Look at the picture of somebody you share a book with", download=MEDIA, refusals=(404,)),
)
async def read_of(request: Request) -> Response:
    who, user_id = principal(request), path_id(request, "user_id", NoAvatar)
    if user_id != who.user_id:
        async with fresh(request) as connection:
            if not await share_a_book(connection, who.user_id, user_id):
                raise NoAvatar("There is no such picture.")
    return await _shown(request, user_id)


async def _shown(request: Request, user_id: UUID) -> Response:
    known = services(request)
    user = await stream(request, user_id, User)
    avatar = user.profile.avatar if user else None
    content = None
    if avatar is not None:
        async with known.pool.connection() as connection:
            content = await pictures.show(connection, known.vault, user_id, avatar.digest)
    if avatar is None or content is None:
        raise NoAvatar("There is no such picture.")
    tag: Header = (b"etag", f'"{avatar.digest.hex()}"'.encode())
    return Answer(content, 200, [tag, *_HEADERS], media=avatar.media.encode())


async def _keep_only(request: Request, user: User) -> None:
    """Removes the pictures that this person shows no more: earlier ones, and those of a trial or a repetition."""
    avatar = user.profile.avatar
    async with services(request).pool.connection() as connection:
        await pictures.keep_only(connection, user.user_id, avatar.digest if avatar else b"")

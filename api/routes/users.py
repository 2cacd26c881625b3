"""The person who is signed in."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.carrying_out import carried_out, carry_out
from api.describe import operation, router
from api.fields import Body, Currency, Name
from api.idempotency import frame
from api.preconditions import expected_version
from api.principal import principal
from api.problems import NotAuthenticated
from api.reading import left_by, read_body, stream_with_version
from api.responses import answer, etag
from api.routes.auth import Locale, Password, WrongCredentials, Zone
from api.services import services
from api.strong_password import strong
from ledger.identity.commands import AmendUser
from ledger.identity.user import User

routes = router("Identity")

_EXAMPLE = {
    "id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4d",
    "book_id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4e",
    "email": "ada@example.com",
    "name": "Ada",
    "currency": "EUR",
    "time_zone": "Europe/Berlin",
    "locale": "en",
    "version": 1,
}


class Profile(TypedDict):
    """A person. Currency and time zone are the defaults for further books; `book_id` is their own one."""

    id: UUID
    book_id: UUID
    email: str
    name: str
    currency: str
    time_zone: str
    locale: str
    version: int


class ProfileChange(Body):
    """What is to change; what is left out stays. A new password needs the present one, and signs you out everywhere
    else."""

    name: Name | None = None
    currency: Currency | None = None
    time_zone: Zone | None = None
    locale: Locale | None = None
    password: Password | None = None
    current_password: Annotated[str, StringConstraints(max_length=1_000)] | None = None


@routes.get("/users/me", **operation("Read your profile", answer=Profile, answer_example=_EXAMPLE))
async def read(request: Request) -> Response:
    user, version = await _me(request)
    return answer(_profile(user, version), headers=[etag(version)])


@routes.patch(
    "/users/me",
    **operation(
        "Change your profile",
        body=ProfileChange,
        example={"name": "Ada L.", "locale": "en-GB"},
        answer=Profile,
        answer_example=_EXAMPLE | {"name": "Ada L.", "locale": "en-GB", "version": 3},
        refusals=(412, 422),
    ),
)
async def change(request: Request) -> Response:
    who = principal(request)
    body = await read_body(request, ProfileChange)
    known = services(request)
    user, _ = await _me(request)
    hashed = None
    if body.password is not None:
        if not await known.passwords.verify(user.text.get("password"), body.current_password or ""):
            raise WrongCredentials("A new password needs the present one.", field="current_password")
        await strong(
            request, body.password, user.text.get("email", ""), body.name or user.text.get("name", "")
        )
        hashed = await known.passwords.hash(body.password)
    outcome = await carry_out(
        request,
        AmendUser(
            **await frame(request, who._replace(book_id=who.home_book_id)),
            display_name=body.name,
            currency=body.currency,
            time_zone=body.time_zone,
            locale=body.locale,
            password=hashed,
            session_id=who.session_id,
            expected_version=expected_version(request),
        ),
    )
    changed, version = await left_by(request, outcome, who.user_id, User)
    return carried_out(outcome, _profile(changed or user, version), [etag(version)])


async def _me(request: Request) -> tuple[User, int]:
    user, version = await stream_with_version(request, principal(request).user_id, User)
    if user is None:
        raise NotAuthenticated("The person of this token is not known here.")
    return user, version


def _profile(user: User, version: int) -> Profile:
    return Profile(
        id=user.user_id,
        book_id=user.home_book_id,
        email=user.text.get("email", ""),
        name=user.text.get("name", ""),
        currency=user.currency,
        time_zone=user.time_zone,
        locale=user.locale,
        version=version,
    )

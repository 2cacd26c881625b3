"""The person who is signed in."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, cast
from uuid import UUID

from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.access import RECENT
from api.authorising import proved_lately
from api.carrying_out import carried_out, carry_out
from api.describe import operation, router
from api.fields import Body, Currency, Locale, Name, Zone
from api.oneself import about_oneself, oneself_with_version
from api.preconditions import expected_version
from api.present_password import demand_password
from api.principal import principal
from api.reading import left_by, read_body
from api.responses import answer, etag
from api.routes.auth import Password
from api.services import context, services
from api.strong_password import strong
from ledger.identity.commands import AmendUser
from ledger.identity.user import User
from ledger.profile.notifications import Channel, Kind, every

routes = router("Identity")

Country = Annotated[
    str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(description="ISO 3166-1 alpha-2.", examples=["DE"])
]
Channels = Annotated[list[Channel], Field(max_length=3)]

_EXAMPLE: dict[str, Any] = {
    "id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4d",
    "book_id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4e",
    "email": "ada@example.com",
    "verified": True,
    "name": "Ada",
    "currency": "EUR",
    "time_zone": "Europe/Berlin",
    "locale": "en",
    "country": "DE",
    "avatar": None,
    "notifications": every({}),
    "erasure_due_at": None,
    "roles": [],
    "version": 1,
}


class Profile(TypedDict):
    """A person. `verified` says whether they have shown that their address is theirs. Currency and time zone are the
    defaults for further books; `book_id` is their own one. `avatar` is where the picture is; `notifications` says for
    each kind of news by which channels it goes out; `erasure_due_at` is when you will be forgotten, if you asked for
    it; `roles` are yours among those who operate the service."""

    id: UUID
    book_id: UUID
    email: str
    verified: bool
    name: str
    currency: str
    time_zone: str
    locale: str
    country: str | None
    avatar: str | None
    notifications: dict[Kind, list[Channel]]
    erasure_due_at: dt.datetime | None
    roles: list[str]
    version: int


class ProfileChange(Body):
    """What is to change; what is left out stays. A new password needs the present one, and from whoever has a second
    factor a fresh proof too, and signs you out everywhere else. A country of null takes it away. Kinds of news that
    are left out keep their channels."""

    name: Name | None = None
    currency: Currency | None = None
    time_zone: Zone | None = None
    locale: Locale | None = None
    country: Country | None = None
    notifications: dict[Kind, Channels] | None = None
    password: Password | None = None
    current_password: Annotated[str, StringConstraints(max_length=1_000)] | None = None


@routes.get("/users/me", **operation("Read your profile", answer=Profile, answer_example=_EXAMPLE))
async def read(request: Request) -> Response:
    user, version = await oneself_with_version(request)
    return answer(profile_of(user, version), headers=[etag(version)])


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
    user, _ = await oneself_with_version(request)
    hashed = None
    if body.password is not None:
        if "password" not in user.text or user.has_second_factor:
            # Who came with an account elsewhere has none; for others it is not enough.
            proved_lately(context(request), who.auth_time, RECENT)
        if "password" in user.text:
            await demand_password(request, user, body.current_password or "", "current_password")
        await strong(
            request, body.password, user.text.get("email", ""), body.name or user.text.get("name", "")
        )
        hashed = await known.passwords.hash(body.password)
    outcome = await carry_out(
        request,
        AmendUser(
            **await about_oneself(request),
            display_name=body.name,
            currency=body.currency,
            time_zone=body.time_zone,
            locale=body.locale,
            country=(body.country or "") if "country" in body.model_fields_set else None,
            notifications={k: tuple(c) for k, c in body.notifications.items()}
            if body.notifications
            else None,
            password=hashed,
            session_id=who.session_id,
            expected_version=expected_version(request),
        ),
    )
    changed, version = await left_by(request, outcome, who.user_id, User)
    return carried_out(outcome, profile_of(changed or user, version), [etag(version)])


def profile_of(user: User, version: int) -> Profile:
    """The person as they see themselves."""
    return Profile(
        id=user.user_id,
        book_id=user.home_book_id,
        email=user.text.get("email", ""),
        verified=user.verified,
        name=user.text.get("name", ""),
        currency=user.currency,
        time_zone=user.time_zone,
        locale=user.locale,
        country=user.profile.country or None,
        avatar=f"/v1/users/{user.user_id}/avatar" if user.profile.avatar else None,
        notifications=cast(dict[Kind, list[Channel]], every(user.profile.notifications)),
        erasure_due_at=user.privacy.erasure_due,
        roles=list(user.authority.roles),
        version=version,
    )

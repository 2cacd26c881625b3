"""Accounts elsewhere that one signs in with: linking and unlinking them."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.carrying_out import carry_out
from api.describe import operation, router
from api.oneself import about_oneself, oneself
from api.principal import principal
from api.reading import path_id, read_body
from api.responses import Answer, answer
from api.services import services
from api.signing_in_elsewhere import (
    BEGUN_EXAMPLE,
    RETURN_EXAMPLE,
    BegunSignIn,
    SignInBeginning,
    SignInReturn,
    begin,
    proved,
)
from ledger.oidc.commands import LinkIdentity, UnlinkIdentity
from ledger.oidc.identities import Identity
from ledger.oidc.refusals import IdentityTaken, UnknownIdentity

routes = router("Identity")

_EXAMPLE = {
    "id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c52",
    "provider": "google",
    "issuer": "https://accounts.google.com",
    "email": "ada@gmail.com",
    "linked_at": "2026-03-01T12:00:00Z",
    "used_at": None,
}


class IdentityAnswer(TypedDict):
    """An account elsewhere that you sign in with; `email` is as the provider told it."""

    id: UUID
    provider: str
    issuer: str
    email: str
    linked_at: dt.datetime
    used_at: dt.datetime | None


class IdentityList(TypedDict):
    """The accounts elsewhere that you sign in with."""

    items: list[IdentityAnswer]


@routes.post(
    "/auth/oidc/{provider}/link/start",
    **operation(
        "Begin to link an account elsewhere to yours",
        body=SignInBeginning,
        example={"return_to": "https://money.example.org/linked"},
        answer=BegunSignIn,
        answer_example=BEGUN_EXAMPLE,
        refusals=(403, 404, 422, 503),
    ),
)
async def start_linking(request: Request) -> Response:
    return await begin(request, principal(request).user_id.bytes)


@routes.post(
    "/auth/oidc/{provider}/link",
    **operation(
        "Link the account elsewhere that came back",
        body=SignInReturn,
        example=RETURN_EXAMPLE,
        answer=IdentityAnswer,
        answer_example=_EXAMPLE,
        refusals=(404, 409, 422, 503),
    ),
)
async def link(request: Request) -> Response:
    """From then on, whoever signs in there is you here. The addresses may differ."""
    body = await read_body(request, SignInReturn)
    who, known = principal(request), services(request)
    proof, fields = await proved(request, body, who.user_id.bytes)
    command = LinkIdentity(
        **fields,
        command_id=known.new_id(),
        now=known.clock(),
        book_id=who.home_book_id,
        actor_id=who.user_id,
        identity_id=known.new_id(),
        provider=request.path_params["provider"],
        subject=proof.subject,
        email=proof.email,
        vouched=proof.verified,
    )
    await carry_out(request, command)
    user = await oneself(request)
    linked = user.identities.of(command.issuer, command.digest)
    if linked is None:
        raise IdentityTaken("It was unlinked meanwhile.")
    return answer(_shown(linked))


@routes.get(
    "/users/me/identities",
    **operation(
        "List the accounts elsewhere that you sign in with",
        answer=IdentityList,
        answer_example={"items": [_EXAMPLE]},
    ),
)
async def list_identities(request: Request) -> Response:
    user = await oneself(request)
    return answer(IdentityList(items=[_shown(each) for each in user.identities.linked]))


@routes.delete(
    "/users/me/identities/{identity_id}",
    **operation("Unlink an account elsewhere", status=204, refusals=(403, 404, 409)),
)
async def unlink(request: Request) -> Response:
    identity_id = path_id(request, "identity_id", UnknownIdentity)
    framed = await about_oneself(request)
    await carry_out(request, UnlinkIdentity(**framed, identity_id=identity_id))
    return Answer(b"", 204)


def _shown(identity: Identity) -> IdentityAnswer:
    return IdentityAnswer(
        id=identity.identity_id,
        provider=identity.provider,
        issuer=identity.issuer,
        email=identity.email,
        linked_at=identity.linked_at,
        used_at=identity.used_at,
    )

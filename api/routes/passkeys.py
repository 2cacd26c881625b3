"""Passkeys: adding one, and having a look at them."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.carrying_out import carried_out, carry_out, made
from api.describe import operation, router
from api.fields import Body, Name
from api.oneself import about_oneself, oneself
from api.passkey_proof import passkey_options
from api.passkey_shapes import CREATION_EXAMPLE, REQUEST_EXAMPLE, CreationOptions, MadePasskey, RequestOptions
from api.principal import principal
from api.reading import left_by, path_id, read_body
from api.responses import Answer, answer, location
from api.second_factor import has_proved
from api.services import services
from gateways.passkeys import InvalidPasskey
from ledger.identity.user import User
from ledger.passkeys.commands import AddPasskey, RemovePasskey, RenamePasskey
from ledger.passkeys.passkeys import Passkey
from ledger.passkeys.refusals import UnknownPasskey
from ledger.refusals import Refusal

routes = router("Identity")

_EXAMPLE = {
    "id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c51",
    "name": "Ada's phone",
    "synced": True,
    "aaguid": "fbfc3007-154e-4ecc-8c0b-6e020557d7bd",
    "transports": ["internal", "hybrid"],
    "added_at": "2026-03-01T12:00:00Z",
    "used_at": "2026-03-02T07:30:00Z",
    "suspected_at": None,
}


class InvalidAttestation(Refusal):
    """This is no new passkey of yours."""

    code = "invalid_passkey"


class PasskeyAddition(Body):
    """A new passkey, and what to call it."""

    name: Name
    credential: MadePasskey


class PasskeyChange(Body):
    """What to call it from now on."""

    name: Name


class PasskeyAnswer(TypedDict):
    """A passkey of yours. `synced`: whoever keeps it may copy it to other devices; `aaguid`: the model of the device,
    by its own word; `suspected_at`: when it last looked as if there were a copy of it."""

    id: UUID
    name: str
    synced: bool
    aaguid: UUID
    transports: list[str]
    added_at: dt.datetime
    used_at: dt.datetime | None
    suspected_at: dt.datetime | None


class PasskeyList(TypedDict):
    """Your passkeys, the oldest first."""

    items: list[PasskeyAnswer]


@routes.post(
    "/auth/passkeys/options",
    **operation(
        "Begin to add a passkey", answer=CreationOptions, answer_example=CREATION_EXAMPLE, refusals=(403,)
    ),
)
async def creation_options(request: Request) -> Response:
    """What to hand to `PublicKeyCredential.parseCreationOptionsFromJSON()` and then to
    `navigator.credentials.create()`. Good for five minutes and one passkey."""
    user = await oneself(request)
    told = user.text.get("email", ""), user.text.get("name", "")
    return answer(services(request).passkeys.creation_options(user.user_id, *told, user.passkeys.keys))


@routes.post(
    "/auth/passkeys",
    **operation(
        "Add a passkey",
        body=PasskeyAddition,
        example={
            "name": "Ada's phone",
            "credential": {
                "id": "W3TsXvLkqFqYp0yDWCSb7w",
                "rawId": "W3TsXvLkqFqYp0yDWCSb7w",
                "type": "public-key",
                "response": {
                    "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIn0",
                    "attestationObject": "o2NmbXRkbm9uZQ",
                    "transports": ["internal", "hybrid"],
                },
            },
        },
        status=201,
        answer=PasskeyAnswer,
        answer_example=_EXAMPLE,
        refusals=(403, 409, 422),
    ),
)
async def add(request: Request) -> Response:
    """Where you have a second factor already, with a token that you got by proving it."""
    body = await read_body(request, PasskeyAddition)
    who, known = principal(request), services(request)
    try:
        key = known.passkeys.made(body.credential.model_dump(), who.user_id)
    except InvalidPasskey as error:
        raise InvalidAttestation(f"The passkey is not accepted: {error}.") from None
    command = AddPasskey(
        **await about_oneself(request),
        proved=has_proved(who),
        passkey_id=known.new_id(),
        title=body.name,
        credential_id=key.credential_id,
        public_key=key.public_key,
        sign_count=key.sign_count,
        aaguid=key.aaguid,
        synced=key.synced,
        transports=key.transports,
        challenge=key.challenge.digest,
        expires_at=key.challenge.expires_at,
    )
    outcome = await carry_out(request, command)
    user, _ = await left_by(request, outcome, who.user_id, User)
    added = user and user.passkeys.by_credential(key.credential_id)
    shown = _shown(added) if added else None
    return made(command, outcome, shown, [location("/v1/auth/passkeys")])


@routes.get(
    "/auth/passkeys",
    **operation("List your passkeys", answer=PasskeyList, answer_example={"items": [_EXAMPLE]}),
)
async def list_passkeys(request: Request) -> Response:
    user = await oneself(request)
    return answer(PasskeyList(items=[_shown(key) for key in user.passkeys.keys]))


@routes.patch(
    "/auth/passkeys/{passkey_id}",
    **operation(
        "Rename a passkey",
        body=PasskeyChange,
        example={"name": "Old phone"},
        answer=PasskeyAnswer,
        answer_example=_EXAMPLE | {"name": "Old phone"},
        refusals=(404, 422),
    ),
)
async def rename(request: Request) -> Response:
    passkey_id = path_id(request, "passkey_id", UnknownPasskey)
    body = await read_body(request, PasskeyChange)
    command = RenamePasskey(**await about_oneself(request), passkey_id=passkey_id, title=body.name)
    outcome = await carry_out(request, command)
    user, _ = await left_by(request, outcome, command.actor_id, User)
    renamed = user and user.passkeys.by_id(passkey_id)
    return carried_out(outcome, _shown(renamed) if renamed else None)


@routes.delete(
    "/auth/passkeys/{passkey_id}", **operation("Remove a passkey", status=204, refusals=(403, 404))
)
async def remove(request: Request) -> Response:
    """It is not accepted any more from then on. Takes a token that you got by proving a second factor: this one or
    another."""
    proved = has_proved(principal(request))
    passkey_id = path_id(request, "passkey_id", UnknownPasskey)
    framed = await about_oneself(request)
    await carry_out(request, RemovePasskey(**framed, passkey_id=passkey_id, proved=proved))
    return Answer(b"", 204)


@routes.post(
    "/auth/passkeys/proof/options",
    **operation(
        "Begin to prove with a passkey that it is you",
        answer=RequestOptions,
        answer_example=REQUEST_EXAMPLE,
        refusals=(404,),
    ),
)
async def proof_options(request: Request) -> Response:
    """What to hand to `PublicKeyCredential.parseRequestOptionsFromJSON()` and then to `navigator.credentials.get()`;
    its answer goes to POST /v1/auth/step-up."""
    user = await oneself(request)
    if not user.passkeys.keys:
        raise UnknownPasskey("You have no passkey.")
    return answer(passkey_options(request, user))


def _shown(key: Passkey) -> PasskeyAnswer:
    return PasskeyAnswer(
        id=key.passkey_id,
        name=key.name,
        synced=key.synced,
        aaguid=key.aaguid,
        transports=list(key.transports),
        added_at=key.added_at,
        used_at=key.used_at,
        suspected_at=key.suspected_at,
    )

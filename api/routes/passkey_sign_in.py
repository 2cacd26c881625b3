"""Signing in with a passkey and nothing else."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from api.claimed import claimant
from api.describe import operation, router
from api.fields import Body, Email
from api.passkey_proof import prove_passkey
from api.passkey_shapes import PROOF_EXAMPLE, REQUEST_EXAMPLE, PasskeyProof, RequestOptions
from api.reading import read_body
from api.responses import answer
from api.services import services
from api.signing_in import TOKEN_EXAMPLE, Token, signed_in
from gateways.passkeys import SIGNING_IN, InvalidPasskey, credential_id
from ledger.command import Claim
from ledger.mailbox.claims import email_claim
from ledger.passkeys.passkeys import credential_claim
from ledger.passkeys.refusals import PasskeyRefused

routes = router("Identity")


class PasskeySignIn(Body):
    """Who wants to sign in, if the page knows; then nobody else can."""

    email: Email | None = None


@routes.post(
    "/auth/passkeys/sign-in/options",
    **operation(
        "Begin to sign in with a passkey",
        body=PasskeySignIn,
        example={"email": "ada@example.com"},
        answer=RequestOptions,
        answer_example=REQUEST_EXAMPLE | {"userVerification": "required", "allowCredentials": []},
        refusals=(422,),
        public=True,
    ),
)
async def options(request: Request) -> Response:
    """What to hand to `PublicKeyCredential.parseRequestOptionsFromJSON()` and then to `navigator.credentials.get()`.
    It never lists passkeys, so it says nothing about who is registered here: the browser offers those it has."""
    body = await read_body(request, PasskeySignIn)
    about = _address(request, body.email) if body.email is not None else b""
    return answer(services(request).passkeys.request_options(SIGNING_IN, about, verified=True))


@routes.post(
    "/auth/passkeys/sign-in",
    **operation(
        "Sign in with a passkey",
        body=PasskeyProof,
        example=PROOF_EXAMPLE,
        answer=Token,
        answer_example=TOKEN_EXAMPLE,
        refusals=(401, 422),
        public=True,
    ),
)
async def sign_in(request: Request) -> Response:
    """The device must make sure of the person (by a PIN, a finger, a face), so this is two factors in one."""
    proof = await read_body(request, PasskeyProof)
    try:
        claim = Claim(*credential_claim(credential_id(proof.model_dump())))
    except InvalidPasskey as error:
        raise PasskeyRefused(f"The passkey is not accepted: {error}.") from None
    user = await claimant(request, claim)
    if user is None or not user.present:
        raise PasskeyRefused("This passkey is not known here.")
    about = b"", _address(request, user.text.get("email", ""))
    methods = await prove_passkey(request, user, proof, SIGNING_IN, *about, verified=True)
    return await signed_in(request, user, methods)


def _address(request: Request, email: str) -> bytes:
    return services(request).vault.fingerprint(email_claim(email).text)

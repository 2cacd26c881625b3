"""Signing in with an account elsewhere, and registering by it."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.carrying_out import carry_out
from api.claimed import claimant
from api.describe import operation, router
from api.fields import Currency, Locale, Zone
from api.problems import NotAuthenticated
from api.reading import read_body, stream
from api.responses import answer
from api.second_factor import SecondFactor, needed, prove_second_factor
from api.services import services
from api.signing_in import TOKEN_EXAMPLE, Token, signed_in
from api.signing_in_elsewhere import (
    BEGUN_EXAMPLE,
    RETURN_EXAMPLE,
    STATE_EXAMPLE,
    BegunSignIn,
    ProvedFields,
    SignInBeginning,
    SignInRefused,
    SignInReturn,
    begin,
    proved,
    provider_of,
)
from gateways.sign_in_states import InvalidState
from ledger.command import Claim
from ledger.identity.user import User
from ledger.oidc.commands import RegisterByIdentity, UseIdentity
from ledger.oidc.identities import identity_claim
from ledger.refusals import Refusal

routes = router("Identity")

# Said by another party, which RFC 8176 has no word for; this is the one that Microsoft's tokens have.
FEDERATED = "fed"


class AddressNotVouchedFor(Refusal):
    """The provider does not vouch for your e-mail address."""

    code = "address_not_vouched_for"
    status = 409


class SignInFinish(SignInReturn):
    """For somebody new, also the defaults of their first book, as POST /v1/auth/register takes them."""

    currency: Currency = "USD"
    time_zone: Zone = "UTC"
    locale: Locale = "en"


class HeldSignIn(SecondFactor):
    """A second factor, with `held` of the answer that asked for it and the `binding` that the browser kept."""

    held: Annotated[str, StringConstraints(max_length=4_000)]
    binding: Annotated[str, StringConstraints(max_length=100)]


class ProviderAnswer(TypedDict):
    """A provider that one can sign in with."""

    name: str
    title: str
    issuer: str


class ProviderList(TypedDict):
    """The providers that the operator has set up."""

    items: list[ProviderAnswer]


@routes.get(
    "/auth/oidc",
    **operation(
        "List the providers to sign in with",
        answer=ProviderList,
        answer_example={
            "items": [{"name": "google", "title": "Google", "issuer": "https://accounts.google.com"}]
        },
        public=True,
    ),
)
async def list_providers(request: Request) -> Response:
    known = [provider.settings for provider in services(request).oidc.providers.values()]
    items = [ProviderAnswer(name=each.name, title=each.title, issuer=each.issuer) for each in known]
    return answer(ProviderList(items=items))


@routes.post(
    "/auth/oidc/{provider}/start",
    **operation(
        "Begin to sign in with a provider",
        body=SignInBeginning,
        example={"return_to": "https://money.example.org/signed-in"},
        answer=BegunSignIn,
        answer_example=BEGUN_EXAMPLE,
        refusals=(404, 422, 503),
        public=True,
    ),
)
async def start(request: Request) -> Response:
    return await begin(request)


@routes.post(
    "/auth/oidc/{provider}/finish",
    **operation(
        "Sign in with what came back from a provider",
        body=SignInFinish,
        example=RETURN_EXAMPLE,
        answer=Token,
        answer_example=TOKEN_EXAMPLE,
        refusals=(404, 409, 422, 503),
        public=True,
    ),
)
async def finish(request: Request) -> Response:
    """Who is new here is registered, if the provider vouches for their address. If somebody is registered with it, an
    address alone opens nothing: sign in as before and link the account. Whoever has a second factor here is answered
    `second_factor_needed`: send it to POST /v1/auth/oidc/{provider}/second-factor, with `held` of that answer."""
    body = await read_body(request, SignInFinish)
    proof, fields = await proved(request, body)
    known = services(request)
    user = await claimant(request, Claim(*identity_claim(fields["issuer"], fields["digest"])))
    if user is not None and user.present:
        if user.has_second_factor:
            held = known.oidc.states.hold(user.user_id, **fields, binding=body.binding)
            raise needed(request, user, held=held)
        return await _signed_in(request, user, fields, ())
    if not (proof.email and proof.verified):
        raise AddressNotVouchedFor(
            "Register with your address and a password, then link this account to it: "
            f"POST /v1/auth/oidc/{request.path_params['provider']}/link/start."
        )
    command = RegisterByIdentity(
        **fields,
        command_id=known.new_id(),
        now=known.clock(),
        book_id=known.new_id(),
        actor_id=known.new_id(),
        identity_id=known.new_id(),
        provider=request.path_params["provider"],
        subject=proof.subject,
        email=proof.email,
        display_name=proof.name or proof.email.partition("@")[0],
        currency=body.currency,
        time_zone=body.time_zone,
        locale=body.locale,
    )
    await carry_out(request, command)
    registered = await stream(request, command.actor_id, User)
    if registered is None:
        raise NotAuthenticated("This person is no longer known here.")
    return await signed_in(request, registered, (FEDERATED,))


@routes.post(
    "/auth/oidc/{provider}/second-factor",
    **operation(
        "Prove a second factor after a provider",
        body=HeldSignIn,
        example={"held": STATE_EXAMPLE, "binding": "hvdYbJ2nqV5o4Qv3F5jW1Q", "totp": "123456"},
        answer=Token,
        answer_example=TOKEN_EXAMPLE,
        refusals=(401, 404, 409, 422, 429),
        public=True,
    ),
)
async def second_factor(request: Request) -> Response:
    body = await read_body(request, HeldSignIn)
    provider_of(request)
    try:
        held = services(request).oidc.states.held(body.held, body.binding)
    except InvalidState as error:
        raise SignInRefused(f"The sign-in is not accepted: {error}. Begin again.") from None
    user = await stream(request, held.user_id, User)
    if user is None or not user.present:
        raise SignInRefused("This person is no longer known here.")
    methods = await prove_second_factor(request, user, body)
    fields = ProvedFields(
        issuer=held.issuer, digest=held.digest, state=held.state, expires_at=held.expires_at
    )
    return await _signed_in(request, user, fields, methods)


async def _signed_in(
    request: Request, user: User, fields: ProvedFields, methods: tuple[str, ...]
) -> Response:
    """Signs in whom the provider has told, and who has proved a second factor by `methods` if they have one."""
    known = services(request)
    use = UseIdentity(
        **fields,
        command_id=known.new_id(),
        now=known.clock(),
        book_id=user.home_book_id,
        actor_id=user.user_id,
    )
    await carry_out(request, use)
    return await signed_in(request, user, (FEDERATED, *methods))

"""A sign-in with an account elsewhere, from its beginning to what the provider says of who came back."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.fields import Body
from api.own_pages import own_page
from api.reading import read_body
from api.responses import answer
from api.services import services
from gateways.id_tokens import NotProved
from gateways.oidc import Proof, Provider, ProviderDown
from gateways.sign_in_states import InvalidState
from ledger.refusals import Refusal, TryAgain, Unknown

_Code = Annotated[str, StringConstraints(min_length=1, max_length=4_000)]
STATE_EXAMPLE = "aGVsbG8.W3TsXvLkqFqYp0yDWCSb7w"
BEGUN_EXAMPLE = {
    "url": "https://accounts.google.com/o/oauth2/v2/auth?response_type=code&client_id=numina&code_challenge_method=S256",
    "state": STATE_EXAMPLE,
    "binding": "hvdYbJ2nqV5o4Qv3F5jW1Q",
    "expires_at": "2026-03-01T12:10:00Z",
}
RETURN_EXAMPLE = {"code": "4/0AX4XfWh", "state": STATE_EXAMPLE, "binding": "hvdYbJ2nqV5o4Qv3F5jW1Q"}


class UnknownProvider(Unknown):
    """This service knows no such provider."""

    code = "unknown_provider"


class SignInRefused(Refusal):
    """The provider does not say who you are."""

    code = "sign_in_refused"


class ProviderUnavailable(TryAgain):
    """The provider does not answer at the moment."""


class SignInBeginning(Body):
    """`return_to` is the page of yours to which the provider sends the browser back. It must be registered with the
    provider, and at an origin of this service."""

    return_to: Annotated[str, StringConstraints(max_length=500)] = Field(
        examples=["https://money.example.org/signed-in"]
    )


class BegunSignIn(TypedDict):
    """`url` is where to send the browser. Keep `binding` in it, and send it along with what comes back."""

    url: str
    state: str
    binding: str
    expires_at: dt.datetime


class SignInReturn(Body):
    """What came back to your page, `iss` if it did, and the `binding` that the browser kept."""

    code: _Code
    state: _Code
    binding: Annotated[str, StringConstraints(max_length=100)]
    iss: Annotated[str, StringConstraints(max_length=500)] | None = None


class ProvedFields(TypedDict):
    """The fields of ledger.oidc.commands.Proved."""

    issuer: str
    digest: bytes
    state: bytes
    expires_at: dt.datetime


async def begin(request: Request, about: bytes = b"") -> Response:
    """Begins a sign-in; one that ends in linking is `about` the person whom to link to. Raises UnknownProvider,
    ForeignPage, ProviderUnavailable."""
    provider = provider_of(request)
    body = await read_body(request, SignInBeginning)
    oidc = services(request).oidc
    own_page(body.return_to, oidc.origins, field="return_to")
    begun = oidc.states.begin(provider.settings.name, body.return_to, about)
    try:
        url = await provider.authorization_url(begun, body.return_to)
    except ProviderDown as error:
        raise _unavailable(provider, error) from None
    return answer(BegunSignIn(url=url, state=begun.state, binding=begun.binding, expires_at=begun.expires_at))


async def proved(request: Request, body: SignInReturn, about: bytes = b"") -> tuple[Proof, ProvedFields]:
    """Who came back, by the provider's word, and what a command says of that. `about` as in `begin`. Raises
    UnknownProvider, SignInRefused, ProviderUnavailable."""
    provider, known = provider_of(request), services(request)
    try:
        resumed = known.oidc.states.read(body.state, body.binding, provider.settings.name, about)
        proof = await provider.prove(body.code, resumed, body.iss)
    except (InvalidState, NotProved) as error:
        raise SignInRefused(f"The sign-in is not accepted: {error}. Begin again.") from None
    except ProviderDown as error:
        raise _unavailable(provider, error) from None
    return proof, ProvedFields(
        issuer=proof.issuer,
        digest=known.vault.fingerprint(proof.subject),
        state=resumed.digest,
        expires_at=resumed.expires_at,
    )


def provider_of(request: Request) -> Provider:
    """The provider that the path names. Raises UnknownProvider."""
    found = services(request).oidc.providers.get(request.path_params["provider"])
    if found is None:
        raise UnknownProvider("GET /v1/auth/oidc lists those that there are.")
    return found


def _unavailable(provider: Provider, error: ProviderDown) -> ProviderUnavailable:
    return ProviderUnavailable(
        f"{provider.settings.title} cannot be asked: {error}. Sign in another way, or try again.",
        retry_after=10,
    )

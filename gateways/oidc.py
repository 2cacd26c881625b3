"""Signing in elsewhere: the authorization code flow with PKCE of OpenID Connect Core 1.0, as one relying party."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import structlog

from gateways.fetching import Fetched, Fetching, Unreachable, protected
from gateways.id_tokens import TENANT, NotProved, UnknownKey, checked
from gateways.sign_in_states import Begun, Resumed, SignInStates
from ledger.clock import Clock

KEPT = 3600
ASK_AGAIN = 30
_DISCOVERY = "/.well-known/openid-configuration"
_log = structlog.get_logger("numina.oidc")


class ProviderDown(Exception):
    """The provider does not answer, or not as one should."""


class ProviderSettings(NamedTuple):
    """A provider as the operator set it up; without a secret, we are a public client."""

    name: str
    title: str
    issuer: str
    client_id: str
    client_secret: str | None = None
    scopes: tuple[str, ...] = ("openid", "email", "profile")


class Proof(NamedTuple):
    """Who signed in, by the issuer's word. `email` only counts as theirs if it is `verified`."""

    issuer: str
    subject: str
    email: str
    verified: bool
    name: str


class Provider:
    """One provider. What it publishes about itself is kept for an hour; its keys are asked for again when a token was
    signed by one that is not known, but not more often than every half minute. For one event loop."""

    def __init__(self, settings: ProviderSettings, fetching: Fetching, clock: Clock) -> None:
        self.settings = settings
        self._fetching = fetching
        self._clock = clock
        self._lock = asyncio.Lock()
        self._metadata: dict[str, Any] = {}
        self._metadata_at = float("-inf")
        self._keys: Sequence[Mapping[str, Any]] = ()
        self._keys_at = float("-inf")

    async def authorization_url(self, begun: Begun, return_to: str) -> str:
        """Where to send the browser. Raises ProviderDown."""
        metadata = await self._known()
        query = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": return_to,
            "scope": " ".join(self.settings.scopes),
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": begun.challenge,
            "code_challenge_method": "S256",
        }
        endpoint: str = metadata["authorization_endpoint"]
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def prove(self, code: str, resumed: Resumed, iss: str | None) -> Proof:
        """Who came back with `code`; `iss` is the parameter of RFC 9207, if it came. Raises NotProved,
        ProviderDown."""
        metadata = await self._known()
        expected: str = metadata["issuer"]
        if iss is None and metadata.get("authorization_response_iss_parameter_supported") is True:
            raise NotProved("the provider's answer does not say who it is from")
        if iss is not None and iss != expected and TENANT not in expected:
            raise NotProved("the answer is from another issuer")
        tokens = await self._exchange(metadata, code, resumed)
        claims = await self._checked(expected, tokens.get("id_token"), resumed.nonce)
        if iss is not None and iss != claims["iss"]:
            raise NotProved("the answer is from another issuer")
        told = await self._told(metadata, claims, tokens.get("access_token"))
        return Proof(
            issuer=claims["iss"],
            subject=claims["sub"],
            email=_line(told.get("email"), 254),
            verified=told.get("email_verified") in (True, "true") or _microsoft_vouches(claims),
            name=_line(told.get("name"), 200),
        )

    async def _exchange(self, metadata: Mapping[str, Any], code: str, resumed: Resumed) -> dict[str, Any]:
        """The tokens for the code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": resumed.return_to,
            "code_verifier": resumed.verifier,
        }
        headers: dict[str, str] = {}
        client_id, secret = self.settings.client_id, self.settings.client_secret
        methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if secret is not None and "client_secret_basic" in methods:
            pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
            headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = client_id
            if secret is not None:
                form["client_secret"] = secret
        answer = await self._asked(self._fetching.post(metadata["token_endpoint"], form, headers))
        if answer.status == 200:
            return answer.document
        _log.warning("a provider gave no token", provider=self.settings.name, status=answer.status)
        if answer.document.get("error") in ("invalid_grant", "invalid_request"):
            raise NotProved("the provider does not accept the code")
        raise ProviderDown("it gave no token")

    async def _checked(self, issuer: str, token: Any, nonce: str) -> dict[str, Any]:
        """The claims of the ID token; with the keys as they are now if it was signed by one that is not known."""

        def read(keys: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
            client_id = self.settings.client_id
            return checked(token, keys, issuer=issuer, client_id=client_id, nonce=nonce, now=self._now())

        try:
            return read(await self._known_keys(KEPT))
        except UnknownKey:
            return read(await self._known_keys(ASK_AGAIN))

    async def _told(
        self, metadata: Mapping[str, Any], claims: Mapping[str, Any], access_token: Any
    ) -> Mapping[str, Any]:
        """Address and name: of the ID token, or else of the user info (section 5.3), if it is about the same one."""
        endpoint = metadata.get("userinfo_endpoint")
        if "email" in claims or endpoint is None or not isinstance(access_token, str):
            return claims
        answer = await self._asked(self._fetching.get(endpoint, bearer=access_token))
        if answer.status != 200 or answer.document.get("sub") != claims["sub"]:
            raise NotProved("the provider tells of somebody else")
        return answer.document

    async def _known(self) -> dict[str, Any]:
        """What the provider publishes about itself (OpenID Connect Discovery 1.0)."""
        async with self._lock:
            if self._now() - self._metadata_at > KEPT:
                issuer = self.settings.issuer.rstrip("/")
                answer = await self._asked(self._fetching.get(issuer + _DISCOVERY))
                self._metadata = self._sensible(answer)
                self._metadata_at = self._now()
            return self._metadata

    def _sensible(self, answer: Fetched) -> dict[str, Any]:
        metadata = answer.document
        endpoints = [metadata.get(f"{each}_endpoint") for each in ("authorization", "token")]
        optional = [metadata["userinfo_endpoint"]] if metadata.get("userinfo_endpoint") is not None else []
        if answer.status != 200 or not all(map(protected, [*endpoints, metadata.get("jwks_uri"), *optional])):
            raise ProviderDown("it does not publish what it must")
        issuer = metadata.get("issuer")
        if issuer not in (self.settings.issuer, _with_tenants(self.settings.issuer)):
            raise ProviderDown("it says that it is somebody else")
        return metadata

    async def _known_keys(self, kept: float) -> Sequence[Mapping[str, Any]]:
        metadata = await self._known()
        async with self._lock:
            if self._now() - self._keys_at > kept:
                answer = await self._asked(self._fetching.get(metadata["jwks_uri"]))
                keys = answer.document.get("keys")
                if answer.status != 200 or not isinstance(keys, list):
                    raise ProviderDown("it publishes no keys")
                self._keys = [key for key in keys if isinstance(key, dict)]
                self._keys_at = self._now()
            return self._keys

    async def _asked(self, answer: Any) -> Fetched:
        try:
            fetched: Fetched = await answer
        except Unreachable as error:
            _log.warning("a provider does not answer", provider=self.settings.name, why=error)
            raise ProviderDown("it does not answer") from error
        if fetched.status >= 500:
            raise ProviderDown("it fails")
        return fetched

    def _now(self) -> float:
        return self._clock().timestamp()


class Oidc(NamedTuple):
    """All that signing in elsewhere takes: the providers by name, and the origins of our own pages."""

    providers: Mapping[str, Provider]
    states: SignInStates
    origins: Sequence[str]


def _with_tenants(issuer: str) -> str:
    """How Microsoft's issuer of all tenants calls itself; any other issuer as it is."""
    start, _, rest = issuer.partition("https://login.microsoftonline.com/")
    tenant, _, version = rest.partition("/")
    if start or tenant not in ("common", "organizations", "consumers") or version != "v2.0":
        return issuer
    return f"https://login.microsoftonline.com/{TENANT}/v2.0"


def _microsoft_vouches(claims: Mapping[str, Any]) -> bool:
    """Microsoft has a claim of its own for an address whose domain the tenant has proved to own."""
    ours = str(claims["iss"]).startswith("https://login.microsoftonline.com/")
    return ours and claims.get("xms_edov") in (True, "true", "1")


def _line(value: Any, most: int) -> str:
    """Text from elsewhere as one line of sensible length."""
    return "".join(c for c in value if c.isprintable())[:most].strip() if isinstance(value, str) else ""

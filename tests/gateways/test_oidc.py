"""What no provider on this machine can show: issuers with tenants, and what a foreign implementation does."""

import asyncio
import datetime as dt
import hmac
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from oidc_provider_mock import User, run_server_in_thread

from gateways import id_tokens
from gateways.fetching import Fetching, Unreachable, protected
from gateways.id_tokens import NotProved, UnknownKey
from gateways.oidc import Proof, Provider, ProviderSettings, _with_tenants
from gateways.sign_in_states import InvalidState, SignInStates
from ledger.ids import NIL

KEY = ec.generate_private_key(ec.SECP256R1())
JWK = jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {"kid": "k"}
TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
MICROSOFT = "https://login.microsoftonline.com/{tenantid}/v2.0"


def states(now: dt.datetime | None = None) -> SignInStates:
    return SignInStates(
        lambda purpose, message: hmac.digest(b"key", purpose + message, "sha256"),
        lambda: now or dt.datetime.now(dt.UTC),
    )


def token(**claims: Any) -> str:
    issuer = MICROSOFT.replace("{tenantid}", TENANT)
    told = {"iss": issuer, "tid": TENANT, "sub": "s", "aud": "c", "nonce": "n", "iat": 0, "exp": 300}
    return jwt.encode(told | claims, KEY, "ES256", headers={"kid": "k"})


def check(text: str, keys: Any = (JWK,)) -> dict[str, Any]:
    return id_tokens.checked(text, keys, issuer=MICROSOFT, client_id="c", nonce="n", now=10)


def test_an_issuer_may_have_tenants() -> None:
    assert check(token())["sub"] == "s"
    for tenant in ("7c5e9a53-13ab-4bd8-8fb5-d9b9a4f1c9a4", "evil", 7, None):
        with pytest.raises(NotProved):
            check(token(tid=tenant))


@pytest.mark.parametrize(
    ("issuer", "calls_itself"),
    [
        ("https://login.microsoftonline.com/common/v2.0", MICROSOFT),
        ("https://login.microsoftonline.com/organizations/v2.0", MICROSOFT),
        (f"https://login.microsoftonline.com/{TENANT}/v2.0", None),
        ("https://login.microsoftonline.com/common/v1.0", None),
        ("https://evil.example/?https://login.microsoftonline.com/common/v2.0", None),
        ("https://accounts.google.com", None),
    ],
)
def test_only_microsofts_does(issuer: str, calls_itself: str | None) -> None:
    assert _with_tenants(issuer) == (calls_itself or issuer)


@pytest.mark.parametrize(
    "keys",
    [[], [JWK | {"kid": "other"}], [JWK | {"use": "enc"}], [JWK | {"alg": "ES384"}], [JWK, JWK]],
)
def test_a_key_that_does_not_fit_is_not_used(keys: list[Any]) -> None:
    with pytest.raises(UnknownKey):
        check(token(), keys)


@pytest.mark.parametrize("key", [{"kid": "k"}, {"kid": "k", "kty": "oct", "k": "c2VjcmV0"}, JWK | {"x": 7}])
def test_a_key_that_is_none_is_not_used(key: Any) -> None:
    with pytest.raises(NotProved):
        check(token(), [key])


@pytest.mark.parametrize(
    ("url", "is_"),
    [
        ("https://example.org/x", True),
        ("http://localhost:8080/x", True),
        ("http://127.1.2.3/x", True),
        ("http://[::1]/x", True),
        ("http://example.org/x", False),
        ("http://localhost.example.org/x", False),
        ("ftp://localhost/x", False),
        ("https://user@example.org/", False),
        ("https://example.org/#x", False),
        ("https://[::1", False),
        ("https://", False),
        (7, False),
        (None, False),
    ],
)
def test_what_is_sent_can_be_read_by_nobody_on_the_way(url: object, is_: bool) -> None:
    assert protected(url) is is_


def test_nothing_is_fetched_in_the_clear() -> None:
    with pytest.raises(Unreachable):
        asyncio.run(Fetching().get("http://example.org/"))


def test_a_sign_in_ends_after_ten_minutes() -> None:
    now = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    begun = states(now).begin("p", "https://x")
    late = now + dt.timedelta(minutes=10)
    assert (
        states(late - dt.timedelta(seconds=1)).read(begun.state, begun.binding, "p").return_to == "https://x"
    )
    with pytest.raises(InvalidState, match="expired"):
        states(late).read(begun.state, begun.binding, "p")


def test_the_state_does_not_tell_the_verifier() -> None:
    begun = states().begin("p", "https://x")
    resumed = states().read(begun.state, begun.binding, "p")
    assert resumed.nonce == begun.nonce
    for secret in (resumed.verifier, resumed.nonce, begun.binding):
        assert len(secret) == 43
        assert secret not in begun.state


def test_a_sign_in_that_waits_for_a_second_factor_is_held_as_it_was() -> None:
    now = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    begun = states(now).begin("p", "https://x")
    resumed = states(now).read(begun.state, begun.binding, "p")
    text = states(now).hold(
        NIL, "https://issuer", b"digest", resumed.digest, resumed.expires_at, begun.binding
    )
    held = states(now).held(text, begun.binding)
    assert (held.user_id, held.issuer, held.digest) == (NIL, "https://issuer", b"digest")
    assert (held.state, held.expires_at) == (resumed.digest, resumed.expires_at)
    other = states(now).begin("p", "https://x")
    for forged, binding, told in (
        (text, other.binding, "another browser"),
        (begun.state, begun.binding, "not given out"),
        ("é", begun.binding, "cannot be read"),
    ):
        with pytest.raises(InvalidState, match=told):
            states(now).held(forged, binding)
    with pytest.raises(InvalidState, match="not given out"):
        states(now).read(text, begun.binding, "p")
    with pytest.raises(InvalidState, match="expired"):
        states(now + dt.timedelta(minutes=10)).held(text, begun.binding)


def test_a_foreign_provider_signs_somebody_in() -> None:
    ada = User(sub="ada", claims={"email": "ada@example.com", "email_verified": True, "name": "Ada"})
    back = "http://localhost:8000/signed-in"

    async def signed_in(url: str) -> Proof:
        fetching = Fetching()
        settings = ProviderSettings("mock", "Mock", url, "client", "secret")
        provider = Provider(settings, fetching, lambda: dt.datetime.now(dt.UTC))
        begun = states().begin("mock", back)
        address = await provider.authorization_url(begun, back)
        async with httpx2.AsyncClient() as browser:
            answer = await browser.post(address, data={"sub": "ada"})
        asked = {
            name: value for name, (value,) in parse_qs(urlsplit(answer.headers["location"]).query).items()
        }
        resumed = states().read(asked["state"], begun.binding, "mock")
        try:
            return await provider.prove(asked["code"], resumed, asked.get("iss"))
        finally:
            await fetching.close()

    with run_server_in_thread(user_claims=[ada]) as server:
        url = f"http://localhost:{server.server_port}"
        proof = asyncio.run(signed_in(url))
    assert proof == Proof(url, "ada", "ada@example.com", True, "Ada")

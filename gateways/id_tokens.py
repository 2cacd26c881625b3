"""ID tokens: what an issuer says of who has just signed in there (OpenID Connect Core 1.0, section 3.1.3.7)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import jwt

# Signed with a key of which only the issuer has the secret half; so no HS256, and no "none".
ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
MOST_CHARACTERS = 20_000
LEEWAY = 60
# What an issuer of several tenants writes where the tenant's id goes.
TENANT = "{tenantid}"


class NotProved(Exception):
    """The issuer did not say, or not to us or not now, who this is; the text says what is wrong."""


class UnknownKey(NotProved):
    """The token was signed by a key that is not known yet."""


def checked(
    token: Any,
    keys: Sequence[Mapping[str, Any]],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    now: float,
) -> dict[str, Any]:
    """The claims of an ID token that `issuer` made for `client_id` in answer to `nonce`, and which is good at `now`
    (seconds since 1970). `keys` are the issuer's JWKs. Raises NotProved, UnknownKey."""
    if not isinstance(token, str) or len(token) > MOST_CHARACTERS:
        raise NotProved("there is no ID token")
    try:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            raise NotProved("the ID token is not signed as it must be")
        key = jwt.PyJWK(dict(_key(keys, header.get("kid"), algorithm)), algorithm)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=client_id,
            # Time is compared below, on the clock that was passed in; the issuer may have tenants.
            options={
                "require": ["iss", "sub", "aud", "exp", "iat", "nonce"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_iss": False,
            },
        )
    except jwt.InvalidAudienceError as error:
        raise NotProved("the ID token was made for another application") from error
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise NotProved("the ID token is not signed by the provider, or is incomplete") from error
    _at_this_time(claims, now)
    _for_us(claims, client_id, nonce)
    if claims["iss"] != _tenants(issuer, claims):
        raise NotProved("the ID token is from another issuer")
    return claims


def _key(keys: Sequence[Mapping[str, Any]], kid: Any, algorithm: str) -> Mapping[str, Any]:
    """The key of that name; without a name, the only one there is."""
    fit = [
        key
        for key in keys
        if key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
    ]
    if len(fit) != 1:
        raise UnknownKey("the ID token is signed by a key that the provider does not publish")
    return fit[0]


def _at_this_time(claims: Mapping[str, Any], now: float) -> None:
    times = [claims["exp"], claims["iat"], claims.get("nbf", claims["iat"])]
    if not all(isinstance(each, int | float) for each in times):
        raise NotProved("the ID token says no time")
    expires, issued, begins = times
    if expires <= now - LEEWAY:
        raise NotProved("the ID token has expired")
    if max(issued, begins) > now + LEEWAY:
        raise NotProved("the ID token is from the future")


def _for_us(claims: Mapping[str, Any], client_id: str, nonce: str) -> None:
    audience = claims["aud"]
    party = claims.get("azp")
    several = isinstance(audience, list) and len(audience) > 1
    if (party is not None or several) and party != client_id:
        raise NotProved("the ID token was made for another application")
    said = claims["nonce"]
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise NotProved("the ID token answers another sign-in")
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise NotProved("the ID token names nobody")


def _tenants(issuer: str, claims: Mapping[str, Any]) -> str:
    """The issuer; for one with tenants, the one that the token says, which is an id and nothing else."""
    if TENANT not in issuer:
        return issuer
    try:
        return issuer.replace(TENANT, str(UUID(claims["tid"])))
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise NotProved("the ID token names no tenant") from error

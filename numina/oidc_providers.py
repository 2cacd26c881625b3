"""Providers to sign in with, as the operator writes them down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, ConfigDict, SecretStr, StringConstraints, model_validator

if TYPE_CHECKING:
    from gateways.oidc import ProviderSettings

ProviderName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
# Microsoft's covers companies and people alike; a company of its own has its tenant's id in place of "common".
KNOWN = {
    "google": ("Google", "https://accounts.google.com"),
    "microsoft": ("Microsoft", "https://login.microsoftonline.com/common/v2.0"),
}


class OidcProvider(BaseModel):
    """One provider. `issuer` is where it publishes what it is, without /.well-known/openid-configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: Annotated[str, StringConstraints(min_length=1)]
    client_secret: SecretStr | None = None
    issuer: str | None = None
    title: str | None = None
    scopes: tuple[str, ...] = ("openid", "email", "profile")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        # What fetches takes a while to load, which nobody without a provider shall wait for.
        from gateways.fetching import protected

        if self.issuer is not None and not protected(self.issuer):
            raise ValueError("an issuer has an https address (http only on this machine)")
        if "openid" not in self.scopes:
            raise ValueError("one of the scopes must be openid")
        return self


def providers(written: Mapping[str, OidcProvider]) -> list[ProviderSettings]:
    """The providers, with what is known of them filled in. Raises ValueError for one without an issuer."""
    return [_complete(name, each) for name, each in written.items()]


def _complete(name: str, written: OidcProvider) -> ProviderSettings:
    from gateways.oidc import ProviderSettings

    title, issuer = KNOWN.get(name, (name.capitalize(), None))
    issuer = written.issuer or issuer
    if issuer is None:
        raise ValueError(f"the OIDC provider {name} needs an issuer")
    secret = written.client_secret.get_secret_value() if written.client_secret else None
    return ProviderSettings(
        name, written.title or title, issuer, written.client_id, secret, tuple(written.scopes)
    )

"""The settings: the only place that reads the environment. Everybody else is handed values."""

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, HttpUrl, IPvAnyNetwork, SecretStr, StringConstraints, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from numina.oidc_providers import OidcProvider, ProviderName, providers

LogLevel = Literal["debug", "info", "warning", "error"]
ProxyHeader = Literal["x-forwarded-for", "forwarded"]
RateName = Literal["address", "account", "key", "sign_in", "register", "refresh", "mail"]
# A scheme, a host and maybe a port; or an app on Android, as Web Authentication names them.
Origin = Annotated[
    str,
    StringConstraints(
        pattern=r"^(https://[a-z0-9.-]+|http://localhost)(:[0-9]+)?$|^android:apk-key-hash:[\w-]+$"
    ),
]
# How much is answered: REQUESTS/SECONDS, such as 120/60, or off.
Rate = Annotated[str, StringConstraints(pattern=r"^(off|[1-9][0-9]{0,11}/[1-9][0-9]{0,5})$")]
MIB = 1024 * 1024


def default_home() -> Path:
    """Where data lives unless NUMINA_HOME says otherwise.

    A user's data folder by the XDG base directory specification, so that it outlives any checkout or virtual
    environment. For root it is /var/lib/numina: PostgreSQL runs as another account there, which may not
    enter /root.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/numina")
    base = os.environ.get("XDG_DATA_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".local" / "share") / "numina"


class Settings(BaseSettings):
    """What Numina can be told: by NUMINA_<FIELD> in the environment, DATABASE_URL, or arguments, which win.

    An empty variable counts as absent. Raises pydantic's ValidationError for a value that makes no sense.
    """

    model_config = SettingsConfigDict(
        env_prefix="NUMINA_", env_ignore_empty=True, populate_by_name=True, frozen=True, extra="ignore"
    )

    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL", repr=False)
    """A PostgreSQL (15 or later) to use; without one, the embedded server in the home runs."""

    home: Path = Field(default_factory=default_home)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    """0 lets the system choose a free one, which the ready line names."""

    tls_cert: Path | None = None
    tls_key: Path | None = None

    public_url: HttpUrl | None = None
    """Where people reach the service, such as https://money.example.org; without one, localhost at the port. Passkeys
    are made for its domain, so another one makes them all useless."""

    origins: tuple[Origin, ...] = ()
    """Further origins whose pages may ask for passkeys, and to which people may come back after signing in elsewhere,
    such as ["https://app.money.example.org"]."""

    cors_origins: tuple[Origin | Literal["*"], ...] = ()
    """Origins whose pages may call the API from a browser, such as ["https://app.example.org"]; none by default."""

    trusted_proxies: tuple[IPvAnyNetwork, ...] = ()
    """Networks of the proxies that stand before the service, such as ["10.0.0.0/8"]: they are believed when they say
    whom a request is from, and nobody else is."""

    proxy_header: ProxyHeader = "x-forwarded-for"
    """The one header that those proxies write it into, and that none of them passes on from others unchecked."""

    redis_url: SecretStr | None = None
    """A Redis, such as redis://:password@host:6379/0, in which all API processes count requests and wrong passwords
    together; without one, each counts for itself."""

    # A busy program must not meet the first three; who guesses, or has mails sent, meets the others soon.
    rate_address: Rate = "100000/10"
    rate_account: Rate = "50000/10"
    rate_key: Rate = "50000/10"
    rate_sign_in: Rate = "120/60"
    """Of one address: attempts to sign in, and codes and challenges on the way."""
    rate_register: Rate = "60/600"
    rate_refresh: Rate = "300/60"
    rate_mail: Rate = "20/600"
    """Of one address: requests that mail somebody."""

    oidc: dict[ProviderName, OidcProvider] = {}
    """Providers to sign in with, as JSON: {"google": {"client_id": "...", "client_secret": "..."}}. Any other than
    google and microsoft needs an issuer as well. The secret may be left out for a public client."""
    smtp_url: SecretStr | None = None
    """The mail server: smtps://user:password@host:port, or smtp://host:port?starttls=required; without one, letters
    are put into the folder outbox in the home."""

    mail_from: str = ""
    """Who letters are from, such as Numina <money@example.org>; numina at the domain of the public URL by default."""

    master_key: SecretStr | None = None
    """32 bytes in base64 that wrap every data key; without it, the file master.key in the home."""

    log_level: LogLevel = "warning"

    token_seconds: int = Field(default=900, ge=60, le=86400)
    """How long an access token is good for."""

    session_days: int = Field(default=30, ge=1, le=400)
    """How long somebody stays signed in without coming back."""

    erasure_days: int = Field(default=14, ge=0, le=90)
    """How long somebody who asked to be forgotten may think better of it."""

    erasure_clearing_minutes: int = Field(default=60, ge=1, le=10080)
    """How often, at most, the last traces of those forgotten are cleared away, which makes read models anew."""

    outbox_days: int = Field(default=30, ge=0, le=36500)
    """How long letters lie in the outbox: they bear addresses, and what a link in them allows."""

    requests_days: int = Field(default=400, ge=1, le=36500)
    """How long is remembered what a request with an idempotency key said and was answered; its key stays used."""

    # Argon2id with 46 MiB and three passes: thrice what OWASP asks for at least, and more than twenty times what else
    # signing in takes, so that whoever guesses pays for little but that.
    argon2_memory_kib: int = Field(default=47104, ge=8192)
    argon2_passes: int = Field(default=3, ge=1)
    argon2_lanes: int = Field(default=1, ge=1)

    database_connections: int = Field(default=10, ge=2, le=1000)
    """The largest number of connections that one process opens."""

    writer_queue: int = Field(default=20_000, ge=1)
    """Commands that may wait for the writer; beyond it the answer is 503 with Retry-After."""

    batch_commands: int = Field(default=1000, ge=1, le=5000)
    """Commands in one commit, at most."""

    batch_bytes: int = Field(default=4 * MIB, ge=64 * 1024)
    """Bytes of facts in one commit, at most."""

    window: int = Field(default=5000, ge=1)
    """Facts that the projector applies in one commit, at most."""

    body_limit: int = Field(default=2 * MIB, ge=1024)
    """Bytes of a request's body, at most."""

    bulk_body_limit: int = Field(default=16 * MIB, ge=1024)
    """Bytes of a bulk request's body, at most."""

    consistency_wait: float = Field(default=2.0, gt=0, le=60)
    """Seconds that a read waits for its projections before it is answered 503."""

    parent: int | None = None
    """The process id of the supervisor; a worker that was started by one ends with it."""

    listen_fd: int | None = None
    """The listening socket that the supervisor opened; it outlives an API process that crashes."""

    @model_validator(mode="after")
    def _tls_needs_both(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("TLS needs both a certificate (tls_cert) and a key (tls_key)")
        return self

    @model_validator(mode="after")
    def _providers_have_issuers(self) -> Self:
        providers(self.oidc)
        return self

    @property
    def url(self) -> str:
        """The database's URL, once it is known: by DATABASE_URL, or since the embedded server was started."""
        if self.database_url is None:
            raise LookupError("no database was started for these settings")
        return self.database_url

    @property
    def rates(self) -> dict[RateName, str]:
        """How much is answered, by what it is counted for."""
        return {
            "address": self.rate_address,
            "account": self.rate_account,
            "key": self.rate_key,
            "sign_in": self.rate_sign_in,
            "register": self.rate_register,
            "refresh": self.rate_refresh,
            "mail": self.rate_mail,
        }

    @property
    def domain(self) -> str:
        """The domain that passkeys are made for."""
        return (self.public_url and self.public_url.host) or "localhost"

    @property
    def all_origins(self) -> tuple[str, ...]:
        """The origins whose pages are ours (RFC 6454)."""
        scheme = "https" if self.tls_cert else "http"
        own = _origin(self.public_url) if self.public_url else f"{scheme}://localhost:{self.port}"
        return (own, *self.origins)

    @property
    def base_url(self) -> str:
        """Where a client on this machine reaches the service."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - read, not bound
        scheme = "https" if self.tls_cert else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    def environment(self) -> dict[str, str]:
        """The environment for a child process that is to have these settings."""
        chosen = {
            "DATABASE_URL": self.database_url,
            "NUMINA_HOME": self.home,
            "NUMINA_HOST": self.host,
            "NUMINA_PORT": self.port,
            "NUMINA_TLS_CERT": self.tls_cert,
            "NUMINA_TLS_KEY": self.tls_key,
            "NUMINA_PARENT": self.parent,
            "NUMINA_LISTEN_FD": self.listen_fd,
        }
        return os.environ | {name: "" if value is None else str(value) for name, value in chosen.items()}


def _origin(url: HttpUrl) -> str:
    usual = {"http": 80, "https": 443}[url.scheme]
    return f"{url.scheme}://{url.host}" + (f":{url.port}" if url.port != usual else "")

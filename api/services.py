"""What a request can reach: the parts of the running process, handed to the application when it is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
from psycopg_pool import AsyncConnectionPool
from starlette.requests import Request

from api.later import Later
from api.rates import Counted, Rates
from api.standing import Standing
from api.throttle import Throttle
from gateways.api_keys import ApiKeys
from gateways.mail_tokens import MailTokens
from gateways.oidc import Oidc
from gateways.passkeys import Passkeys
from gateways.passwords import Passwords
from gateways.recovery_codes import RecoveryCodes
from gateways.refresh_tokens import RefreshTokens
from gateways.tokens import Tokens
from gateways.vault import Vault
from ledger.clock import Clock
from ledger.command import Command, Outcome
from ledger.ids import Ids
from projections.checkpoint import Signer
from projections.veil import Veil

if TYPE_CHECKING:
    from api.key_uses import KeyUses
    from api.principal import Principal

Pool = AsyncConnectionPool[psycopg.AsyncConnection[Any]]


class CommandHandler(Protocol):
    """The writer as routes see it."""

    async def handle(self, command: Command) -> Outcome:
        """Raises Refusal or TryAgain."""

    async def handle_all(
        self, commands: Sequence[Command], *, atomic: bool = False
    ) -> list[Outcome | Exception]:
        """One result for each command, in order: an Outcome, or the Refusal or TryAgain that it met.
        Raises Overloaded."""


class Freshness(Protocol):
    """How far the projections have come."""

    position: int

    async def reach(self, position: int, timeout: float) -> bool:
        """Waits until the projections contain `position`; False when `timeout` seconds were not enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Made by numina.wiring.

    `patience` is how long a read waits for its projections, in seconds; `session_lifetime` how long a session lasts
    without being used; `erasure_grace` how long somebody who asked to be forgotten may think better of it; `gauges`
    tells the values that /metrics shows beside the latencies.
    """

    writer: CommandHandler
    vault: Vault
    tokens: Tokens
    refresh_tokens: RefreshTokens
    mail_tokens: MailTokens
    later: Later
    api_keys: ApiKeys
    key_uses: KeyUses
    passwords: Passwords
    passkeys: Passkeys
    oidc: Oidc
    recovery_codes: RecoveryCodes
    signer: Signer
    pool: Pool
    freshness: Freshness
    standing: Standing
    rates: Rates
    throttle: Throttle
    clock: Clock
    new_id: Ids
    patience: float = 2.0
    session_lifetime: timedelta = timedelta(days=30)
    erasure_grace: timedelta = timedelta(days=14)
    gauges: Callable[[], dict[str, float]] = dict


class Context:
    """One request: the services, its headers by lower-case name, its id, the address of whoever sent it, who was
    found to make it, which quotas it was counted against, the position of its answer."""

    __slots__ = ("address", "counted", "headers", "position", "principal", "request_id", "services", "veil")

    def __init__(
        self, services: Services, headers: dict[bytes, bytes], request_id: str, address: str = ""
    ) -> None:
        self.services = services
        self.headers = headers
        self.request_id = request_id
        self.address = address
        self.counted: list[Counted] = []
        self.principal: Principal | None = None
        # What may not be seen of the book, as of the last look at the read models.
        self.veil: Veil | None = None
        self.position = services.freshness.position


def context(request: Request) -> Context:
    """The context that the middleware put into the request."""
    found: Context = request.scope["numina"]
    return found


def services(request: Request) -> Services:
    found: Context = request.scope["numina"]
    return found.services

"""Wiring: the settings turned into the running parts of one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from threading import Event

from psycopg_pool import AsyncConnectionPool
from starlette.types import ASGIApp

from api.app import application
from api.cors import CrossOrigin
from api.freshness import Projected
from api.key_uses import KeyUses
from api.later import Later
from api.proxies import Proxies
from api.rates import Quota, Rates
from api.services import Services
from api.standing import Standing
from api.throttle import Throttle
from gateways.api_keys import ApiKeys
from gateways.challenges import Challenges
from gateways.counters import Counters, MemoryCounters
from gateways.fetching import Fetching
from gateways.mail_tokens import MailTokens
from gateways.oidc import Oidc, Provider
from gateways.passkeys import Passkeys
from gateways.passwords import Cost, Passwords
from gateways.recovery_codes import RecoveryCodes
from gateways.refresh_tokens import RefreshTokens
from gateways.sign_in_states import SignInStates
from gateways.signing import SigningKeys
from gateways.tokens import Keys, Tokens
from gateways.vault import Vault
from ledger.clock import system_clock
from ledger.ids import new_id
from ledger.queue import Limits
from ledger.session import session_url
from ledger.writer import Writer
from numina.batches import Batches
from numina.log_signer import log_signer
from numina.master_key import master_key
from numina.oidc_providers import providers
from numina.settings import Settings

# The pool's connections answer queries: each of them reads one row or a page, so a slow one is a defect. None
# is large enough to be worth taking the other cores from everybody else.
_READING = {
    "search_path": "views",
    "statement_timeout": "30000",
    "max_parallel_workers_per_gather": "0",
}


def api_app(settings: Settings) -> ASGIApp:
    """The ASGI application on the database of `settings`, which must be migrated.

    The lifespan starts the writer and the connections, and stops them when the server stops. Raises
    MasterKeyError, gateways.vault.WrongMasterKey and psycopg.OperationalError.
    """
    url, key = settings.url, master_key(settings)
    vault = Vault(url, key)
    signing = SigningKeys(url, key)
    batches = Batches()
    writer = Writer(
        url,
        vault,
        limits=Limits(
            batch_commands=settings.batch_commands,
            batch_bytes=settings.batch_bytes,
            queued_commands=settings.writer_queue,
        ),
        on_batch=batches.observe,
    )
    freshness, standing = Projected(url), Standing(url, vault)
    passwords = Passwords(
        Cost(settings.argon2_passes, settings.argon2_memory_kib, settings.argon2_lanes), threads=2
    )
    pool = AsyncConnectionPool(
        session_url(url, "numina_service", **_READING),
        min_size=2,
        max_size=max(2, settings.database_connections - 3),
        kwargs={"autocommit": True, "application_name": "numina api"},
        open=False,
        timeout=10,
    )
    later = Later()
    limiting, guessing = _counters(settings), _counters(settings)
    fetching = Fetching()
    services = Services(
        writer=writer,
        vault=vault,
        tokens=Tokens(
            lambda: Keys(signing.current("token"), signing.accepted("token")),
            clock=system_clock,
            new_id=new_id,
            lifetime=timedelta(seconds=settings.token_seconds),
        ),
        refresh_tokens=RefreshTokens(vault.mac),
        mail_tokens=MailTokens(vault.mac),
        later=later,
        api_keys=ApiKeys(vault.mac),
        key_uses=KeyUses(writer, new_id=new_id),
        passwords=passwords,
        passkeys=Passkeys(
            Challenges(vault.mac, system_clock), rp_id=settings.domain, origins=settings.all_origins
        ),
        oidc=Oidc(
            {each.name: Provider(each, fetching, system_clock) for each in providers(settings.oidc)},
            SignInStates(vault.mac, system_clock),
            settings.all_origins,
        ),
        recovery_codes=RecoveryCodes(vault.mac),
        signer=log_signer(signing),
        pool=pool,
        freshness=freshness,
        standing=standing,
        rates=Rates(limiting, {name: _quota(text) for name, text in settings.rates.items()}),
        throttle=Throttle(guessing),
        clock=system_clock,
        new_id=new_id,
        patience=settings.consistency_wait,
        session_lifetime=timedelta(days=settings.session_days),
        erasure_grace=timedelta(days=settings.erasure_days),
        gauges=lambda: (
            batches.gauges()
            | passwords.gauges()
            | {"writer_queue_depth": writer.waiting, "projected_position": freshness.position}
        ),
    )

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        writer.start()
        following = [asyncio.create_task(each.follow()) for each in (freshness, standing, services.tokens)]
        try:
            async with pool:
                yield
                await later.finish()
        finally:
            await services.key_uses.settle()
            for task in following:
                task.cancel()
            await asyncio.to_thread(writer.stop)
            await limiting.close()
            await guessing.close()
            await fetching.close()
            passwords.close()
            vault.close()

    return application(
        services,
        lifespan=lifespan,
        body_limit=settings.body_limit,
        bulk_body_limit=settings.bulk_body_limit,
        proxies=Proxies(settings.trusted_proxies, settings.proxy_header),
        cross_origin=CrossOrigin(settings.cors_origins),
    )


def _counters(settings: Settings) -> Counters:
    """One for each purpose, so that a flood of requests pushes out no count of wrong passwords."""
    if settings.redis_url is None:
        return MemoryCounters()
    # Whoever needs no Redis need not wait for its client to be imported.
    from gateways.shared_counters import RedisCounters

    return RedisCounters(settings.redis_url.get_secret_value())


def _quota(text: str) -> Quota | None:
    """What the settings write as REQUESTS/SECONDS, or off."""
    return None if text == "off" else Quota(*map(int, text.split("/")))


def project(settings: Settings, stop: Event) -> None:
    """Keeps the read models up to date until `stop` is set."""
    from projections.projector import Projector

    vault = Vault(settings.url, master_key(settings))
    try:
        Projector(settings.url, vault, most_facts=settings.window).run(stop)
    finally:
        vault.close()

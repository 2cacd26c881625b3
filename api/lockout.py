"""Signing in by password, guarded: whoever guesses is slowed down, and nobody is locked out by a stranger.

Wrong attempts count twice: for the account at the address that they come from, and for the account wherever they come
from. The second is for guessing from many addresses at once, and does not hold up anybody in a network from which
this person has signed in before. An address that nobody has registered is counted, paused and answered alike.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import psycopg
from starlette.requests import Request

from api.client import network
from api.proxies import household
from api.services import context, services
from api.throttle import Backoff
from gateways.counters import Count, Key
from ledger.anomalies.commands import NoteFailedSignIns
from ledger.identity.user import User
from ledger.mailbox.claims import email_claims
from ledger.refusals import Overloaded, Refusal
from projections.sessions import signed_in_from

HERE = Backoff(free=5)
ANYWHERE = Backoff(free=20)
WORTH_RECORDING = frozenset(10**power for power in range(1, 9))


@asynccontextmanager
async def guarded_sign_in(
    request: Request, email: str, user: User | None, wrong: type[Refusal]
) -> AsyncIterator[None]:
    """Around the checking of a password; `user` is who holds the address, if anybody. Raising `wrong` is a failure.
    Raises TooManyAttempts before anything is checked."""
    throttle = services(request).throttle
    anywhere, here = _keys(request, email)
    guarding = [here]
    if await throttle.count(anywhere) < ANYWHERE.free or not await _known(request, user):
        guarding.append(anywhere)
    async with throttle.admitted(guarding):
        try:
            yield
        except wrong:
            await throttle.failed(here, HERE)
            if anywhere in guarding:
                _note(request, user, await throttle.failed(anywhere, ANYWHERE))
            raise
    await throttle.forget(here)


async def forgive(request: Request, email: str) -> None:
    """Forgets the failures of an account: whoever set its password anew by mail need not wait to use it."""
    await services(request).throttle.forget(*_keys(request, email))


def _keys(request: Request, email: str) -> tuple[Key, Key]:
    """What failures are counted under, from anywhere and from here. The store learns no e-mail address."""
    # However it is spelled: else each spelling had attempts of its own.
    account = services(request).vault.fingerprint(email_claims(email)[0].text).hex()
    anywhere = ("failed", account)
    return anywhere, (*anywhere, household(context(request).address))


async def _known(request: Request, user: User | None) -> bool:
    """Whether this person signed in from this network before. Somebody unknown takes as long."""
    known = services(request)
    place, user_id = network(request), user.user_id if user is not None else known.new_id()
    with suppress(psycopg.errors.UndefinedTable):
        async with known.pool.connection() as connection:
            return await signed_in_from(connection, user_id, place) and bool(place)
    return False


def _note(request: Request, user: User | None, failed: Count) -> None:
    """Records a number of failures that is worth it, without letting the answer wait for that."""
    if user is None or failed.number not in WORTH_RECORDING:
        return
    known = services(request)
    now = known.clock()
    command = NoteFailedSignIns(
        command_id=known.new_id(),
        book_id=user.home_book_id,
        actor_id=user.user_id,
        now=now,
        user_id=user.user_id,
        count=failed.number,
        since=now - timedelta(seconds=ANYWHERE.forgotten - failed.left),
        text={"address": place} if (place := network(request)) else {},
    )

    async def record() -> None:
        outcome = await known.writer.handle(command)
        known.standing.learn(outcome.facts)

    # Were there too much to be done already, this is what may be left out.
    with suppress(Overloaded):
        known.later.do(record)

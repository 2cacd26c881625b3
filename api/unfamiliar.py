"""Noticing that somebody signs in by a device, or from a network, that is new for them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from uuid import UUID

import psycopg

from api.services import Services
from ledger.anomalies.commands import NoteNewDevice
from ledger.identity.user import User
from ledger.refusals import Overloaded
from projections.sessions import earlier


def notice(known: Services, user: User, session_id: UUID, text: Mapping[str, str]) -> None:
    """Records it, once the answer is on its way, if the session is not their first and device or network are new.
    `text` as SessionOpened has it."""

    async def compare() -> None:
        device, network = text.get("device", ""), text.get("address", "")
        # Before the first projector has run, nobody has been seen.
        with suppress(psycopg.errors.UndefinedTable):
            async with known.pool.connection() as connection:
                before, by, at = await earlier(connection, user.user_id, session_id, device, network)
            # What a client does not say is no news.
            by, at = by or not device, at or not network
            if before and not (by and at):
                await _record(known, user, session_id, text, by, at)

    # Were there too much to be done already, this is what may be left out.
    with suppress(Overloaded):
        known.later.do(compare)


async def _record(
    known: Services,
    user: User,
    session_id: UUID,
    text: Mapping[str, str],
    device_seen: bool,
    network_seen: bool,
) -> None:
    command = NoteNewDevice(
        command_id=known.new_id(),
        book_id=user.home_book_id,
        actor_id=user.user_id,
        now=known.clock(),
        session_id=session_id,
        device_seen=device_seen,
        network_seen=network_seen,
        text=text,
    )
    outcome = await known.writer.handle(command)
    known.standing.learn(outcome.facts)

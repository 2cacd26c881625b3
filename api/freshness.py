"""How far the projections have come, heard over one connection, and waiting until it is far enough."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import psycopg
import structlog

from ledger.session import session_url

CHANNEL = "projected"
# Announcements can be missed (a lost connection, a rebuild that swaps the tables), so the table is asked too.
ASK_EVERY = 0.5
RETRY_AFTER = 0.2

_POSITION = "SELECT position FROM views.tracking"
_log = structlog.get_logger("numina.freshness")


class Projected:
    """The position that the read models contain; follows it while `follow` runs. For one event loop."""

    def __init__(self, url: str, *, role: str = "numina_service") -> None:
        self._url = url
        self._role = role
        self._waiting: dict[asyncio.Future[None], int] = {}
        self.position = 0

    async def follow(self) -> None:
        """Listens until cancelled; a lost database is waited for."""
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(
                    session_url(self._url, self._role),
                    autocommit=True,
                    application_name="numina freshness",
                )
                async with connection:
                    await self._listen(connection)
            except psycopg.Error as error:
                _log.debug("cannot tell how far the projections are", error=error)
                # A server that crashed may have lost the last windows (never facts): they are projected again.
                self.position = 0
                await asyncio.sleep(RETRY_AFTER)

    async def reach(self, position: int, timeout: float) -> bool:
        """Waits until the projections contain `position`; False when `timeout` seconds were not enough."""
        if self.position >= position:
            return True
        reached = asyncio.get_running_loop().create_future()
        self._waiting[reached] = position
        try:
            async with asyncio.timeout(timeout):
                await reached
        except TimeoutError:
            return False
        finally:
            self._waiting.pop(reached, None)
        return True

    async def _listen(self, connection: psycopg.AsyncConnection[Any]) -> None:
        await connection.execute(f"LISTEN {CHANNEL}")
        while True:
            row = None
            # Before the first projector has run there is no such table.
            with suppress(psycopg.errors.UndefinedTable):
                row = await (await connection.execute(_POSITION)).fetchone()
            self._advance(int(row[0]) if row else 0)
            async for notification in connection.notifies(timeout=ASK_EVERY):
                with suppress(ValueError):
                    self._advance(int(notification.payload))

    def _advance(self, position: int) -> None:
        self.position = position
        for reached, wanted in list(self._waiting.items()):
            if wanted <= position and not reached.done():
                reached.set_result(None)

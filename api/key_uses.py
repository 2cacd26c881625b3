"""Noting that API keys were used, beside the requests, so that none waits for it."""

from __future__ import annotations

import asyncio
from datetime import datetime

import psycopg
import structlog

from api.services import CommandHandler
from ledger.command import Command
from ledger.ids import NIL, Ids
from ledger.keys.commands import NoteMisuse, NoteUse
from ledger.keys.key import ApiKey
from ledger.refusals import Refusal, TryAgain

_log = structlog.get_logger("numina.keys")


class KeyUses:
    """Remembers what was noted, of at most `remembered` pairs of a key and a network; for one event loop.

    The decision says what is worth a fact; this spares asking it at every request. What could not be noted is
    noted at the next use.
    """

    def __init__(self, writer: CommandHandler, *, new_id: Ids, remembered: int = 100_000) -> None:
        self._writer = writer
        self._new_id = new_id
        self._most = remembered
        # By key and network: the day or hour (UTC) that was noted last.
        self._noted: dict[tuple[int, str, bool], object] = {}
        self._noting: set[asyncio.Task[None]] = set()

    def used(self, key: ApiKey, address: str, now: datetime) -> None:
        """The key was used from the network `address`."""
        place = key.key_id.int, address, True
        if self._noted.get(place) == now.toordinal():
            return
        self._begin(place, now.toordinal(), NoteUse, key, address, now)

    def misused(self, key: ApiKey, address: str, now: datetime) -> None:
        """The key was shown from the network `address` when it was good no more."""
        place = key.key_id.int, "", False
        if self._noted.get(place) == (now.toordinal(), now.hour):
            return
        self._begin(place, (now.toordinal(), now.hour), NoteMisuse, key, address, now)

    async def settle(self) -> None:
        """Waits until all that was begun is noted, or could not be."""
        await asyncio.gather(*self._noting)

    def _begin(
        self,
        place: tuple[int, str, bool],
        period: object,
        kind: type[NoteUse] | type[NoteMisuse],
        key: ApiKey,
        address: str,
        now: datetime,
    ) -> None:
        if len(self._noted) >= self._most:
            self._noted.clear()
        self._noted[place] = period
        command = kind(
            command_id=self._new_id(),
            book_id=key.user_id,
            # Nobody knows who shows a dead key.
            actor_id=key.user_id if kind is NoteUse else NIL,
            now=now,
            key_id=key.key_id,
            address=address,
        )
        task = asyncio.create_task(self._note(place, command))
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    async def _note(self, place: tuple[int, str, bool], command: Command) -> None:
        try:
            await self._writer.handle(command)
        except (Refusal, TryAgain, psycopg.Error) as error:
            self._noted.pop(place, None)
            _log.debug("the use of a key was not noted", reason=error)

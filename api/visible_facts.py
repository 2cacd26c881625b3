"""The record as somebody may read it: facts without those that only concern what is private to others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from uuid import UUID

from api.reading import Connection
from api.visibility import Sight
from ledger.reconciliations.events import StatementReconciled
from ledger.record import Recorded
from ledger.sealing import Keys
from projections import trail
from projections.statements import reconciliations

# So many facts of a command tell whether any of them is seen.
MOST_OF_A_COMMAND = 10_000


class Reader:
    """Reads the facts of a book for somebody, on a connection that is veiled for them."""

    def __init__(self, connection: Connection, keys: Keys, book_id: UUID, seen: Sight) -> None:
        self._connection = connection
        self._keys = keys
        self._book_id = book_id
        self._seen = seen
        self._statements: frozenset[UUID] | None = None
        self._commands: dict[UUID, bool] = {}

    async def visible(self, facts: Iterable[Recorded]) -> list[Recorded]:
        """Those of the facts that they may know, as they may know them."""
        shown = []
        for recorded in facts:
            known = self._seen.fact(recorded)
            if known is not None and (self._seen.clear or await self._besides(known)):
                shown.append(known)
        return shown

    async def page(
        self,
        ask: Callable[[int | None, int], Awaitable[Sequence[Recorded]]],
        limit: int,
    ) -> list[Recorded]:
        """The first `limit` facts that they may know. `ask` gives so many facts past a position (None: the first),
        so that a page is full although some are left out: how full it is would tell of them."""
        shown: list[Recorded] = []
        past: int | None = None
        while len(shown) < limit:
            found = await ask(past, limit)
            shown += await self.visible(found)
            if len(found) < limit:
                break
            past = found[-1].position
        return shown[:limit]

    async def of_command(self, command_id: UUID) -> list[Recorded]:
        """What they may know of the facts of a command, newest first."""
        wanted = trail.Filter(command_id=command_id)
        found = await trail.log(self._connection, self._keys, self._book_id, wanted, MOST_OF_A_COMMAND)
        return await self.visible(found)

    async def _besides(self, recorded: Recorded) -> bool:
        """Whether a fact is seen that does not itself say what it is about."""
        noun = recorded.topic.split(".", 1)[0]
        if noun == "reconciliation" and not isinstance(recorded.fact, StatementReconciled):
            if self._statements is None:
                rows = await reconciliations(self._connection, self._book_id)
                self._statements = frozenset(row.reconciliation_id for row in rows)
            return recorded.stream_id in self._statements
        if noun != "command":
            return True
        undone = recorded.stream_id
        if undone not in self._commands:
            # One that undid an undoing is about what that one undid.
            self._commands[undone] = True
            self._commands[undone] = bool(await self.of_command(undone))
        return self._commands[undone]

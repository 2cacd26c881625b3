"""Forgets the people who asked for it and whose time has come."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import structlog

from gateways.erasing import Traces
from gateways.vault import HEARD_WITHIN, Vault
from ledger.clock import Clock, system_clock
from ledger.command import Command
from ledger.entities import fold
from ledger.identity.user import User
from ledger.ids import NIL, derived_id
from ledger.log import read_streams
from ledger.mailbox.claims import email_claim
from ledger.privacy.commands import DepartBook, EraseBook, EraseInvitation, EraseUser
from ledger.refusals import Refusal
from ledger.sealing import Keys
from ledger.session import session_url
from ledger.writer import Writer
from projections.all import ALL
from projections.rebuild import RebuildRunning, rebuild

_DUE = """
    SELECT e.user_id, e.book_id, e.due_at,
           ARRAY(SELECT m.book_id FROM views.members AS m
                  WHERE m.user_id = e.user_id
                    AND NOT EXISTS (SELECT FROM views.members AS o
                                     WHERE o.book_id = m.book_id AND o.user_id <> m.user_id)
                  ORDER BY m.book_id),
           ARRAY(SELECT m.book_id FROM views.members AS m
                  WHERE m.user_id = e.user_id
                    AND EXISTS (SELECT FROM views.members AS o
                                 WHERE o.book_id = m.book_id AND o.user_id <> m.user_id)
                  ORDER BY m.book_id)
      FROM views.erasures AS e
     WHERE e.books IS NULL AND e.due_at <= %s
     ORDER BY e.due_at
     LIMIT 100
"""
_INVITED = "SELECT invitation_id, book_id FROM views.invitations WHERE status = 'open' AND address = %s"
SETTLED = timedelta(seconds=3 * HEARD_WITHIN)
"""After so long no process has a destroyed key at hand."""
_log = structlog.get_logger("numina.scheduler")


class ErasePeople:
    """Each turn does what is left to do, so that one that was broken off is made good by the next.

    First the record says that somebody is erased; from then on nobody can sign in as them, and the read models drop
    their words. Then their keys are destroyed. Last, at most once in `every`, the worded read models are made anew
    beside the live ones (a dead row keeps its bytes until its file is written anew), and so are the few tables
    that hold traces beside them.

    `vault` destroys; `reading` are the keys as the projector's role sees them.
    """

    def __init__(
        self,
        url: str,
        writer: Writer,
        vault: Vault,
        reading: Keys,
        *,
        clock: Clock = system_clock,
        settled: timedelta = SETTLED,
        every: timedelta = timedelta(hours=1),
    ) -> None:
        self._url = url
        self._writer = writer
        self._vault = vault
        self._reading = reading
        self._clock = clock
        self._settled = settled
        self._every = every
        self._traces = Traces(url)

    def __call__(self) -> None:
        """One turn. Raises psycopg.Error, TryAgain."""
        for user_id, book_id, due_at, books, shared in self._due():
            self._erase(user_id, book_id, due_at, tuple(books), shared)
        for user_id, forgotten in self._traces.unfinished():
            self._vault.forget(user_id, forgotten)
        gone = self._traces.due(self._settled, self._every)
        if gone:
            self._clear(gone)

    def _erase(
        self, user_id: UUID, home: UUID, due_at: datetime, books: tuple[UUID, ...], shared: list[UUID]
    ) -> None:
        """Records it: all of it or nothing. `books` are theirs alone; the `shared` ones they leave. Who thought
        better of it meanwhile is left alone."""
        now = self._clock()

        def framed(*parts: bytes, book_id: UUID) -> dict[str, object]:
            command_id = derived_id("erase", user_id.bytes, due_at.isoformat(), *parts)
            return {"command_id": command_id, "book_id": book_id, "actor_id": NIL, "now": now, "request": b""}

        commands: list[Command] = [
            DepartBook(**framed(b"depart", book.bytes, book_id=book), user_id=user_id)  # type: ignore[arg-type]  # a frame
            for book in shared
        ]
        commands += [
            EraseBook(**framed(book.bytes, book_id=book), user_id=user_id)  # type: ignore[arg-type]  # a frame
            for book in books
        ]
        commands += [
            EraseInvitation(
                **framed(invitation_id.bytes, book_id=book),  # type: ignore[arg-type]  # a frame
                invitation_id=invitation_id,
                user_id=user_id,
            )
            for invitation_id, book in self._invited(user_id)
        ]
        commands.append(
            EraseUser(**framed(book_id=home), user_id=user_id, books=books)  # type: ignore[arg-type]  # a frame
        )
        for result in self._writer.handle_all_sync(commands, atomic=True):
            if isinstance(result, Refusal):
                _log.info("somebody is not erased", user_id=str(user_id), reason=result.code)
                return
            if isinstance(result, Exception):
                raise result
        self._vault.forget(user_id, books)

    def _clear(self, gone: list[tuple[UUID, list[UUID]]]) -> None:
        for user_id, books in gone:
            # What was recorded in the moment before everybody knew is in the read models by now.
            self._vault.forget(user_id, books)
        try:
            rebuild(self._url, self._reading, [p.name for p in ALL if p.worded])
        except RebuildRunning:
            _log.info("another rebuild is running; what is left of those erased is cleared away after it")
            return
        self._traces.rewrite()
        self._traces.cleared([user_id for user_id, _ in gone])
        _log.info("nothing is left of those erased", people=len(gone))

    def _invited(self, user_id: UUID) -> list[tuple[UUID, UUID]]:
        """The open invitations to their address, each with the book that it is to."""
        url = session_url(self._url, "numina_service", statement_timeout="30000")
        with psycopg.connect(url, autocommit=True) as connection:
            user = fold(read_streams(connection, [user_id], self._vault))
            email = user.text.get("email") if isinstance(user, User) else None
            if not email:
                return []
            try:
                return connection.execute(_INVITED, (email_claim(email).text,)).fetchall()
            except psycopg.errors.UndefinedTable:
                # The projector has not made its tables yet: it does before anything else, when it is upgraded.
                return []

    def _due(self) -> list[tuple[UUID, UUID, datetime, list[UUID], list[UUID]]]:
        url = session_url(self._url, "numina_service", statement_timeout="30000")
        with psycopg.connect(url, autocommit=True) as connection:
            try:
                return connection.execute(_DUE, (self._clock(),)).fetchall()
            except psycopg.errors.UndefinedTable:
                # The projector has not made its tables yet.
                return []

"""The reactor: shows a reaction the facts that it reacts to, each at least once; none holds up the rest."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic
from typing import Any

import psycopg
import structlog

from ledger.clock import Clock, system_clock
from ledger.log import Row, decode_row
from ledger.sealing import Keys
from ledger.session import session_url
from scheduler.reactions.progress import MOST_IN_AN_OUTAGE, MOST_TRIES, Progress
from scheduler.reactions.reaction import NotNow, NotYet, Reaction, SetAside

AT_ONCE = 100
FIRST_REST, LAST_REST = timedelta(seconds=1), timedelta(minutes=1)
_log = structlog.get_logger("numina.reactions")


class Reactor:
    """One reaction's job. Any number of processes may run it; one of them does the work.

    First it is done, then it is noted that it was: a process that dies in between does it again, once. A fact that
    fails is tried again, ever less often, while the reaction goes on with the others, and is set aside after
    MOST_TRIES. When nothing can be done at all, the reaction rests, and tries one fact after each rest.
    """

    def __init__(
        self,
        url: str,
        keys: Keys,
        reaction: Reaction,
        *,
        clock: Clock = system_clock,
        seconds: float = 2,
    ) -> None:
        """A turn begins with nothing more once `seconds` have passed."""
        self._url = url
        self._keys = keys
        self._reaction = reaction
        self._clock = clock
        self._seconds = seconds
        self._connection: psycopg.Connection[Any] | None = None
        self._rest = timedelta(0)
        self._resting_until = clock()

    def __call__(self) -> int:
        """One turn: everything that is new or due, as far as time allows; how many facts were dealt with. Raises
        psycopg.Error, after which the next turn begins on another connection."""
        if self._clock() < self._resting_until:
            return 0
        try:
            progress = Progress(self._open(), self._reaction.name)
            if not progress.take_turn():
                return 0
            try:
                return self._turn(progress)
            finally:
                progress.end_turn()
        except psycopg.Error:
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _turn(self, progress: Progress) -> int:
        until, dealt = monotonic() + self._seconds, 0
        for tries, row in progress.due(self._clock(), AT_ONCE):
            if monotonic() >= until or self._clock() < self._resting_until:
                return dealt
            dealt += self._try(progress, row, tries + 1)
        position, head = progress.position(self._reaction.begins), progress.head()
        while position < head and monotonic() < until and self._clock() >= self._resting_until:
            rows = progress.facts(position, head, self._reaction.topics, AT_ONCE)
            for row in rows:
                if monotonic() >= until or self._clock() < self._resting_until:
                    return dealt
                dealt += self._try(progress, row, 1)
                position = row[0]
            if len(rows) < AT_ONCE:
                position = head
                progress.move(head, self._clock())
        return dealt

    def _try(self, progress: Progress, row: Row, tries: int) -> bool:
        """Whether the fact was dealt with; either way it is noted, and the reaction is past it."""
        position, topic = row[0], row[3]
        try:
            self._reaction.react(decode_row(row, self._keys))
        except Exception as error:
            with progress.together():
                aside = progress.failed(position, tries, self._clock(), _reason(error), _most(error))
                progress.move(position, self._clock())
            tell = _log.error if aside else _log.warning
            tell(
                "reaction set a fact aside" if aside else "reaction failed",
                reaction=self._reaction.name,
                topic=topic,
                position=position,
                tries=tries,
                reason=_reason(error),
            )
            if isinstance(error, NotNow):
                self._rest = min(max(self._rest * 2, FIRST_REST), LAST_REST)
                self._resting_until = self._clock() + self._rest
            return False
        self._rest = timedelta(0)
        with progress.together():
            if tries > 1:
                progress.done(position)
            progress.move(position, self._clock())
        return True

    def _open(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed or self._connection.broken:
            self._connection = psycopg.connect(
                session_url(self._url, "numina_service", statement_timeout="30000"),
                autocommit=True,
                application_name="numina reactions",
            )
        return self._connection


def _reason(error: Exception) -> str:
    """What may be kept of an error: its own words only where they are known to tell nothing about anybody."""
    if isinstance(error, SetAside | NotYet | NotNow):
        return str(error)
    return type(error).__name__


def _most(error: Exception) -> int:
    """After how many tries the fact is set aside."""
    if isinstance(error, SetAside):
        return 1
    return MOST_IN_AN_OUTAGE if isinstance(error, NotNow) else MOST_TRIES

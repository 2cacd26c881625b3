"""The writer's connection for storing: one statement, one round trip and one flush for each batch."""

from __future__ import annotations

import select
from collections.abc import Sequence
from time import monotonic, sleep
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, ExecStatus, Format
from psycopg.pq.abc import PGresult

from ledger import arrays
from ledger.batch import APPEND, Answered, Head
from ledger.command import Balance
from ledger.record import Recorded
from ledger.session import session_url

_HEAD = "SELECT position, recorded_at FROM record.head"
_ANSWERED = (
    "SELECT command_id, first, last, request, answer FROM registers.commands WHERE command_id = ANY(%s)"
)
_HOLDS = """
    SELECT FROM record.stored_events WHERE originator_id = %s AND originator_version = %s AND command_id = %s
"""
_STATEMENT = b"append"
# Connection exceptions, and the ends that a server puts to one (PostgreSQL's table of error codes).
_ENDED = ("08", "57P")
# Seconds between two attempts to find out what became of a batch.
_ASK_AGAIN = 0.1
_answers = msgspec.json.Decoder(list[tuple[UUID, str, Balance]])


class HeadMoved(psycopg.errors.DatabaseError, code="NU001"):
    """Another process appended to the log after this one last looked; nothing was stored."""


class Replayed(Exception):
    """A command of the batch was carried out before, under the same idempotency key; nothing was stored."""


class Store:
    """Stores batches; `lock_ms` bounds the wait for another process that is storing."""

    def __init__(self, url: str, lock_ms: int) -> None:
        self._connection = connect(url, lock_timeout=str(int(lock_ms)), statement_timeout="60000")
        self._prepared = False

    def close(self) -> None:
        self._connection.close()

    @property
    def hung_up(self) -> bool:
        """Whether the idle connection is lost."""
        return hung_up(self._connection)

    def lock(self) -> Head:
        """Opens the transaction, keeps everybody else from appending, and says where the log ends."""
        self._connection.execute("BEGIN")
        return read_head(self._connection, " FOR UPDATE")

    def holds(self, fact: Recorded) -> bool:
        """Whether a fact is in the record. Takes the lock: whoever was storing it has finished then."""
        self.lock()
        ids = fact.stream_id, fact.version, fact.command_id
        return self._connection.execute(_HOLDS, ids).fetchone() is not None

    def commit(self, head: Head, parameters: Sequence[bytes] | None) -> None:
        """Stores a batch in the transaction that `lock` opened, or in one of its own, and commits.

        With nothing to store it only makes sure that the log still ends at `head`, so that nobody is refused for
        something that another process has changed. Raises HeadMoved or Replayed (nothing stored), or psycopg.Error
        when the batch is not known to be stored.
        """
        connection = self._connection
        locked = connection.info.transaction_status is not psycopg.pq.TransactionStatus.IDLE
        if parameters is not None:
            self._append(parameters)
        elif not locked and read_head(connection).position != head.position:
            raise HeadMoved("the log has grown")
        if locked:
            connection.execute("COMMIT")

    def _append(self, parameters: Sequence[bytes]) -> None:
        """Runs APPEND by libpq's own means, which let go of the interpreter's lock once, and not for each piece of
        a megabyte that fits into the socket's buffer: getting it back takes as long as a busy thread may keep it."""
        plain = self._connection.pgconn
        if not self._prepared:
            _check(plain.prepare(_STATEMENT, APPEND.encode()), ExecStatus.COMMAND_OK)
            self._prepared = True
        try:
            result = plain.exec_prepared(
                _STATEMENT, parameters, [Format.BINARY] * len(parameters), Format.BINARY
            )
            _check(result, ExecStatus.TUPLES_OK)
        except psycopg.errors.UniqueViolation as error:
            if error.diag.constraint_name == "commands_pkey":
                raise Replayed from error
            raise


def _check(result: PGresult, wanted: ExecStatus) -> None:
    """Raises the psycopg.Error that a result stands for; an OperationalError without sqlstate when the connection
    was lost."""
    if result.status == wanted:
        return
    if result.error_field(DiagnosticField.SQLSTATE):
        raise error_from_result(result)
    raise psycopg.OperationalError(result.get_error_message())


def connect(url: str, **settings: str) -> psycopg.Connection[Any]:
    """A connection with the rights of the service and none more; commits are flushed before they are answered."""
    connection = psycopg.connect(
        session_url(url, "numina_service", synchronous_commit="on", **settings),
        autocommit=True,
        connect_timeout=5,
        application_name="numina writer",
    )
    arrays.register(connection)
    return connection


def hung_up(connection: psycopg.Connection[Any]) -> bool:
    """Whether the server has gone from an idle connection: it was restarted, or ended the session. Telling before
    anything is sent is telling for certain that nothing was stored."""
    if connection.closed:
        return True
    poller = select.poll()
    poller.register(connection.fileno(), select.POLLIN)
    return bool(poller.poll(0))


def lost(error: BaseException | None) -> bool:
    """Whether an error is the loss of the connection, so that what was asked for last may have happened."""
    if not isinstance(error, psycopg.OperationalError):
        return False
    return error.sqlstate is None or error.sqlstate.startswith(_ENDED)


def was_stored(url: str, fact: Recorded, lock_ms: int, seconds: float) -> bool | None:
    """Whether a fact is in the record, once nobody can still be storing it; None when that cannot be found out
    within `seconds`."""
    until = monotonic() + seconds
    while True:
        try:
            store = Store(url, lock_ms)
            try:
                return store.holds(fact)
            finally:
                store.close()
        except psycopg.Error:
            if monotonic() >= until:
                return None
            sleep(_ASK_AGAIN)


def read_head(connection: psycopg.Connection[Any], how: str = "") -> Head:
    """Where the log ends; `how` may add the lock."""
    row = connection.execute(_HEAD + how).fetchone()
    if row is None:
        raise psycopg.DataError("record.head has no row; run `numina migrate`")
    return Head(*row)


def answered(connection: psycopg.Connection[Any], command_ids: Sequence[UUID]) -> dict[int, Answered]:
    """Which of the commands were carried out before, by the integer of their id, and what they led to."""
    if not command_ids:
        return {}
    rows = connection.execute(_ANSWERED, (arrays.uuids(command_ids),), binary=True)
    return {
        row[0].int: Answered(row[0], row[1], row[2], bytes(row[3]), _answers.decode(row[4])) for row in rows
    }

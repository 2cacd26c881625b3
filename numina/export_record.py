"""Writes the whole record as JSON lines, the form that `numina.offline` checks without a database."""

from collections.abc import Callable
from typing import IO, Any

import orjson
import psycopg
from psycopg.rows import tuple_row

from ledger.leaf import Leaf, to_json
from numina.offline import FORMAT
from projections.checkpoint import Verifier

_CHUNK = 5000
_LAST = "SELECT coalesce(max(notification_id), 0) FROM record.stored_events"
_FACTS = """
    SELECT notification_id, originator_id, originator_version, topic, book_id, recorded_at,
           actor_id, command_id, command, state
      FROM record.stored_events
     WHERE notification_id <= %s
     ORDER BY notification_id
"""


def export_record(
    connection: psycopg.Connection[Any],
    out: IO[bytes],
    verifier: Verifier,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Writes the header and every fact recorded so far; returns how many facts.

    Facts are streamed through a server-side cursor, a few thousand at a time, so memory stays flat and
    writers are not held up. `connection` must not be in a transaction. `verifier` names the log and its key.
    `progress` is told how many facts are written, of how many.
    """
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        [total] = cursor.execute(_LAST).fetchone() or (0,)
        header = {"numina": FORMAT, "origin": verifier.name, "verifier_key": str(verifier), "facts": total}
        out.write(orjson.dumps(header, option=orjson.OPT_APPEND_NEWLINE))
        with connection.cursor("export", row_factory=tuple_row) as facts:
            facts.execute(_FACTS, (total,), binary=True)
            written = 0
            while rows := facts.fetchmany(_CHUNK):
                out.writelines(
                    orjson.dumps(to_json(Leaf(*row)), option=orjson.OPT_APPEND_NEWLINE) for row in rows
                )
                written += len(rows)
                if progress:
                    progress(written, total)
    return int(total)

"""Whether anything was recorded: the head of the log, before and after."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

_STORED = "SELECT position, (SELECT count(*) FROM registers.commands) FROM record.head"


def stored(url: str) -> tuple[int, int]:
    """The position of the last fact, and how many idempotency keys are remembered."""
    with psycopg.connect(url) as connection:
        row = connection.execute(_STORED).fetchone()
    assert row is not None
    return row


@contextmanager
def nothing_recorded(url: str) -> Iterator[None]:
    """What happens inside leaves nothing behind: no fact and no remembered key."""
    before = stored(url)
    yield
    assert stored(url) == before

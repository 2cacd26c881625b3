"""The auditor's turn on the clock: it publishes, goes on after a lost connection, and leaves time to others."""

import time

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from numina.embedded import EmbeddedPostgres
from projections.auditor import status
from scheduler.jobs.verify import Verify
from tests.support.keys import MemoryKeys
from tests.support.projected import ask
from tests.support.told import tell


def do_not_rest(seconds: float) -> None:
    """Tests have no time to lose."""


def test_turns_publish_what_was_verified(database: str, keys: MemoryKeys) -> None:
    tell(database, keys)
    verify = Verify(database, keys, seconds=60, sleep=do_not_rest)
    verify()
    first = ask(database, status)
    verify()
    second = ask(database, status)
    assert first is not None
    assert second is not None
    assert (first.mismatches, second.mismatches) == (0, 0)
    assert first.verified_at is not None
    assert second.verified_at is not None
    assert second.verified_at > first.verified_at


def test_a_turn_before_there_are_read_models_does_nothing(database: str, keys: MemoryKeys) -> None:
    Verify(database, keys)()
    assert ask(database, status) is None


def test_after_a_lost_connection_the_next_turn_goes_on(
    server: EmbeddedPostgres, database: str, keys: MemoryKeys
) -> None:
    tell(database, keys)
    verify = Verify(database, keys)
    verify()
    name = conninfo_to_dict(database)["dbname"]
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
        )
    with pytest.raises(psycopg.OperationalError):
        verify()
    verify()
    outcome = ask(database, status)
    assert outcome is not None
    assert outcome.mismatches == 0


def test_it_takes_no_more_than_its_share_of_the_time(database: str, keys: MemoryKeys) -> None:
    tell(database, keys, *map(str, range(4)))
    rested: list[float] = []
    verify = Verify(database, keys, sleep=rested.append)
    start = time.monotonic()
    verify()
    worked = time.monotonic() - start
    assert min(worked * 10, 1) < sum(rested)

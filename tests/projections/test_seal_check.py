"""Walking the record against its seal: a sound one passes, a changed one is named by position."""

import psycopg
import pytest

from ledger.log import read_window
from projections.projection import Window
from projections.seal import Seal
from projections.seal_check import SealCheck
from tests.projections.test_seal import FACTS, posted
from tests.support.history import History


@pytest.fixture
def connection(database, keys):
    """A sealed record, on a connection that may do what nobody should."""
    History(database, keys).append(posted(number) for number in range(1, FACTS + 1))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA views")
        connection.execute("SET search_path = views")
        connection.execute(Seal.schema)
        with connection.cursor() as cursor:
            Seal().apply(Window(read_window(connection, 0, FACTS, keys)), cursor)
        connection.execute("ALTER TABLE record.stored_events DISABLE TRIGGER USER")
        yield connection


def walk(connection, slice_of):
    check, different = SealCheck(), []
    while check.position < FACTS:
        before = check.position
        different += check.advance(connection, slice_of)
        assert check.position > before
    assert check.advance(connection, slice_of) == []
    return different, check.root_holds(connection)


@pytest.mark.parametrize("slice_of", [1_000, 256, 97])
def test_a_sound_record_has_the_root_that_is_sealed(connection, slice_of):
    assert walk(connection, slice_of) == ([], True)


def test_a_fact_changed_behind_the_back_of_the_service_is_named(connection):
    connection.execute(
        "UPDATE record.stored_events SET recorded_at = recorded_at + interval '1 microsecond' "
        "WHERE notification_id = 300"
    )
    connection.execute("DELETE FROM record.stored_events WHERE notification_id = 512")
    assert walk(connection, 100) == ([300, 512], False)


def test_a_damaged_tile_is_found_where_it_is(connection):
    damage = (
        "UPDATE seal_tiles SET hashes = overlay(hashes PLACING '\\x00'::bytea FROM %s) "
        "WHERE (level, number) = "
    )
    connection.execute(damage + "(0, 1)", (33,))
    assert walk(connection, 100) == ([258], True)
    connection.execute(damage + "(1, 0)", (1,))
    assert walk(connection, 100) == ([258], False)

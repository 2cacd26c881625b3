"""The golden record is read as on the day it was written: the same bytes, root, balances and words."""

from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest

import ledger.facts  # noqa: F401  # registers every topic
from ledger.entities import fold
from ledger.leaf import Leaf
from ledger.record import decode, encode, topics
from projections.projector import Projector
from projections.seal import ask, root
from tests.golden.recorded import Checkpoint, checkpoint, checkpoints, facts, in_columns, leaves
from tests.support.keys import MemoryKeys
from tests.support.registers import assert_gap_free, assert_zero_sums

# The root over the first chapter, as it was when it was written. It never changes; what is new is added after it.
FIRST = ("household", 81, "444a62321c1b9631d943cdf817d5f58312e15fa494755f58498685bc9cefb202")


@pytest.fixture(scope="module")
def stored() -> list[Leaf]:
    return leaves()


def test_the_first_chapter_is_what_it_was() -> None:
    first = checkpoints()[0]
    assert (first.chapter, first.size, first.root) == FIRST


def test_each_chapter_comes_to_the_same_root_balances_and_words(stored: list[Leaf]) -> None:
    for known in checkpoints():
        assert checkpoint(known.chapter, stored[: known.size]) == known


def test_every_topic_is_in_it(stored: list[Leaf]) -> None:
    missing = sorted(set(topics()) - {fact.topic for fact in stored})
    assert not missing, f"add a chapter with {', '.join(missing)} to tests/golden/chapters.py and record it"


def test_it_is_a_record(stored: list[Leaf]) -> None:
    assert checkpoints()[-1].size == len(stored)
    assert_gap_free(facts(stored))
    assert_zero_sums(facts(stored))


def test_facts_of_today_are_written_as_they_were(stored: list[Leaf]) -> None:
    for fact in stored:
        if fact.topic in topics():
            assert encode(decode(fact.topic, fact.state)) == fact.state


def test_every_stream_is_folded(stored: list[Leaf]) -> None:
    streams: dict[object, list[object]] = {}
    for recorded in facts(stored):
        streams.setdefault(recorded.stream_id, []).append(recorded)
    for members in streams.values():
        assert fold(members) is not None


@pytest.fixture
def projected(database: str, keys: MemoryKeys, stored: list[Leaf]) -> Iterator[psycopg.Connection[object]]:
    """The golden record in a database, with its read models."""
    with psycopg.connect(database) as connection:
        with connection.cursor().copy(
            "COPY record.stored_events (notification_id, originator_id, originator_version, topic, book_id, "
            "recorded_at, actor_id, command_id, command, state) FROM STDIN"
        ) as copy:
            for fact in stored:
                copy.write_row(in_columns(fact))
        connection.execute("UPDATE record.head SET position = %s, recorded_at = now()", (len(stored),))
    Projector(database, keys).catch_up()
    with psycopg.connect(database, options="-c search_path=views") as connection:
        yield connection


def test_the_read_models_come_to_the_same(projected: psycopg.Connection[object], stored: list[Leaf]) -> None:
    known: Checkpoint = checkpoints()[-1]
    rows = projected.execute(
        "SELECT account_id, currency, posted, pending, reserved FROM balances"
    ).fetchall()
    found = {f"{row[0]} {row[1]}": list(row[2:]) for row in rows}
    assert found == {key: list(map(Decimal, sums)) for key, sums in known.balances.items()}
    assert ask(projected, root(known.size)).hex() == known.root

"""The record: append-only for everybody, without gaps, in time's order, and readable for ever."""

import datetime as dt
from collections.abc import Callable
from uuid import UUID

import msgspec
import psycopg
import pytest
from eventsourcing.persistence import ProgrammingError

from ledger.log import LogReader, library_recorder
from ledger.postings import Unbalanced
from ledger.record import Fact, UnknownTopic, decode, encode, fact, topics
from ledger.writer import Writer
from tests.support.keys import MemoryKeys
from tests.support.registers import assert_sound, rows
from tests.support.scenario import Scenario

Start = Callable[..., Writer]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE record.stored_events SET topic = 'transaction.voided'",
        "DELETE FROM record.stored_events",
        "TRUNCATE record.stored_events",
    ],
)
@pytest.mark.parametrize("role", ["", "numina_service", "numina_projector"])
def test_nobody_changes_the_record(book: Scenario, database: str, change: str, role: str) -> None:
    options = f"-c role={role}" if role else ""
    with (
        psycopg.connect(database, options=options) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(change)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE record.stored_events DISABLE TRIGGER append_only",
        "DROP TABLE record.stored_events",
        "DROP TRIGGER append_only ON record.stored_events",
        "SET session_replication_role = replica",
        "INSERT INTO vault.data_keys (subject_id) SELECT gen_random_uuid() FROM record.absent",
        "DELETE FROM registers.commands",
        "UPDATE registers.commands SET last = 0",
        "DELETE FROM vault.data_keys",
    ],
)
def test_the_service_has_no_rights_to_spare(book: Scenario, database: str, change: str) -> None:
    with (
        psycopg.connect(database, options="-c role=numina_service") as connection,
        pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable)),
    ):
        connection.execute(change)


def test_the_projector_only_reads_the_record(book: Scenario, database: str) -> None:
    with psycopg.connect(database, options="-c role=numina_projector") as connection:
        assert connection.execute("SELECT count(*) FROM record.stored_events").fetchone() != (0,)
    for change in (
        "INSERT INTO record.stored_events SELECT * FROM record.stored_events",
        "UPDATE record.head SET position = 0",
        "DELETE FROM registers.balances",
    ):
        with (
            psycopg.connect(database, options="-c role=numina_projector") as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(change)


def test_time_never_falls_even_when_the_clock_goes_back(
    start_writer: Start, database: str, keys: MemoryKeys
) -> None:
    hands = [dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)]
    writer = start_writer(clock=lambda: hands[0])
    book = Scenario(writer.handle_sync).household()
    hands[0] += dt.timedelta(hours=1)
    book.post(cash=-1, food=1)
    hands[0] -= dt.timedelta(hours=5)
    book.post(cash=-1, food=1)
    facts = assert_sound(database, keys)
    assert facts[-1].recorded_at == facts[-2].recorded_at == dt.datetime(2026, 3, 1, 13, tzinfo=dt.UTC)


def test_a_fact_bears_who_when_where_and_why(book: Scenario, database: str, keys: MemoryKeys) -> None:
    book.post(cash=-1, food=1)
    last = assert_sound(database, keys)[-1]
    assert (last.book_id, last.actor_id) == (book.book_id, book.actor_id)
    assert (last.topic, last.command) == ("transaction.posted", "transaction.post")
    assert last.recorded_at.utcoffset() == dt.timedelta(0)


def test_the_log_is_read_in_windows_and_streams(book: Scenario, database: str, keys: MemoryKeys) -> None:
    lunch = book.post(cash=-1, food=1, fields={"text": {"payee": "Bistro"}})
    book.amend(lunch, cash=-2, food=2)
    reader = LogReader(database, keys)
    head = reader.head()
    everything = reader.window(0, head)
    assert [f.position for f in everything] == list(range(1, head + 1))
    assert [f.position for f in reader.window(3, 2)] == [4, 5]
    assert reader.window(head, 10) == []
    stream = reader.stream(lunch)
    assert [(f.version, f.topic) for f in stream] == [(1, "transaction.posted"), (2, "transaction.amended")]
    assert stream[0].fact.text == {"payee": "Bistro"}
    reader.close()


def test_the_eventsourcing_library_reads_the_record_and_cannot_append(
    book: Scenario, database: str, keys: MemoryKeys
) -> None:
    lunch = book.post(cash=-1, food=1)
    recorder = library_recorder(database)
    try:
        events = recorder.select_events(lunch)
        assert [(e.originator_version, e.topic) for e in events] == [(1, "transaction.posted")]
        head = recorder.max_notification_id()
        assert head == len(assert_sound(database, keys))
        notifications = recorder.select_notifications(start=1, limit=3)
        assert [n.id for n in notifications] == [1, 2, 3]
        with pytest.raises(ProgrammingError):
            recorder.insert_events(events)
    finally:
        recorder.datastore.close()


def test_a_topic_is_taken_once() -> None:
    with pytest.raises(ValueError, match=r"transaction\.posted"):

        @fact
        class Posted(Fact, frozen=True):
            """Another fact under a topic that is taken."""

            topic = "transaction.posted"

    with pytest.raises(ValueError, match="topic"):

        @fact
        class Nameless(Fact, frozen=True):
            """A fact without a topic."""


def test_an_unknown_topic_says_what_to_do() -> None:
    with pytest.raises(UnknownTopic, match="upgrade"):
        decode("transaction.teleported", b"{}")


def test_defaults_are_left_out_and_come_back() -> None:
    for kind in topics().values():
        required = {f.name for f in msgspec.structs.fields(kind) if f.required}
        if not required:
            assert encode(kind()) == b"{}"
            assert decode(kind.topic, b"{}") == kind()


def test_a_writer_leaves_no_trace_of_what_it_refused(book: Scenario, database: str) -> None:
    before = rows(database, "SELECT * FROM record.head")
    book.refuses_posting(Unbalanced, cash=-1, food=2)
    assert rows(database, "SELECT * FROM record.head") == before
    unknown = UUID(int=1)
    assert rows(database, "SELECT * FROM registers.balances WHERE account_id = %s", unknown) == []

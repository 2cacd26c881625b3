"""The canonical bytes of a fact: fixed for ever, exact, and never shared by two facts."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.leaf import Leaf, MalformedLeaf, from_json, leaf, to_json

FACT = Leaf(
    position=7,
    stream_id=UUID(int=0x11),
    version=2,
    topic="transaction.posted",
    book_id=UUID(int=0x22),
    recorded_at=datetime(2026, 11, 20, 13, 17, 0, 123456, tzinfo=UTC),
    actor_id=UUID(int=0x33),
    command_id=UUID(int=0x44),
    command="transaction.post",
    state='{"payee":"Café"}'.encode(),
)

facts = st.builds(
    Leaf,
    position=st.integers(1, 2**63 - 1),
    stream_id=st.uuids(),
    version=st.integers(1, 2**63 - 1),
    topic=st.text(max_size=40),
    book_id=st.uuids(),
    recorded_at=st.datetimes(timezones=st.just(UTC)),
    actor_id=st.uuids(),
    command_id=st.uuids(),
    command=st.text(max_size=40),
    state=st.text(max_size=200).map(str.encode),
)


def test_the_bytes_of_a_leaf_are_what_they_have_always_been():
    position, version, microseconds = "0000000000000007", "0000000000000002", "000660b50f2b8d40"
    ids = "".join(f"{n:032x}" for n in (0x11, 0x22, 0x33, 0x44))
    assert leaf(*FACT) == (
        bytes.fromhex(position + version + microseconds + ids)
        + b"\x00\x12transaction.posted\x00\x10transaction.post"
        + '{"payee":"Café"}'.encode()
    )


def test_microseconds_are_exact_where_a_float_would_round():
    for instant in (
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ):
        stored = leaf(*FACT._replace(recorded_at=instant))[16:24]
        microseconds = int.from_bytes(stored, "big", signed=True)
        assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds) == instant


def test_an_instant_has_one_leaf_in_every_zone():
    elsewhere = FACT.recorded_at.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert leaf(*FACT._replace(recorded_at=elsewhere)) == leaf(*FACT)


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(TypeError):
        leaf(*FACT._replace(recorded_at=datetime(2026, 1, 1)))  # noqa: DTZ001


@pytest.mark.parametrize("field", Leaf._fields)
def test_a_change_of_any_field_changes_the_leaf(field):
    other = FACT._replace(
        position=8,
        stream_id=UUID(int=1),
        version=3,
        topic="transaction.posteD",
        book_id=UUID(int=2),
        recorded_at=FACT.recorded_at + timedelta(microseconds=1),
        actor_id=UUID(int=3),
        command_id=UUID(int=4),
        command="transaction.posT",
        state=b"{}",
    )
    assert leaf(*FACT._replace(**{field: getattr(other, field)})) != leaf(*FACT)


def test_text_cannot_move_between_fields_unnoticed():
    assert leaf(*FACT._replace(topic="ab", command="c")) != leaf(*FACT._replace(topic="a", command="bc"))
    assert leaf(*FACT._replace(command="c", state=b"dd")) != leaf(*FACT._replace(command="cd", state=b"d"))


@given(facts, facts)
def test_two_facts_never_share_a_leaf(one, other):
    assert (leaf(*one) == leaf(*other)) == (one == other)


@given(facts)
def test_the_json_form_keeps_every_byte_of_the_leaf(fact):
    assert leaf(*from_json(to_json(fact))) == leaf(*fact)


def test_the_json_form_shows_the_instant_in_rfc_3339_with_microseconds():
    assert to_json(FACT)["recorded_at"] == "2026-11-20T13:17:00.123456Z"
    whole = FACT._replace(recorded_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert to_json(whole)["recorded_at"] == "2026-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("position", "7"),
        ("position", True),
        ("position", -1),
        ("position", 2**63),
        ("version", 1.0),
        ("stream_id", "11"),
        ("stream_id", "{00000000-0000-0000-0000-000000000011}"),
        ("book_id", None),
        ("recorded_at", "2026-11-20T13:17:00Z"),
        ("recorded_at", "2026-02-30T00:00:00.000000Z"),
        ("recorded_at", "2026-11-20T13:17:00.123456+00:00"),
        ("topic", "x" * 65_536),
        ("command", 5),
        ("state", {"payee": "x"}),
        ("state", "\ud800"),
    ],
)
def test_a_json_form_that_no_fact_has_is_refused(field, value):
    with pytest.raises(MalformedLeaf, match=field):
        from_json({**to_json(FACT), field: value})


def test_a_missing_field_is_named():
    document = to_json(FACT)
    del document["command_id"]
    with pytest.raises(MalformedLeaf, match="command_id"):
        from_json(document)

"""Derived ids name what is in the record already: they may never come out otherwise."""

from uuid import UUID

from ledger.ids import derived_id, derived_ids

PARTS = ("idempotency", b"a" * 16, b"b" * 16, b"key")


def test_the_same_parts_give_the_same_id_for_ever() -> None:
    assert derived_id(*PARTS) == UUID("4e5b8c81-47df-818a-aef3-d464fbd7ddae")
    assert derived_ids(*PARTS, count=8)[7] == UUID("0e14eb86-a7f8-8bc1-b8a5-f12de0c5f540")


def test_many_ids_are_those_of_each_index() -> None:
    assert derived_ids(*PARTS, count=3) == [derived_id(*PARTS, n.to_bytes(4, "big")) for n in range(3)]


def test_where_one_part_ends_matters() -> None:
    assert derived_id("ab", "c") != derived_id("a", "bc")

"""A fact that was stored under an old topic is read as its successor, for ever; its bytes stay as they are."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from ledger import record
from ledger.log import LogReader
from ledger.record import decode, encode, upcaster
from ledger.transactions.changes import AmendTransaction, VoidTransaction
from ledger.transactions.events import TransactionPosted
from ledger.writer import Writer
from tests.support.keys import MemoryKeys
from tests.support.registers import rows
from tests.support.scenario import Scenario, day


@pytest.fixture
def old_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two shapes that never were: a transfer of cents, and before it one of a bare pair of accounts."""
    monkeypatch.setattr(record, "_upcasters", dict(record._upcasters))

    @upcaster("transaction.jotted", "transaction.jotted/2")
    def with_currency(raw: dict[str, Any]) -> dict[str, Any]:
        return raw | {"currency": "USD"}

    @upcaster("transaction.jotted/2", "transaction.posted")
    def with_terms(raw: dict[str, Any]) -> dict[str, Any]:
        legs = [
            {
                "account_id": raw[side],
                "amount": str(Decimal(sign * raw["cents"]).scaleb(-2)),
                "currency": raw["currency"],
            }
            for side, sign in (("from", -1), ("to", 1))
        ]
        return {"terms": {"date": raw["date"], "postings": legs}, "text": raw.get("text", {})}


def jotted(book: Scenario, cents: int) -> bytes:
    return (
        f'{{"from":"{book.accounts["cash"]}","to":"{book.accounts["food"]}",'
        f'"cents":{cents},"date":"2026-03-01"}}'
    ).encode()


@pytest.mark.usefixtures("old_topics")
def test_an_old_shape_is_read_as_its_successor_through_all_between() -> None:
    book = Scenario().household()
    posted = decode("transaction.jotted", jotted(book, 1234))
    assert isinstance(posted, TransactionPosted)
    assert posted.terms.date == day("2026-03-01")
    assert posted.terms.postings == tuple(book.legs(cash="-12.34", food="12.34"))
    assert decode("transaction.posted", encode(posted)) == posted


@pytest.fixture
def writer(database: str, keys: MemoryKeys) -> Iterator[Writer]:
    writer = Writer(database, keys)
    writer.start()
    yield writer
    writer.stop()


@pytest.mark.usefixtures("old_topics")
def test_what_was_stored_in_an_old_shape_can_be_changed_today(
    writer: Writer, database: str, keys: MemoryKeys
) -> None:
    book = Scenario(writer.handle_sync).household()
    transaction_id = book.fresh()
    # As the old release stored it, with the registers that it kept.
    rows(
        database,
        """
        WITH head AS (UPDATE record.head SET position = position + 1 RETURNING position, recorded_at),
             cash AS (INSERT INTO registers.balances VALUES (%s, 'USD', -12.34, 0, 0)),
             food AS (INSERT INTO registers.balances VALUES (%s, 'USD', 12.34, 0, 0)),
             days AS (INSERT INTO registers.days VALUES (%s, 'USD', '2026-03-01', -12.34, 0))
        INSERT INTO record.stored_events (notification_id, recorded_at, originator_id, originator_version,
                                          book_id, actor_id, command_id, command, topic, state)
        SELECT position, recorded_at, %s, 1, %s, %s, %s, 'transaction.jot', 'transaction.jotted', %s FROM head
        RETURNING notification_id
        """,
        book.accounts["cash"],
        book.accounts["food"],
        book.accounts["cash"],
        transaction_id,
        book.book_id,
        book.actor_id,
        book.fresh(),
        jotted(book, 1234),
    )
    amended = book.do(
        AmendTransaction,
        transaction_id=transaction_id,
        date=day("2026-03-02"),
        postings=book.legs(cash=-20, food=20),
        expected_version=1,
    )
    assert [b.posted for _, _, b in amended.balances] == [-20, 20]
    book.do(VoidTransaction, transaction_id=transaction_id)
    reader = LogReader(database, keys)
    stream = reader.stream(transaction_id)
    reader.close()
    assert [(r.version, r.topic) for r in stream] == [
        (1, "transaction.jotted"),
        (2, "transaction.amended"),
        (3, "transaction.voided"),
    ]
    assert stream[0].state == jotted(book, 1234)
    assert isinstance(stream[0].fact, TransactionPosted)

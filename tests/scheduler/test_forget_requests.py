"""What was said in a request is forgotten after its time, and its key stays used."""

import datetime as dt

import msgspec
import psycopg
import pytest

from ledger.accounts.commands import AmendAccount
from ledger.clock import system_clock
from ledger.refusals import KeyReused
from ledger.writer import Writer
from scheduler.jobs.forget_requests import ForgetRequests
from tests.support.keys import MemoryKeys
from tests.support.scenario import Scenario

KEPT = dt.timedelta(days=400)


def remembered(url: str) -> list[tuple[bytes, bytes]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT request, answer FROM registers.commands").fetchall()


def test_what_was_said_is_forgotten_after_its_time_and_the_key_stays_used(
    database: str, keys: MemoryKeys
) -> None:
    writer = Writer(database, keys)
    writer.start()
    try:
        book = Scenario(writer.handle_sync).household()
        for number in range(7):
            book.post(cash=-1, food=1, fields={"request": bytes([number + 1]) * 32})
        command, outcome = book.begun[-1]
        ForgetRequests(database, KEPT)()
        assert all(request for request, _ in remembered(database)), "not before its time"
        # The same request once more: only the id of what it would make is fresh.
        again = msgspec.structs.replace(command, transaction_id=book.fresh())
        assert book.handle(again).replayed
        later = ForgetRequests(database, KEPT, clock=lambda: system_clock() + KEPT, at_once=3)
        later()
        assert set(remembered(database)) == {(b"", b"[]")}
        with pytest.raises(KeyReused):
            book.handle(again)
        renamed = book.do(AmendAccount, account_id=book.accounts["cash"], text={"name": "purse"})
        assert renamed.first == outcome.last + 1, "nothing was stored in between"
        later()
    finally:
        writer.stop()


def test_an_empty_record_has_nothing_to_forget(database: str) -> None:
    ForgetRequests(database, KEPT)()
    assert remembered(database) == []

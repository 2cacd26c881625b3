"""A writer that cannot reach its database answers everybody, and works again once it can."""

import threading
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from ledger.books.commands import OpenBook
from ledger.refusals import NotStored
from ledger.writer import Writer
from tests.support.keys import MemoryKeys


def test_a_command_is_answered_although_the_database_cannot_be_reached(keys: MemoryKeys) -> None:
    writer = Writer("postgresql://nobody@127.0.0.1:1/none", keys)
    writer.start()
    book_id = uuid4()
    command = OpenBook(
        command_id=uuid4(),
        book_id=book_id,
        actor_id=uuid4(),
        now=datetime(2026, 1, 1, tzinfo=UTC),
        request=None,
        dry_run=False,
        title="Household",
        currency="EUR",
        time_zone="UTC",
    )
    met: list[BaseException] = []

    def ask() -> None:
        with pytest.raises(NotStored) as refused:
            writer.handle_sync(command)
        met.append(refused.value)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(20)
    assert not asking.is_alive()
    assert len(met) == 1
    assert writer.waiting == 0
    writer.stop()

"""Noting that keys were used: never in the way of a request, and again when it could not be noted."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from uuid import uuid4

import pytest

from api.key_uses import KeyUses
from ledger.command import Command, Outcome
from ledger.ids import new_id
from ledger.keys.commands import NoteMisuse, NoteUse
from ledger.keys.key import ApiKey
from ledger.refusals import NotStored

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
KEY = ApiKey(key_id=uuid4(), user_id=uuid4(), scopes=frozenset(), digest=bytes(32), made_at=NOON)
HERE, THERE = "198.51.100.0/24", "203.0.113.0/24"


class Slow:
    """A writer that takes its time, and fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.commands: list[Command] = []
        self._failures = failures

    async def handle(self, command: Command) -> Outcome:
        await asyncio.sleep(0.01)
        if self._failures:
            self._failures -= 1
            raise NotStored("the database is away")
        self.commands.append(command)
        return Outcome(command_id=command.command_id, first=0, last=0, facts=(), balances=())

    async def handle_all(
        self, commands: Sequence[Command], *, atomic: bool = False
    ) -> list[Outcome | Exception]:
        raise AssertionError("one at a time")


def uses(writer: Slow, remembered: int = 100) -> KeyUses:
    return KeyUses(writer, new_id=new_id, remembered=remembered)


@pytest.mark.anyio
async def test_nobody_waits_and_a_use_is_noted_once_a_day_and_network() -> None:
    writer = Slow()
    noting = uses(writer)
    for _ in range(5):
        noting.used(KEY, HERE, NOON)
    noting.used(KEY, THERE, NOON)
    noting.used(KEY, HERE, NOON + dt.timedelta(days=1))
    assert writer.commands == []
    await noting.settle()
    assert [type(command) for command in writer.commands] == [NoteUse] * 3


@pytest.mark.anyio
async def test_misuse_is_noted_once_an_hour_from_anywhere() -> None:
    writer = Slow()
    noting = uses(writer)
    for minute in range(0, 60, 7):
        noting.misused(KEY, HERE, NOON + dt.timedelta(minutes=minute))
        noting.misused(KEY, THERE, NOON + dt.timedelta(minutes=minute))
    noting.misused(KEY, HERE, NOON + dt.timedelta(hours=1))
    await noting.settle()
    assert [type(command) for command in writer.commands] == [NoteMisuse] * 2


@pytest.mark.anyio
async def test_what_could_not_be_noted_is_noted_at_the_next_use() -> None:
    writer = Slow(failures=1)
    noting = uses(writer)
    noting.used(KEY, HERE, NOON)
    await noting.settle()
    assert writer.commands == []
    noting.used(KEY, HERE, NOON)
    await noting.settle()
    assert len(writer.commands) == 1


@pytest.mark.anyio
async def test_memory_has_a_bound() -> None:
    writer = Slow()
    noting = uses(writer, remembered=3)
    for number in range(20):
        noting.used(KEY, f"198.51.{number}.0/24", NOON)
    await noting.settle()
    assert len(noting._noted) <= 3
    assert len(writer.commands) == 20

"""What is done once the answer is on its way: bounded, and told about when it fails, though not whom it was about."""

import asyncio

import pytest
from structlog.testing import capture_logs

from api.later import Later
from ledger.refusals import Overloaded, TryAgain


def test_what_fails_is_told_without_its_words() -> None:
    later, done = Later(), []

    async def fail(error: Exception) -> None:
        done.append(error)
        raise error

    async def all_of_it() -> None:
        later.do(lambda: fail(RuntimeError("ada@example.org")))
        later.do(lambda: fail(TryAgain("the database is away")))
        await later.finish()

    with capture_logs() as logs:
        asyncio.run(all_of_it())
    assert len(done) == 2
    assert {log["reason"] for log in logs} == {"RuntimeError", "the database is away"}


def test_no_more_than_so_much_is_under_way() -> None:
    later = Later(most=2)

    async def all_of_it() -> None:
        go_on = asyncio.Event()
        for _ in range(2):
            later.do(go_on.wait)
        with pytest.raises(Overloaded):
            later.do(go_on.wait)
        await later.finish(seconds=0.01)
        go_on.set()
        await later.finish()
        later.do(go_on.wait)
        await later.finish()

    asyncio.run(all_of_it())

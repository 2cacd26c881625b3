"""Passwords: hashed with argon2id, never equal, never guessable from the time it takes."""

import asyncio
import os
import sys
import threading

from gateways.passwords import NICENESS, Cost, Passwords
from ledger.refusals import Overloaded

CHEAP = Cost(time=1, memory=8_192, lanes=1)


def test_a_password_matches_its_hash_alone() -> None:
    passwords = Passwords(CHEAP)

    async def run() -> None:
        one, two = await asyncio.gather(passwords.hash("secret words"), passwords.hash("secret words"))
        assert one != two
        assert one.startswith("$argon2id$")
        assert await passwords.verify(one, "secret words")
        assert not await passwords.verify(one, "secret wordz")
        assert not await passwords.verify(None, "nobody has this password")
        assert not await passwords.verify("not a hash", "secret words")

    asyncio.run(run())
    passwords.close()


def test_hashing_does_not_hold_up_the_event_loop() -> None:
    passwords = Passwords(Cost(time=6, memory=65_536, lanes=1))

    async def run() -> int:
        ticks = 0
        hashing = asyncio.create_task(passwords.hash("secret words"))
        while not hashing.done():
            await asyncio.sleep(0.005)
            ticks += 1
        return ticks

    assert asyncio.run(run()) > 3
    passwords.close()


def test_more_than_may_wait_are_told_to_come_back() -> None:
    passwords = Passwords(CHEAP, threads=1, waiting=3)

    async def run() -> list[str | BaseException]:
        asked = (passwords.hash("secret words") for _ in range(5))
        return await asyncio.gather(*asked, return_exceptions=True)

    told = asyncio.run(run())
    assert [isinstance(each, Overloaded) for each in told] == [False, False, False, True, True]
    assert asyncio.run(passwords.hash("secret words")).startswith("$argon2id$")
    passwords.close()


def test_threads_that_hash_step_back_and_tell_how_long_they_took() -> None:
    passwords = Passwords(CHEAP)

    async def run() -> int:
        await passwords.verify(None, "x")
        return await passwords._run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    niceness = asyncio.run(run())
    assert niceness == NICENESS or sys.platform != "linux"
    assert passwords.gauges()["password_checks"] == 1
    assert 0 < passwords.gauges()["password_check_seconds"] < 10
    passwords.close()

"""What is remembered of people: dropped when it changes, and believed only while the record can be asked."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid4

import pytest

from api import standing as module
from api.standing import Standing, Unverifiable
from ledger.books.book import Book
from ledger.books.commands import AmendBook
from ledger.writer import Writer
from tests.support.keys import MemoryKeys
from tests.support.scenario import Scenario


@pytest.fixture
def writer(database: str, keys: MemoryKeys) -> Iterator[Writer]:
    writer = Writer(database, keys)
    writer.start()
    yield writer
    writer.stop()


@pytest.fixture
def book(writer: Writer) -> Scenario:
    return Scenario(writer.handle_sync)


@asynccontextmanager
async def following(url: str, keys: MemoryKeys, **options: int) -> AsyncIterator[Standing]:
    standing = Standing(url, keys, **options)
    task = asyncio.create_task(standing.follow())
    try:
        yield standing
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def zone(standing: Standing, book_id: UUID) -> str:
    (book,) = await standing.of(book_id)
    assert isinstance(book, Book)
    return book.time_zone


def test_what_was_read_is_remembered_until_it_changes(
    database: str, keys: MemoryKeys, book: Scenario
) -> None:
    async def story() -> None:
        async with following(database, keys) as standing:
            assert standing.known(book.book_id, Book) is None
            assert await zone(standing, book.book_id) == "Europe/Berlin"
            assert standing.known(book.book_id, Book) is not None
            await asyncio.to_thread(book.do, AmendBook, time_zone="Asia/Tokyo")
            async with asyncio.timeout(5):
                while await zone(standing, book.book_id) != "Asia/Tokyo":
                    await asyncio.sleep(0.02)

    asyncio.run(story())


def test_what_this_process_did_is_known_at_once(database: str, keys: MemoryKeys, book: Scenario) -> None:
    async def story() -> None:
        async with following(database, keys) as standing:
            await zone(standing, book.book_id)
            outcome = await asyncio.to_thread(book.do, AmendBook, time_zone="Asia/Tokyo")
            standing.learn(outcome.facts)
            assert await zone(standing, book.book_id) == "Asia/Tokyo"

    asyncio.run(story())


def test_nobody_is_believed_while_the_record_cannot_be_asked(
    database: str, keys: MemoryKeys, book: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BELIEVED", 0.2)
    monkeypatch.setattr(module, "PATIENCE", 0.1)

    async def story() -> None:
        async with following(database, keys) as standing:
            await zone(standing, book.book_id)
        await asyncio.sleep(0.3)
        assert standing.known(book.book_id, Book) is None
        with pytest.raises(Unverifiable):
            await standing.of(book.book_id)

    asyncio.run(story())


def test_a_change_that_is_heard_of_while_a_stream_is_read_is_not_lost(
    database: str, keys: MemoryKeys, book: Scenario
) -> None:
    async def story() -> None:
        async with following(database, keys) as standing:
            await standing.of()
            reading = asyncio.create_task(standing.of(book.book_id))
            await asyncio.sleep(0)
            standing.learn(book.begun[0][1].facts)
            await reading
            assert standing.known(book.book_id, Book) is None

    asyncio.run(story())


def test_what_is_dropped_while_something_else_is_read_is_still_answered(
    database: str, keys: MemoryKeys, book: Scenario
) -> None:
    other = Scenario(book.handle, name="other")

    async def story() -> None:
        async with following(database, keys) as standing:
            await standing.of(book.book_id)
            reading = asyncio.create_task(standing.of(book.book_id, other.book_id))
            await asyncio.sleep(0)
            standing.learn(book.begun[0][1].facts)
            assert [found.book_id for found in await reading] == [book.book_id, other.book_id]

    asyncio.run(story())


def test_what_is_not_about_people_or_made_up_is_not_remembered(
    database: str, keys: MemoryKeys, book: Scenario
) -> None:
    book.account("cash")

    async def story() -> None:
        async with following(database, keys, remembered=1) as standing:
            assert await standing.of(book.accounts["cash"], uuid4()) == [None, None]
            assert standing._known == {}
            other = await asyncio.to_thread(Scenario, book.handle, name="other")
            await standing.of(book.book_id)
            await standing.of(other.book_id)
            assert list(standing._known) == [other.book_id.int]

    asyncio.run(story())


def test_a_database_that_comes_later_is_waited_for(keys: MemoryKeys) -> None:
    async def story() -> None:
        async with following("host=127.0.0.1 port=1 dbname=none connect_timeout=1", keys) as standing:
            await asyncio.sleep(0.3)
            with pytest.raises(Unverifiable):
                await standing.of(uuid4())

    asyncio.run(story())

"""A told history with its read models, and questions asked of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import psycopg

from ledger.log import LogReader
from ledger.record import Recorded
from projections.projector import Projector
from tests.support.history import History
from tests.support.keys import MemoryKeys
from tests.support.walk import Walk

T = TypeVar("T")


class Projected:
    """A random walk through a few books, recorded in the database at `url` and projected in small windows."""

    def __init__(self, url: str, seed: int, steps: int = 120, window: int = 17) -> None:
        self.url = url
        keys = MemoryKeys()
        projector = Projector(url, keys, most_facts=window)
        projector.catch_up()
        self.position = History(url, keys, people=3).append(Walk(seed).steps(steps))
        projector.catch_up()
        reader = LogReader(url, keys)
        self.facts: list[Recorded] = reader.window(0, self.position)
        reader.close()

    @property
    def books(self) -> list[UUID]:
        return [f.stream_id for f in self.facts if f.topic == "book.opened"]

    def ask(self, question: Callable[[psycopg.AsyncConnection[Any]], Awaitable[T]]) -> T:
        """The answer to a question about the read models."""
        return ask(self.url, question)


def ask(url: str, question: Callable[[psycopg.AsyncConnection[Any]], Awaitable[T]]) -> T:
    """The answer that a coroutine gets from the read models of the database at `url`."""

    async def answer() -> T:
        options = "-c role=numina_service -c search_path=views"
        async with await psycopg.AsyncConnection.connect(url, options=options, autocommit=True) as connection:
            return await question(connection)

    return asyncio.run(answer())

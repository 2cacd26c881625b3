"""Fixtures for tests of the writer: writers that are stopped after the test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ledger.writer import Writer
from tests.support.keys import MemoryKeys
from tests.support.scenario import Scenario


@pytest.fixture
def start_writer(database: str, keys: MemoryKeys) -> Iterator[Callable[..., Writer]]:
    """Starts a writer on the test's database, or on the `url` given."""
    started: list[Writer] = []

    def start(url: str = database, **options: Any) -> Writer:
        writer = Writer(url, keys, **options)
        writer.start()
        started.append(writer)
        return writer

    yield start
    for writer in started:
        writer.stop()


@pytest.fixture
def writer(start_writer: Callable[..., Writer]) -> Writer:
    return start_writer()


@pytest.fixture
def book(writer: Writer) -> Scenario:
    """A household whose commands the writer carries out."""
    return Scenario(writer.handle_sync).household()

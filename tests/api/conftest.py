"""One running application for all tests of the interface; each test has people of its own."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from starlette.testclient import TestClient

from tests.support.service import Person, register, running


@pytest.fixture(scope="session")
def api_database(fresh_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """The URL of the database that the tests of the interface share."""
    with fresh_database() as url:
        yield url


@pytest.fixture(scope="session")
def client(api_database: str) -> Iterator[TestClient]:
    """A client that nobody is signed in on."""
    with running(api_database) as started:
        yield started


@pytest.fixture
def register_person(client: TestClient) -> Callable[..., Person]:
    """Registers somebody new: `register_person(currency="EUR")`."""
    return lambda **fields: register(client, **fields)


@pytest.fixture
def ada(client: TestClient) -> Person:
    return register(client, name="Ada")


@pytest.fixture
def bob(client: TestClient) -> Person:
    return register(client, name="Bob")

"""Fixtures for every test: a throw-away PostgreSQL for the run, a fresh migrated database for each test."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import count

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql

from migrations.runner import migrate
from numina.embedded import EmbeddedPostgres, throw_away
from tests.support.given_server import GivenServer
from tests.support.keys import MemoryKeys

_numbers = count(1)

# A busy machine makes any example slow; what must be fast is measured by the benchmark.
settings.register_profile("numina", deadline=None)
settings.load_profile("numina")


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long the tests that could go on for ever may take."""
    times = parser.getgroup("numina")
    times.addoption("--crash-seconds", type=float, default=30, help="seconds of killing the service's parts")
    times.addoption(
        "--server", help="the URL of a superuser on a PostgreSQL to use instead of the embedded one"
    )
    times.addoption("--fuzz-examples", type=int, default=0, help="examples for each operation or machine")


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[EmbeddedPostgres | GivenServer]:
    """One server for the whole run (one for each worker of pytest-xdist)."""
    if given := request.config.getoption("--server"):
        yield GivenServer(given)
        return
    with throw_away() as running:
        yield running


@pytest.fixture(scope="session")
def template(server: EmbeddedPostgres | GivenServer) -> str:
    """The name of a migrated database that nobody is connected to, to be cloned."""
    _create(server, "template", "template0")
    migrate(server.url_of("numina", "template"))
    return "template"


@pytest.fixture(scope="session")
def fresh_database(
    server: EmbeddedPostgres | GivenServer, template: str
) -> Callable[[], AbstractContextManager[str]]:
    """Makes fresh, migrated, empty databases, for tests that need several: `with fresh_database() as url`."""

    @contextmanager
    def fresh() -> Iterator[str]:
        name = f"test{next(_numbers)}"
        _create(server, name, template)
        with psycopg.connect(server.url_of("numina", name)) as connection:
            # Rights on a database itself are not cloned with it.
            may = sql.SQL("GRANT CREATE ON DATABASE {} TO numina_projector")
            connection.execute(may.format(sql.Identifier(name)))
        try:
            yield server.url_of("numina", name)
        finally:
            with psycopg.connect(server.admin_url, autocommit=True) as connection:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    return fresh


@pytest.fixture(scope="session")
def service_database(request: pytest.FixtureRequest) -> Callable[[], AbstractContextManager[str | None]]:
    """Makes the database of a whole service: its URL on the server that the run was given, or None, as it is when
    the service starts its own."""
    if request.config.getoption("--server") is None:
        return nullcontext
    fresh: Callable[[], AbstractContextManager[str]] = request.getfixturevalue("fresh_database")
    return fresh


@pytest.fixture
def database(fresh_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """The URL of a fresh, migrated, empty database."""
    with fresh_database() as url:
        yield url


@pytest.fixture
def keys() -> MemoryKeys:
    return MemoryKeys()


def _create(server: EmbeddedPostgres | GivenServer, name: str, template: str) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )

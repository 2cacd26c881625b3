"""One running application for all tests of the interface; each test has people of its own."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import count

import pytest
from starlette.testclient import TestClient

from numina.oidc_providers import OidcProvider
from numina.wiring import api_app
from tests.support.browser import Browser
from tests.support.issuer import CLIENT_ID, SECRET, Issuer, issuing
from tests.support.service import Person, register, running, settings


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


@pytest.fixture(scope="session")
def issuer_at_work() -> Iterator[Issuer]:
    with issuing() as provider:
        yield provider


@pytest.fixture(scope="session")
def elsewhere(client: TestClient, api_database: str, issuer_at_work: Issuer) -> Iterator[TestClient]:
    """The application with that provider, and one that is not there; `client` has the projector beside it."""
    here = OidcProvider(client_id=CLIENT_ID, client_secret=SECRET, issuer=issuer_at_work.url)
    gone = OidcProvider(client_id=CLIENT_ID, issuer="http://127.0.0.1:9")
    chosen = settings(api_database).model_copy(update={"oidc": {"here": here, "gone": gone}})
    with TestClient(api_app(chosen), raise_server_exceptions=False) as running:
        yield running


@pytest.fixture
def browser(elsewhere: TestClient, issuer_at_work: Issuer) -> Browser:
    """A browser, and a provider that tells the truth so far."""
    issuer_at_work.behave()
    opened = Browser(elsewhere, issuer_at_work)
    opened.forget_what_is_known()
    return opened


_numbers = count(1)


@pytest.fixture
def email() -> str:
    """An address that nobody here has."""
    return f"elsewhere{next(_numbers)}@example.org"

"""Signing in by a device or from a network that is new for a person is recorded, and nothing else is."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import psycopg
import pytest
from starlette.testclient import TestClient

from tests.support.service import PASSWORD, Person, register, running

Fresh = Callable[[], AbstractContextManager[str]]
HOME, AWAY = "198.51.100.7", "203.0.113.9"
FIREFOX, CHROME = "Firefox 150 on Linux", "Chrome 160 on Android"


@pytest.fixture(scope="module")
def database_url(fresh_database: Fresh) -> Iterator[str]:
    with fresh_database() as url:
        yield url


@pytest.fixture(scope="module")
def door(database_url: str) -> Iterator[TestClient]:
    with running(database_url, trusted_proxies=("10.0.0.0/8",)) as client:
        yield client


def headers(address: str, device: str) -> dict[str, str]:
    return {"x-forwarded-for": address, "user-agent": device}


def noted(door: TestClient, database_url: str, person: Person) -> int:
    """How many new devices of the person are recorded, once all is done."""
    # The next sign-in is compared with this one.
    assert person.get("/users/me/sessions").status_code == 200
    later = door.app._services.later  # type: ignore[attr-defined]  # the outermost layer of the application
    door.portal.call(later.finish)  # type: ignore[union-attr]  # it is started
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM record.stored_events WHERE originator_id = %s AND topic = 'user.device_new'",
            (person.user_id,),
        ).fetchone()
    assert found is not None
    return int(found[0])


def test_what_is_new_is_recorded_once(door: TestClient, database_url: str) -> None:
    ada = register(door, headers=headers(HOME, FIREFOX))
    whole = {"email": ada.email, "password": PASSWORD}

    def sign_in(address: str, device: str) -> int:
        assert door.post("/v1/auth/login", json=whole, headers=headers(address, device)).status_code == 200
        return noted(door, database_url, ada)

    assert noted(door, database_url, ada) == 0
    assert sign_in(HOME, FIREFOX) == 0
    assert sign_in("198.51.100.200", FIREFOX) == 0
    assert sign_in(AWAY, FIREFOX.replace("150", "151.0.2")) == 1
    assert sign_in(AWAY, FIREFOX) == 1
    assert sign_in(HOME, CHROME) == 2
    assert sign_in(AWAY, CHROME) == 2
    assert ada.get("/users/me").status_code == 200

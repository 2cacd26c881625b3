"""An authenticator app as people have on their phones, with a clock of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from gateways.totp import code_of, step_of
from ledger.clock import system_clock
from tests.support.service import PASSWORD, Person


class Time:
    """The time of the service, which can be put forward."""

    def __init__(self) -> None:
        self.ahead = dt.timedelta()

    def __call__(self) -> dt.datetime:
        return system_clock() + self.ahead

    def forward(self, **more: float) -> None:
        self.ahead += dt.timedelta(**more)

    def into_next_step(self) -> None:
        """To the first second of the next 30, so that a test has the whole of them."""
        self.forward(seconds=30 - self().timestamp() % 30)


@contextmanager
def kept(client: TestClient) -> Iterator[Time]:
    """Gives the service a time that the test moves."""
    services: Any = client.app._services  # type: ignore[attr-defined]  # the outermost layer
    before, time = services.clock, Time()
    object.__setattr__(services, "clock", time)
    try:
        yield time
    finally:
        object.__setattr__(services, "clock", before)


class App:
    """Shows the codes of one secret."""

    def __init__(self, secret: str, time: Time) -> None:
        self.secret, self.time = secret, time

    def code(self, away: int = 0) -> str:
        """The code of the present step, or of one some steps away."""
        return code_of(self.secret, step_of(self.time()) + away)

    def next_code(self) -> str:
        """A code that was never used: of the next step, once that has come."""
        self.time.into_next_step()
        return self.code()

    def wrong(self) -> str:
        """A code that is none of any step around now."""
        near = {self.code(away) for away in range(-3, 4)}
        return next(f"{number:06}" for number in range(10) if f"{number:06}" not in near)


def offered(person: Person, time: Time) -> App:
    """The app into which the person put a secret that they were shown; not confirmed."""
    answer = person.post("/auth/totp")
    assert answer.status_code == 201, answer.text
    return App(answer.json()["secret"], time)


def enrolled(person: Person, time: Time) -> App:
    """As `offered`, and confirmed; the person goes on with the token that this gave."""
    app = offered(person, time)
    confirmed = person.post("/auth/totp/confirm", {"code": app.next_code()})
    assert confirmed.status_code == 200, confirmed.text
    person.token = confirmed.json()["access_token"]
    return app


def login(person: Person, password: str = PASSWORD, **factor: Any) -> Response:
    body = {"email": person.email, "password": password, **factor}
    return person.client.post("/v1/auth/login", json=body)

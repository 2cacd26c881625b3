"""What clients are told while the database or the projector is away."""

import asyncio
from dataclasses import replace

import psycopg
import pytest
from starlette.testclient import TestClient

from api.freshness import Projected
from api.problems import of, unexpected
from numina.embedded import EmbeddedPostgres
from numina.wiring import api_app
from tests.support.service import Person, refused, register, running, settings


def test_a_read_never_answers_stale_and_says_when_to_try_again(database: str) -> None:
    quick = settings(database).model_copy(update={"consistency_wait": 0.05})
    with TestClient(api_app(quick), raise_server_exceptions=False) as client:
        person = register(client)
        answer = person.get("/accounts")
        problem = refused(answer, 503, "try_again")
        assert problem["retryable"] is True
        assert answer.headers["retry-after"] == "1"
        assert client.get("/health/ready").status_code == 200
        unmade = person.get("/accounts", headers={"numina-consistency": "eventual"})
        refused(unmade, 503, "try_again")


def test_what_was_heard_before_the_server_crashed_is_not_believed(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(database) as client:
        person = register(client)
        person.account("Cash")
        assert person.get("/accounts").status_code == 200
    quick = settings(database).model_copy(update={"consistency_wait": 0.05})
    with TestClient(api_app(quick), raise_server_exceptions=False) as client:
        monkeypatch.setattr(Projected, "reach", _believe)
        person = replace(person, client=client)
        assert person.get("/accounts").status_code == 200
        person.account("Savings")
        refused(person.get("/accounts"), 503, "try_again")


def test_lost_connections_cost_at_most_one_answer_each(ada: Person, server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'numina api'"
        )
    seen = set()
    for _ in range(20):
        answer = ada.get("/accounts")
        seen.add(answer.status_code)
        if answer.status_code == 503:
            refused(answer, 503, "try_again")
    assert ada.get("/accounts").status_code == 200
    assert seen <= {200, 503}


@pytest.mark.parametrize("secret", ["password=hunter2", "postgresql://user:hunter2@host/db"])
def test_nothing_of_a_failure_is_told(secret: str) -> None:
    assert b"hunter2" not in of(psycopg.OperationalError(secret)).body
    assert b"hunter2" not in unexpected("request-1").body
    assert b"request-1" in unexpected("request-1").body


async def _believe(projected: Projected, position: int, timeout: float) -> bool:
    """As it answers while it has not noticed that the server crashed."""
    await asyncio.sleep(0.01)
    return True

"""What clients are told while the database or the projector is away."""

import psycopg
import pytest
from starlette.testclient import TestClient

from api.problems import of, unexpected
from numina.embedded import EmbeddedPostgres
from numina.wiring import api_app
from tests.support.service import Person, refused, register, settings


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

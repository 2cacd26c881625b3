"""Every operation of the OpenAPI document, called with what a machine makes up from it: no answer is a server's
error, and every answer is what the document promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CheckContext
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import described
from api.metrics import Metrics
from tests.stories.serving import Serving, serving

EXAMPLES = 12
"""For each operation, unless --fuzz-examples says otherwise."""

ENDLESS = "/v1/stream"

ENDING = {
    "POST /v1/auth/logout",
    "DELETE /v1/users/me/sessions",
    "DELETE /v1/users/me/sessions/{session_id}",
}
"""What may end the session that the requests are made by."""

_SCHEMA = schemathesis.openapi.from_dict(described(Metrics()).openapi()).exclude(path=ENDLESS)
OPERATIONS = {found.ok().label: found.ok() for found in _SCHEMA.get_all_operations()}


class World:
    """A book in which there is something of everything, so that made-up requests find something."""

    def __init__(self, service: Serving) -> None:
        self.person = service.register(currency="USD")
        person = self.person
        accounts = [
            person.post("/accounts", {"name": name, "kind": kind, "currency": "USD", **more})
            for name, kind, more in (
                ("Bank", "asset", {"floor": "0", "opening_balance": "1000.00", "opening_date": "2026-01-01"}),
                ("Card", "liability", {}),
                ("Food", "expense", {}),
                ("Salary", "income", {}),
                ("Fund", "asset", {"currency": "VBMPX", "exponent": 3}),
                ("Old", "asset", {}),
            )
        ]
        bank, _, food, *_ = [account["id"] for account in accounts]
        person.client.delete(f"/accounts/{accounts[-1]['id']}").raise_for_status()
        body = {"type": "expense", "date": "2026-02-01", "amount": "5.00", "currency": "USD"}
        body |= {"account_id": bank, "category_id": food}
        made = [person.post("/transactions", body | {"state": state}) for state in ("posted", "pending") * 4]
        assertion = {"account_id": bank, "date": "2026-01-31", "amount": "1000.00"}
        self.ids = {
            "account_id": [account["id"] for account in accounts],
            "category_id": [account["id"] for account in accounts[2:4]],
            "transaction_id": [transaction["id"] for transaction in made],
            "command_id": [transaction["command_id"] for transaction in made],
            "assertion_id": [person.post("/assertions", assertion)["id"]],
            "book_id": [person.book_id],
        }
        for alias in ("to_account_id", "parent_id"):
            self.ids[alias] = self.ids["account_id"]

    def lead(self, values: Any) -> Any:
        """The values with most made-up ids replaced by ids of things that there are."""
        if isinstance(values, dict):
            return {name: self._known(name, value) for name, value in values.items()}
        return [self.lead(value) for value in values] if isinstance(values, list) else values

    def _known(self, name: str, value: Any) -> Any:
        known = self.ids.get(name)
        if known is None or not isinstance(value, str):
            return self.lead(value)
        try:
            number = UUID(value).int
        except ValueError:
            return value
        return value if number % 8 == 0 else known[number % len(known)]


@pytest.fixture(scope="session")
def world(
    service_database: Callable[[], AbstractContextManager[str | None]],
) -> Iterator[tuple[Serving, World]]:
    with service_database() as url, serving(url) as service:
        yield service, World(service)


def no_server_error(_: CheckContext, response: schemathesis.Response, case: schemathesis.Case) -> None:
    """Nothing that is sent may upset the service; only waiting for the read models may be asked for."""
    if response.status_code >= 500:
        assert response.json()["code"] == "try_again", f"{case.as_curl_command()}\n{response.text}"


CHECKS = [
    no_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_no_request_upsets_the_service(
    label: str, world: tuple[Serving, World], request: pytest.FixtureRequest
) -> None:
    service, known = world
    if known.person.client.get("/users/me").status_code == 401:
        known.person.sign_in()
    more = request.config.getoption("--fuzz-examples")
    cases = OPERATIONS[label]

    # The same requests on every run, unless more of them were asked for.
    @settings(
        max_examples=more or EXAMPLES,
        derandomize=not more,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(case=cases.as_strategy(GenerationMode.POSITIVE) | cases.as_strategy(GenerationMode.NEGATIVE))
    def call(case: schemathesis.Case) -> None:
        case.path_parameters = known.lead(case.path_parameters or {})
        case.body = known.lead(case.body)
        if label in ENDING:
            known.person.sign_in()
        headers = {"authorization": known.person.client.headers["authorization"]}
        case.call_and_validate(base_url=service.url, headers=headers, checks=CHECKS)

    call()

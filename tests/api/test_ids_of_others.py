"""Ids of somebody else's things, in every path and every body, open and change nothing."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from tests.api.test_permissions import ANYBODY, OPERATIONS, STAFF, TABLE
from tests.support.authenticator import Authenticator
from tests.support.household import household
from tests.support.membership import invite, verified
from tests.support.recorded import nothing_recorded
from tests.support.service import Person, register
from tests.support.staff import give

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
WITH_ID_IN_PATH = sorted(
    label for label in TABLE if "{" in label and TABLE[label].who not in (ANYBODY, *STAFF)
)
# Where the path names something of hers, the body is not even looked at.
WITH_ID_IN_BODY = sorted(
    label
    for label, operation in OPERATIONS.items()
    if TABLE[label].who not in (ANYBODY, *STAFF)
    and "{" not in label
    and _UUID.search(json.dumps(operation.get("requestBody", {})))
)


class Theirs:
    """Ada's book with something of everything, and the ids of it by the names that paths and bodies give them."""

    def __init__(self, client: TestClient) -> None:
        ada = self.person = register(client, name="Ada")
        home = household(ada)
        posted = home.post(home.expense("1.00")).json()
        assertion = {"account_id": home.checking, "date": "2026-01-31", "amount": "0.00"}
        asserted = ada.post("/assertions", assertion)
        assert asserted.status_code == 201, asserted.text
        statement = {"account_id": home.checking, "date": "2026-12-31", "closing_balance": "-1.00"}
        reconciled = ada.post("/reconciliations", statement | {"transaction_ids": [posted["id"]]})
        assert reconciled.status_code == 201, reconciled.text
        options = ada.post("/auth/passkeys/options").json()
        passkey = ada.post("/auth/passkeys", {"name": "Ada", "credential": Authenticator().create(options)})
        assert passkey.status_code == 201, passkey.text
        key = ada.post("/users/me/api-keys", {"name": "Ada", "scopes": ["books:read"]})
        assert key.status_code == 201, key.text
        auditor = give(register(client), "auditor")
        assert ada.put(f"/books/{ada.book_id}/auditors/{auditor.user_id}").status_code == 204
        self.ids = {
            "auditor_id": auditor.user_id,
            "key_id": key.json()["id"],
            "account_id": home.checking,
            "category_id": home.food,
            "transaction_id": posted["id"],
            "command_id": posted["command_id"],
            "assertion_id": asserted.json()["id"],
            "reconciliation_id": reconciled.json()["id"],
            # Nothing is set up here to sign in with; tests/api/test_oidc.py tries one that there is.
            "provider": "google",
            "invitation_id": invite(verified(ada), "guest@example.net"),
            "identity_id": str(uuid4()),
            "passkey_id": passkey.json()["id"],
            "session_id": ada.tokens["session_id"],
            "book_id": ada.book_id,
            "user_id": ada.user_id,
            "position": str(posted["position"]),
        }

    def led(self, value: Any, name: str = "account_id") -> Any:
        """A body with every id in it replaced by one of theirs."""
        if isinstance(value, dict):
            return {key: self.led(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self.led(each, name.removesuffix("s")) for each in value]
        if isinstance(value, str) and _UUID.fullmatch(value):
            return self.ids.get(name, self.ids["account_id"])
        return value


@pytest.fixture(scope="module")
def theirs(client: TestClient) -> Theirs:
    return Theirs(client)


@pytest.fixture(scope="module")
def mallory(client: TestClient) -> Person:
    return verified(register(client, name="Mallory"))


def body_of(label: str) -> Any:
    content = OPERATIONS[label].get("requestBody", {}).get("content", {}).get("application/json", {})
    examples = content.get("examples") or {"only": {"value": content.get("example")}}
    return next(iter(examples.values()))["value"]


@pytest.mark.parametrize("label", WITH_ID_IN_PATH)
def test_an_id_in_the_path_names_nothing_of_somebody_else(
    label: str, theirs: Theirs, mallory: Person, api_database: str
) -> None:
    method, _, path = label.partition(" ")
    names = re.findall(r"{(\w+)}", path)
    unknown = [name for name in names if name not in theirs.ids]
    assert not unknown, f"say in Theirs which {unknown} Ada has"
    for name in names:
        path = path.replace(f"{{{name}}}", theirs.ids[name])
    with nothing_recorded(api_database):
        answer = mallory.request(method, path.removeprefix("/v1"), json=theirs.led(body_of(label)))
    assert answer.status_code == 404, answer.text
    assert "Ada" not in answer.text


@pytest.mark.parametrize("label", WITH_ID_IN_BODY)
def test_an_id_in_the_body_names_nothing_of_somebody_else(
    label: str, theirs: Theirs, mallory: Person, api_database: str
) -> None:
    method, _, path = label.partition(" ")
    with nothing_recorded(api_database):
        answer = mallory.request(method, path.removeprefix("/v1"), json=theirs.led(body_of(label)))
    problems = answer.json().get("results", [{"status": answer.status_code}])
    assert {problem["status"] for problem in problems} <= {404, 422}, answer.text
    assert theirs.person.get("/accounts").status_code == 200

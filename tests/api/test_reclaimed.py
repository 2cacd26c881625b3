"""Somebody registers with an address that is not theirs. Whoever has it chooses a new password by letter, and nothing
that the other one set up opens anything from then on."""

import time
from typing import Any
from uuid import UUID

from starlette.testclient import TestClient

from ledger.ids import new_id
from ledger.mailbox.commands import AskReset, ResetPassword
from tests.api.test_passkeys import add, sign_in
from tests.support.service import Person, refused, register


def carry_out(client: TestClient, kind: type[Any], person: Person, **fields: Any) -> None:
    services = client.app._services  # type: ignore[attr-defined]  # the outermost layer
    framed = {"command_id": new_id(), "book_id": UUID(person.book_id), "actor_id": UUID(person.user_id)}
    assert client.portal is not None
    client.portal.call(services.writer.handle, kind(**framed, **fields))


def test_nothing_that_a_stranger_set_up_opens_the_account(client: TestClient) -> None:
    mallory = register(client, name="Mallory")
    device = add(mallory)
    made = mallory.post("/users/me/api-keys", {"name": "Sheet", "scopes": ["profile:read"]})
    assert made.status_code == 201, made.text
    by_key = {"authorization": f"Bearer {made.json()['key']}"}
    assert client.get("/v1/users/me", headers=by_key).status_code == 200
    now = client.app._services.clock()  # type: ignore[attr-defined]  # the outermost layer
    carry_out(client, AskReset, mallory, now=now)
    carry_out(client, ResetPassword, mallory, now=now, asked_at=now, password="$argon2id$")
    refused(sign_in(client, device), 401, "passkey_refused")
    # What another process does is noticed within seconds.
    until = time.monotonic() + 5
    while client.get("/v1/users/me", headers=by_key).status_code == 200 and time.monotonic() < until:
        time.sleep(0.1)
    refused(client.get("/v1/users/me", headers=by_key), 401, "not_authenticated")
    refused(mallory.get("/users/me"), 401, "not_authenticated")

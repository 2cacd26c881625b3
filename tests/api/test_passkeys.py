"""Passkeys over HTTP: added with a fresh proof, good for signing in and for nobody else, each challenge once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import psycopg
import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from tests.support.authenticator import PRESENT, Authenticator, b64
from tests.support.service import Person, refused

SIGN_IN = "/v1/auth/passkeys/sign-in"


def add(person: Person, name: str = "Phone") -> Authenticator:
    device = Authenticator()
    options = person.post("/auth/passkeys/options")
    assert options.status_code == 200, options.text
    body = {"name": name, "credential": device.create(options.json())}
    made = person.post("/auth/passkeys", body)
    assert made.status_code == 201, made.text
    return device


def ask(client: TestClient, **body: Any) -> dict[str, Any]:
    options = client.post(SIGN_IN + "/options", json=body)
    assert options.status_code == 200, options.text
    found: dict[str, Any] = options.json()
    return found


def sign_in(client: TestClient, device: Authenticator, /, *, body: Any = None, **twist: Any) -> Response:
    return client.post(SIGN_IN, json=device.get(ask(client, **(body or {})), **twist))


def the_one(person: Person) -> dict[str, Any]:
    (shown,) = person.get("/auth/passkeys").json()["items"]
    return dict(shown)


def test_a_passkey_is_added_listed_renamed_and_signs_in(client: TestClient, ada: Person) -> None:
    device = add(ada)
    shown = the_one(ada)
    assert shown["name"] == "Phone"
    assert shown["used_at"] is None
    assert not shown["synced"]
    renamed = ada.patch(f"/auth/passkeys/{shown['id']}", {"name": "Key"})
    assert renamed.json()["name"] == "Key"
    answer = sign_in(client, device)
    assert answer.status_code == 200, answer.text
    token = answer.json()
    assert token["user_id"] == ada.user_id
    claims = jwt.decode(token["access_token"], options={"verify_signature": False})
    assert claims["amr"] == ["hwk", "mfa"]
    profile = client.get("/v1/users/me", headers={"authorization": f"Bearer {token['access_token']}"})
    assert profile.json()["email"] == ada.email
    assert the_one(ada)["used_at"] is not None


def test_options_exclude_what_is_there(ada: Person) -> None:
    device = add(ada)
    options = ada.post("/auth/passkeys/options").json()
    assert [each["id"] for each in options["excludeCredentials"]] == [b64(device.device.credential_id)]
    proof = ada.post("/auth/passkeys/proof/options").json()
    assert proof["allowCredentials"][0]["id"] == b64(device.device.credential_id)


def test_who_has_no_passkey_cannot_prove_with_one(ada: Person) -> None:
    refused(ada.post("/auth/passkeys/proof/options"), 404, "unknown_passkey")


@pytest.mark.parametrize(
    "twist",
    [
        {"origin": "https://evil.example"},
        {"rp_id": "evil.example"},
        {"kind": "webauthn.create"},
        {"flags": PRESENT},
        {"flags": 0},
        {"user_handle": b"somebody else's!"},
        {"crossOrigin": True},
        {"challenge": b64(b"made up" * 8)},
    ],
)
def test_a_twisted_answer_signs_nobody_in(client: TestClient, ada: Person, twist: dict[str, Any]) -> None:
    device = add(ada)
    refused(sign_in(client, device, **twist), 401, "passkey_refused")
    assert sign_in(client, device).status_code == 200


def test_a_tampered_signature_signs_nobody_in(client: TestClient, ada: Person) -> None:
    device = add(ada)
    answer = device.get(ask(client))
    other = device.get(ask(client))
    swapped = answer["response"] | {"signature": other["response"]["signature"]}
    refused(client.post(SIGN_IN, json=answer | {"response": swapped}), 401, "passkey_refused")


def test_an_answer_signs_in_once(client: TestClient, ada: Person) -> None:
    device = add(ada)
    answer = device.get(ask(client))
    assert client.post(SIGN_IN, json=answer).status_code == 200
    refused(client.post(SIGN_IN, json=answer), 409, "challenge_over")


def test_of_two_at_the_same_instant_one_signs_in(client: TestClient, ada: Person) -> None:
    device = add(ada)
    answer = device.get(ask(client))
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: client.post(SIGN_IN, json=answer), range(8)))
    assert sorted(each.status_code for each in answers) == [200] + [409] * 7


def test_a_challenge_for_another_purpose_signs_nobody_in(
    client: TestClient, ada: Person, bob: Person
) -> None:
    device = add(ada)
    for options in (
        ada.post("/auth/passkeys/proof/options").json(),
        ada.post("/auth/passkeys/options").json(),
    ):
        answer = device.get({"rpId": "localhost", "challenge": options["challenge"]})
        refused(client.post(SIGN_IN, json=answer), 401, "passkey_refused")
    # Nor does one for signing in, or of somebody else, add a passkey.
    for challenge in (ask(client)["challenge"], bob.post("/auth/passkeys/options").json()["challenge"]):
        options = ada.post("/auth/passkeys/options").json() | {"challenge": challenge}
        body = {"name": "Phone", "credential": Authenticator().create(options)}
        refused(ada.post("/auth/passkeys", body), 422, "invalid_passkey")


def test_who_says_their_address_signs_in_as_nobody_else(client: TestClient, ada: Person, bob: Person) -> None:
    device = add(ada)
    assert sign_in(client, device, body={"email": ada.email.upper()}).status_code == 200
    refused(sign_in(client, device, body={"email": bob.email}), 401, "passkey_refused")


def test_asking_says_nothing_about_who_is_here(client: TestClient, ada: Person) -> None:
    add(ada)
    known, unknown = ask(client, email=ada.email), ask(client, email="nobody@example.com")
    for options in (known, unknown):
        assert len(options.pop("challenge")) == 75
    assert known == unknown
    assert known["allowCredentials"] == []
    assert known["userVerification"] == "required"


def test_a_count_that_does_not_rise_is_refused_and_shown(
    client: TestClient, ada: Person, api_database: str
) -> None:
    device = add(ada)
    device.sign_count = 5
    assert sign_in(client, device).status_code == 200
    device.sign_count = 3
    refused(sign_in(client, device), 401, "passkey_suspected")
    assert the_one(ada)["suspected_at"] is not None
    with psycopg.connect(api_database) as connection:
        count = connection.execute(
            "SELECT count(*) FROM record.stored_events WHERE originator_id = %s AND topic = %s",
            (ada.user_id, "user.passkey_suspected"),
        ).fetchone()
    assert count == (1,)


def test_a_credential_belongs_to_one_person(client: TestClient, ada: Person, bob: Person) -> None:
    device, thief = add(ada), Authenticator()
    options = bob.post("/auth/passkeys/options").json()
    thief.create(options)
    thief.device.credential_id = device.device.credential_id
    # From now on, its key has the name of somebody else's.
    thief.device.cred_init = lambda *_: None
    body = {"name": "Phone", "credential": thief.create(options)}
    refused(bob.post("/auth/passkeys", body), 409, "passkey_taken")
    # Under its name, another key signs nobody in.
    refused(client.post(SIGN_IN, json=thief.get(ask(client))), 401, "passkey_refused")


def test_a_removed_passkey_signs_nobody_in(client: TestClient, ada: Person, bob: Person) -> None:
    device = add(ada)
    mine = ada.get("/auth/passkeys").json()["items"][0]["id"]
    ada.token = sign_in(client, device).json()["access_token"]
    other = add(ada, "Other")
    refused(bob.delete(f"/auth/passkeys/{mine}"), 404, "unknown_passkey")
    refused(bob.patch(f"/auth/passkeys/{mine}", {"name": "Mine"}), 404, "unknown_passkey")
    refused(ada.delete("/auth/passkeys/nonsense"), 404, "unknown_passkey")
    assert ada.delete(f"/auth/passkeys/{mine}").status_code == 204
    refused(sign_in(client, device), 401, "passkey_refused")
    assert sign_in(client, other).status_code == 200


def test_a_session_that_proved_no_passkey_cannot_add_another(client: TestClient, ada: Person) -> None:
    device = add(ada)
    with pytest.raises(AssertionError, match="factor_proof_needed"):
        add(ada, "Somebody's")
    assert the_one(ada)["name"] != "Somebody's"
    ada.token = sign_in(client, device).json()["access_token"]
    add(ada, "Other")


def test_the_last_passkey_is_removed_by_who_proved_it(client: TestClient, ada: Person) -> None:
    device = add(ada)
    last = the_one(ada)["id"]
    refused(ada.delete(f"/auth/passkeys/{last}"), 403, "factor_proof_needed")
    ada.token = sign_in(client, device).json()["access_token"]
    assert ada.delete(f"/auth/passkeys/{last}").status_code == 204
    assert ada.get("/auth/passkeys").json()["items"] == []


def test_adding_is_done_once(ada: Person) -> None:
    options = ada.post("/auth/passkeys/options").json()
    body = {"name": "Phone", "credential": Authenticator().create(options)}
    assert ada.post("/auth/passkeys?dry_run=true", body).status_code == 200
    keyed = {"idempotency-key": "once"}
    first = ada.post("/auth/passkeys", body, headers=keyed)
    again = ada.post("/auth/passkeys", body, headers=keyed)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    refused(ada.post("/auth/passkeys", body), 409, "challenge_over")
    refused(ada.post("/auth/passkeys", body | {"credential": {}}), 422, "invalid_request")


@pytest.mark.parametrize(
    "twist",
    [
        {"rawId": ""},
        {"rawId": "AAAA"},
        {"type": "password"},
        {"response": {}},
        {"response": {"clientDataJSON": "", "authenticatorData": "", "signature": ""}},
        {"response": {"clientDataJSON": "AAAA" * 20_000, "authenticatorData": "", "signature": ""}},
        {"id": 7},
    ],
)
def test_what_is_no_answer_is_refused(client: TestClient, ada: Person, twist: dict[str, Any]) -> None:
    device = add(ada)
    answer = client.post(SIGN_IN, json=device.get(ask(client)) | twist)
    assert answer.status_code in (401, 422)
    assert answer.json()["code"] in ("passkey_refused", "invalid_request")

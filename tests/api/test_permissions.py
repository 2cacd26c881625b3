"""Who may call what: every operation of the OpenAPI document, called by everybody there is."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from api.app import described
from api.metrics import Metrics
from tests.support.membership import verified
from tests.support.service import PASSWORD, Person, register
from tests.support.staff import give

ANYBODY, SIGNED_IN, VIEWER, EDITOR, OWNER = "anybody", "signed in", "viewer", "editor", "owner"
ADMIN, AUDITOR, ANALYST = STAFF = "admin", "auditor", "analyst"


class Demand(NamedTuple):
    """What an operation asks for: who one must be, and the scope of an API key (None: no key may)."""

    who: str
    scope: str | None = None


# Said once more, apart from the product: what is not meant to change is not read from what is tested.
TABLE = {
    "GET /health/live": Demand(ANYBODY),
    "GET /health/ready": Demand(ANYBODY),
    "GET /metrics": Demand(ANYBODY),
    "GET /problems": Demand(ANYBODY),
    "POST /v1/auth/register": Demand(ANYBODY),
    "POST /v1/auth/login": Demand(ANYBODY),
    "POST /v1/auth/refresh": Demand(ANYBODY),
    "GET /v1/auth/jwks": Demand(ANYBODY),
    "POST /v1/auth/logout": Demand(SIGNED_IN),
    "POST /v1/auth/verify": Demand(ANYBODY),
    "POST /v1/auth/verify/resend": Demand(SIGNED_IN),
    "POST /v1/auth/password/forgot": Demand(ANYBODY),
    "POST /v1/auth/password/reset": Demand(ANYBODY),
    "POST /v1/auth/passkeys/sign-in/options": Demand(ANYBODY),
    "POST /v1/auth/passkeys/sign-in": Demand(ANYBODY),
    "POST /v1/auth/passkeys/options": Demand(SIGNED_IN),
    "POST /v1/auth/passkeys": Demand(SIGNED_IN),
    "GET /v1/auth/passkeys": Demand(SIGNED_IN),
    "PATCH /v1/auth/passkeys/{passkey_id}": Demand(SIGNED_IN),
    "DELETE /v1/auth/passkeys/{passkey_id}": Demand(SIGNED_IN),
    "POST /v1/auth/passkeys/proof/options": Demand(SIGNED_IN),
    "GET /v1/auth/oidc": Demand(ANYBODY),
    "POST /v1/auth/oidc/{provider}/start": Demand(ANYBODY),
    "POST /v1/auth/oidc/{provider}/finish": Demand(ANYBODY),
    "POST /v1/auth/oidc/{provider}/second-factor": Demand(ANYBODY),
    "POST /v1/auth/oidc/{provider}/link/start": Demand(SIGNED_IN),
    "POST /v1/auth/oidc/{provider}/link": Demand(SIGNED_IN),
    "GET /v1/users/me/identities": Demand(SIGNED_IN),
    "DELETE /v1/users/me/identities/{identity_id}": Demand(SIGNED_IN),
    "POST /v1/auth/step-up": Demand(SIGNED_IN),
    "GET /v1/auth/factors": Demand(SIGNED_IN),
    "POST /v1/auth/totp": Demand(SIGNED_IN),
    "POST /v1/auth/totp/confirm": Demand(SIGNED_IN),
    "DELETE /v1/auth/totp": Demand(SIGNED_IN),
    "POST /v1/auth/recovery-codes": Demand(SIGNED_IN),
    "GET /v1/users/me": Demand(SIGNED_IN, "profile:read"),
    "PATCH /v1/users/me": Demand(SIGNED_IN),
    "POST /v1/users/me/email": Demand(SIGNED_IN),
    "DELETE /v1/users/me": Demand(SIGNED_IN),
    "GET /v1/users/me/export": Demand(SIGNED_IN),
    "POST /v1/users/me/erasure/cancel": Demand(SIGNED_IN),
    "GET /v1/users/me/history": Demand(SIGNED_IN, "profile:read"),
    "GET /v1/users/me/avatar": Demand(SIGNED_IN, "profile:read"),
    "PUT /v1/users/me/avatar": Demand(SIGNED_IN),
    "DELETE /v1/users/me/avatar": Demand(SIGNED_IN),
    "GET /v1/users/{user_id}/avatar": Demand(SIGNED_IN, "profile:read"),
    "GET /v1/users/me/consents": Demand(SIGNED_IN, "profile:read"),
    "POST /v1/users/me/consents": Demand(SIGNED_IN),
    "GET /v1/users/me/sessions": Demand(SIGNED_IN),
    "DELETE /v1/users/me/sessions": Demand(SIGNED_IN),
    "DELETE /v1/users/me/sessions/{session_id}": Demand(SIGNED_IN),
    "POST /v1/users/me/api-keys": Demand(SIGNED_IN),
    "GET /v1/users/me/api-keys": Demand(SIGNED_IN),
    "GET /v1/users/me/api-keys/{key_id}": Demand(SIGNED_IN),
    "PATCH /v1/users/me/api-keys/{key_id}": Demand(SIGNED_IN),
    "DELETE /v1/users/me/api-keys/{key_id}": Demand(SIGNED_IN),
    "POST /v1/books": Demand(SIGNED_IN, "books:write"),
    "GET /v1/books": Demand(SIGNED_IN, "books:read"),
    "GET /v1/books/{book_id}": Demand(VIEWER, "books:read"),
    "PATCH /v1/books/{book_id}": Demand(OWNER, "books:write"),
    "POST /v1/accounts": Demand(EDITOR, "accounts:write"),
    "GET /v1/accounts": Demand(VIEWER, "accounts:read"),
    "GET /v1/accounts/{account_id}": Demand(VIEWER, "accounts:read"),
    "PATCH /v1/accounts/{account_id}": Demand(EDITOR, "accounts:write"),
    "DELETE /v1/accounts/{account_id}": Demand(EDITOR, "accounts:write"),
    "GET /v1/accounts/{account_id}/balance": Demand(VIEWER, "accounts:read"),
    "GET /v1/accounts/{account_id}/statement": Demand(VIEWER, "transactions:read"),
    "POST /v1/categories": Demand(EDITOR, "accounts:write"),
    "GET /v1/categories": Demand(VIEWER, "accounts:read"),
    "GET /v1/categories/{category_id}": Demand(VIEWER, "accounts:read"),
    "PATCH /v1/categories/{category_id}": Demand(EDITOR, "accounts:write"),
    "DELETE /v1/categories/{category_id}": Demand(EDITOR, "accounts:write"),
    "POST /v1/transactions": Demand(EDITOR, "transactions:write"),
    "POST /v1/transactions/bulk": Demand(EDITOR, "transactions:write"),
    "GET /v1/transactions": Demand(VIEWER, "transactions:read"),
    "GET /v1/transactions/{transaction_id}": Demand(VIEWER, "transactions:read"),
    "PUT /v1/transactions/{transaction_id}": Demand(EDITOR, "transactions:write"),
    "DELETE /v1/transactions/{transaction_id}": Demand(EDITOR, "transactions:write"),
    "POST /v1/transactions/{transaction_id}/post": Demand(EDITOR, "transactions:write"),
    "POST /v1/transactions/{transaction_id}/void": Demand(EDITOR, "transactions:write"),
    "POST /v1/transactions/{transaction_id}/clear": Demand(EDITOR, "transactions:write"),
    "GET /v1/transactions/{transaction_id}/history": Demand(VIEWER, "transactions:read"),
    "POST /v1/assertions": Demand(EDITOR, "accounts:write"),
    "GET /v1/assertions": Demand(VIEWER, "accounts:read"),
    "GET /v1/assertions/{assertion_id}": Demand(VIEWER, "accounts:read"),
    "DELETE /v1/assertions/{assertion_id}": Demand(EDITOR, "accounts:write"),
    "POST /v1/reconciliations": Demand(EDITOR, "transactions:write"),
    "GET /v1/reconciliations": Demand(VIEWER, "transactions:read"),
    "GET /v1/reconciliations/{reconciliation_id}": Demand(VIEWER, "transactions:read"),
    "POST /v1/reconciliations/{reconciliation_id}/unlock": Demand(EDITOR, "transactions:write"),
    "GET /v1/reports/monthly": Demand(VIEWER, "reports:read"),
    "GET /v1/reports/income-statement": Demand(VIEWER, "reports:read"),
    "GET /v1/reports/balance-sheet": Demand(VIEWER, "reports:read"),
    "GET /v1/reports/net-worth": Demand(VIEWER, "reports:read"),
    "GET /v1/reports/cash-flow": Demand(VIEWER, "reports:read"),
    "GET /v1/reports/spending-by-member": Demand(VIEWER, "reports:read"),
    "GET /v1/audit/logs": Demand(VIEWER, "audit:read"),
    "GET /v1/audit/checkpoint": Demand(SIGNED_IN, "audit:read"),
    "GET /v1/audit/proofs/{position}": Demand(VIEWER, "audit:read"),
    "GET /v1/audit/verification": Demand(VIEWER, "audit:read"),
    "GET /v1/commands/{command_id}": Demand(VIEWER, "transactions:read"),
    "POST /v1/commands/{command_id}/undo": Demand(EDITOR, "transactions:write"),
    "GET /v1/changes": Demand(VIEWER, "transactions:read"),
    "GET /v1/stream": Demand(VIEWER, "transactions:read"),
}
TABLE |= {
    "GET /v1/books/{book_id}/auditors": Demand(VIEWER, "books:read"),
    "PUT /v1/books/{book_id}/auditors/{auditor_id}": Demand(OWNER),
    "DELETE /v1/books/{book_id}/auditors/{auditor_id}": Demand(OWNER),
    "GET /v1/admin/audit/logs": Demand(AUDITOR),
    "GET /v1/admin/audit/proofs/{position}": Demand(AUDITOR),
    "GET /v1/admin/statistics": Demand(ANALYST),
    "GET /v1/admin/users": Demand(ADMIN),
    "GET /v1/admin/users/{user_id}": Demand(ADMIN),
    "POST /v1/admin/users/{user_id}/roles": Demand(ADMIN),
    "DELETE /v1/admin/users/{user_id}/roles": Demand(ADMIN),
    "POST /v1/admin/users/{user_id}/suspend": Demand(ADMIN),
    "POST /v1/admin/users/{user_id}/reinstate": Demand(ADMIN),
}
TABLE |= {
    "GET /v1/books/{book_id}/members": Demand(VIEWER, "books:read"),
    "PATCH /v1/books/{book_id}/members/{user_id}": Demand(OWNER),
    "DELETE /v1/books/{book_id}/members/{user_id}": Demand(OWNER),
    "POST /v1/books/{book_id}/leave": Demand(VIEWER),
    "POST /v1/books/{book_id}/owner": Demand(OWNER),
    "POST /v1/books/{book_id}/invitations": Demand(OWNER),
    "GET /v1/books/{book_id}/invitations": Demand(OWNER, "books:read"),
    "DELETE /v1/invitations/{invitation_id}": Demand(SIGNED_IN),
    "GET /v1/invitations": Demand(SIGNED_IN),
    "POST /v1/invitations/{invitation_id}/accept": Demand(SIGNED_IN),
    "POST /v1/invitations/{invitation_id}/decline": Demand(SIGNED_IN),
    "POST /v1/invitations/accept": Demand(SIGNED_IN),
    "POST /v1/invitations/decline": Demand(SIGNED_IN),
}
DOCUMENT = described(Metrics()).openapi()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
GUARDED = sorted(label for label, demand in TABLE.items() if demand.who != ANYBODY)
FOR_STAFF = [label for label in GUARDED if TABLE[label].who in STAFF]
OF_A_BOOK = [label for label in GUARDED if TABLE[label].who not in (SIGNED_IN, *STAFF)]
ENDING = ("/auth/logout", "/users/me/sessions")


class Household(NamedTuple):
    """Ada's book, and people who have to do with it or not."""

    ada: Person
    stranger: Person


@pytest.fixture(scope="module")
def household(client: TestClient) -> Household:
    return Household(verified(register(client, name="Ada")), register(client, name="Mallory"))


def call(who: Person | None, client: TestClient, label: str, book_id: str, **headers: str) -> Response:
    """Calls an operation on the book, with the body of its example and ids that may name nothing."""
    method, _, path = label.partition(" ")
    if who is not None and path.removeprefix("/v1").startswith(ENDING):
        # It is not to sign out somebody who is needed for the next call.
        who = register(client)
    if who is not None:
        headers = {"authorization": f"Bearer {who.token}"} | headers
    in_path = "{book_id}" in path
    if not in_path and TABLE[label].who not in (ANYBODY, SIGNED_IN, *STAFF):
        headers["numina-book"] = book_id
    if label == "GET /v1/stream":
        # Whoever may follow is told that this is no event, instead of being kept for ever.
        headers["last-event-id"] = "none"
    path = path.replace("{book_id}", book_id).replace("{position}", "1")
    path = re.sub(r"{\w+}", lambda _: str(uuid4()), path)
    content = OPERATIONS[label].get("requestBody", {}).get("content", {}).get("application/json", {})
    examples = content.get("examples") or {"only": {"value": content.get("example", {})}}
    body = next(iter(examples.values()))["value"]
    return client.request(method, path, headers=headers, json=body if method != "GET" else None)


def signed_in_anew(person: Person) -> Person:
    answer = person.client.post("/v1/auth/login", json={"email": person.email, "password": PASSWORD})
    return replace(person, token=answer.json()["access_token"], tokens=answer.json())


def let_in(answer: Response) -> bool:
    """Whether the operation itself was reached, whatever it then said."""
    code = answer.json().get("code") if answer.content and answer.status_code >= 400 else None
    return code == "wrong_code" or (answer.status_code not in (401, 403) and code != "unknown_book")


def test_every_operation_is_in_the_table() -> None:
    assert set(TABLE) == set(OPERATIONS)


@pytest.mark.parametrize("label", sorted(TABLE))
def test_the_document_says_who_needs_a_token(label: str) -> None:
    assert (OPERATIONS[label].get("security") == []) == (TABLE[label].who == ANYBODY)


@pytest.mark.parametrize("label", sorted(set(TABLE) - set(GUARDED)))
def test_anybody_may_call_what_is_public(label: str, client: TestClient, household: Household) -> None:
    answer = call(None, client, label, household.ada.book_id)
    assert answer.status_code != 403
    assert answer.status_code != 401 or answer.json()["code"] in (
        "wrong_credentials",
        "not_authenticated",
        "passkey_refused",
    )


@pytest.fixture(scope="module")
def worthless(client: TestClient, household: Household) -> dict[str, Person]:
    """Ada, with tokens that are not worth anything."""
    ada, services = household.ada, client.app._services  # type: ignore[attr-defined]  # the outermost layer
    over = signed_in_anew(ada)
    over.post("/auth/logout", {})
    issued: Any = (ada.user_id, ada.book_id, ada.tokens["session_id"], ["pwd"], 0)
    lifetime, services.tokens.lifetime = services.tokens.lifetime, timedelta(seconds=-1)
    expired = services.tokens.issue(*issued)
    services.tokens.lifetime = lifetime
    elsewhere = services.tokens.issue(ada.user_id, ada.book_id, uuid4(), ["pwd"], 0)
    head, body, _ = ada.token.split(".")
    return {
        "no token": replace(ada, token=""),
        "an expired token": replace(ada, token=expired),
        "a token of an ended session": over,
        "a token of a session that never was": replace(ada, token=elsewhere),
        "a token with another signature": replace(ada, token=f"{head}.{body}.{'A' * 86}"),
        "a refresh token": replace(ada, token=ada.tokens["refresh_token"]),
    }


@pytest.mark.parametrize("label", GUARDED)
def test_a_worthless_token_opens_nothing(
    label: str, client: TestClient, household: Household, worthless: dict[str, Person]
) -> None:
    assert call(None, client, label, household.ada.book_id).status_code == 401
    for kind, person in worthless.items():
        headers = {"authorization": f"Bearer {person.token}"}
        answer = call(None, client, label, household.ada.book_id, **headers)
        assert answer.status_code == 401, (kind, answer.text)
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("label", OF_A_BOOK)
def test_a_book_of_somebody_else_does_not_exist(label: str, client: TestClient, household: Household) -> None:
    theirs = call(household.stranger, client, label, household.ada.book_id)
    nobodys = call(household.stranger, client, label, str(uuid4()))
    for answer in (theirs, nobodys):
        assert answer.status_code == 404
        assert answer.json()["code"] == "unknown_book"


@pytest.mark.parametrize("label", sorted(set(GUARDED) - set(FOR_STAFF)))
def test_an_owner_may_do_everything_with_their_book(
    label: str, client: TestClient, household: Household
) -> None:
    answer = call(household.ada, client, label, household.ada.book_id)
    assert let_in(answer), answer.text


@pytest.fixture(scope="module")
def staff(client: TestClient) -> dict[str, Person]:
    people = {role: register(client) for role in STAFF}
    for role, person in people.items():
        give(person, role)
    return people


@pytest.mark.parametrize("label", FOR_STAFF)
def test_what_operates_the_service_is_for_one_role_alone(
    label: str, client: TestClient, household: Household, staff: dict[str, Person]
) -> None:
    for person in (household.ada, *(each for role, each in staff.items() if role != TABLE[label].who)):
        answer = call(person, client, label, household.ada.book_id)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
    assert let_in(call(staff[TABLE[label].who], client, label, household.ada.book_id))


@pytest.mark.parametrize("label", OF_A_BOOK)
def test_staff_have_no_part_in_anybodys_book(
    label: str, client: TestClient, household: Household, staff: dict[str, Person]
) -> None:
    for person in staff.values():
        answer = call(person, client, label, household.ada.book_id)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_book")

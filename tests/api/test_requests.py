"""What any request may do wrong, whatever it asks for."""

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.support.service import Person, refused

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"nonsense",
        b'{"name": "A",}',
        b'{"name": NaN}',
        b'\xff\xfe{"name": "A"}',
        b'{"name": "\xc3\x28"}',
        b'{"name": "\\ud800"}',
        b'{"name": "A\x00"}',
        b"[" * 100_000,
        b'{"metadata":' * 10_000 + b"1" + b"}" * 10_000,
    ],
)
def test_a_broken_body_is_refused(ada: Person, body: bytes) -> None:
    answer = ada.request("POST", "/accounts", content=body, headers=JSON)
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] in ("broken_json", "invalid_request")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"7", b"true", b"1e999", b"{}"])
def test_a_body_of_another_type_is_refused(ada: Person, body: bytes) -> None:
    answer = ada.request("POST", "/accounts", content=body, headers=JSON)
    refused(answer, 422, "invalid_request")


def test_another_kind_of_body_is_refused(ada: Person) -> None:
    answer = ada.request("POST", "/accounts", content=b"name=A", headers={"content-type": "text/plain"})
    refused(answer, 415, "unsupported_media_type")


def test_a_body_over_the_limit_is_refused(ada: Person) -> None:
    answer = ada.request("POST", "/accounts", content=b" " * (2 * 1024 * 1024 + 1), headers=JSON)
    problem = refused(answer, 413, "body_too_large")
    assert problem["limit"] == 2 * 1024 * 1024


def test_a_chunked_body_over_the_limit_is_refused(ada: Person) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 65_536

    answer = ada.request("POST", "/accounts", content=chunks(), headers=JSON)
    refused(answer, 413, "body_too_large")


def test_an_unknown_address_and_method_are_problems_too(client: TestClient) -> None:
    refused(client.get("/v1/nothing"), 404, "no_such_route")
    refused(client.get("/"), 404, "no_such_route")
    refused(client.get("/v1/%00"), 404, "no_such_route")
    answer = client.put("/v1/accounts")
    refused(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["allow"]


def test_every_answer_bears_its_request_id_and_safe_headers(client: TestClient) -> None:
    given = client.get("/health/live", headers={"x-request-id": "abc-123"})
    assert given.headers["x-request-id"] == "abc-123"
    for hostile in ("bad id", "x" * 200, 'a"b', "<script>"):
        answer = client.get("/v1/nothing", headers={"x-request-id": hostile})
        assert answer.headers["x-request-id"] != hostile
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["numina-position"].isdigit()


@pytest.mark.parametrize("key", [b"", b" ", b"with space", b"x" * 256, "ключ".encode(), b"a\tb"])
def test_an_impossible_idempotency_key_is_refused(ada: Person, key: bytes) -> None:
    body = {"name": "Keyed", "kind": "asset", "currency": "USD"}
    answer = ada.post("/accounts", body, headers={"idempotency-key": key})
    refused(answer, 400, "invalid_idempotency_key")


def test_a_key_is_bound_to_its_request_and_person(ada: Person, bob: Person) -> None:
    keyed = {"idempotency-key": "same"}
    body = {"name": "Keyed", "kind": "asset", "currency": "USD"}
    first = ada.post("/accounts", body, headers=keyed)
    assert first.status_code == 201
    assert ada.post("/accounts", body, headers=keyed).json() == first.json()
    refused(ada.post("/accounts", body | {"name": "Other"}, headers=keyed), 422, "idempotency_key_reused")
    other = bob.post("/accounts", body, headers=keyed)
    assert other.status_code == 201
    assert other.json()["id"] != first.json()["id"]


def test_the_document_describes_every_operation(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert client.get("/docs").status_code == 200
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert operation["tags"], where
            assert "default" in operation["responses"], where
            good = [code for code in operation["responses"] if code.startswith("2")]
            assert good, where
            if good in (["202"], ["204"]):
                # There is nothing to show.
                continue
            content = operation["responses"][good[0]].get("content", {})
            binary = any(c.get("schema", {}).get("format") == "binary" for c in content.values())
            assert binary or any("example" in c for c in content.values()) or "requestBody" in operation, (
                where
            )
            if "application/json" in operation.get("requestBody", {}).get("content", {}):
                body = operation["requestBody"]["content"]["application/json"]
                assert "example" in body or "examples" in body, where


def test_the_documentation_needs_no_network(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "/v1/transactions/{transaction_id}/void" in page.text
    assert "<table>" in page.text
    assert "<script" not in page.text
    # An example may name an address elsewhere; nothing is loaded from one, and no link leads there.
    assert re.search(r"""(=|url\()\s*["']?\s*(https?:)?//""", page.text) is None

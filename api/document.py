"""The OpenAPI document: what FastAPI collects, plus what holds for every operation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.describe import shapes

VERSION = "1"
TAGS = (
    ("Identity", "Register, sign in, and what you prefer."),
    ("Privacy", "What you agree to, all that is known of you, and being forgotten."),
    ("Books", "Whose money it is, in which currency and time zone."),
    ("Members", "Who shares a book, as what, and whom its owner has invited."),
    ("Accounts", "What you own and owe, and what it is worth."),
    ("Categories", "What money is earned and spent on: income and expense accounts, as a tree."),
    ("Transactions", "Money that moves: posted at once, or held and posted later."),
    ("Reconciliation", "Statements that agree with the bank's, and balances that are asserted for ever."),
    ("Reports", "Sums over time, as of a date and as known at a position."),
    ("Audit", "What happened, who did it, and the proof."),
    ("Commands", "What was asked for, and taking it back."),
    ("Changes", "Following along from a cursor."),
    (
        "Administration",
        "Operating the service: people and roles, the trail of every book, sums under pseudonyms.",
    ),
    ("Operation", "Health and metrics."),
)
DESCRIPTION = Path(__file__).with_name("description.md")
_PARAMETER = re.compile(r"{(\w+)}")
_WRITES = ("post", "put", "patch", "delete")


def describe(app: FastAPI) -> dict[str, Any]:
    """The document of all routes; made once, on first use."""
    if app.openapi_schema is None:
        document = get_openapi(
            title="Numina",
            version=VERSION,
            description=DESCRIPTION.read_text("utf-8"),
            routes=app.routes,
            tags=[{"name": name, "description": text} for name, text in TAGS],
        )
        components = document.setdefault("components", {})
        components["schemas"] = shapes() | {"Problem": _PROBLEM}
        components["responses"] = {str(code): _response(text) for code, text in _RESPONSES.items()}
        components["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        }
        document["security"] = [{"bearer": []}]
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                _complete(path, method, operation)
        app.openapi_schema = document
    return app.openapi_schema


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Adds what every operation has in common: path parameters, headers, the shape of errors."""
    parameters = operation.setdefault("parameters", [])
    declared = {p["name"] for p in parameters}
    for name in _PARAMETER.findall(path):
        if name not in declared:
            schema = (
                {"type": "integer", "minimum": 1}
                if name == "position"
                else {"type": "string", "format": "uuid"}
            )
            parameters.insert(0, {"name": name, "in": "path", "required": True, "schema": schema})
    public = operation.get("security") == []
    if not public:
        parameters.append(_header("Numina-Book", "The id of another of your books.", "uuid"))
        operation["responses"].setdefault("401", {"$ref": "#/components/responses/401"})
        if method == "get":
            parameters.append(_header("Numina-Consistency", "`eventual` skips the wait for the read models."))
    if method in _WRITES and not path.endswith(
        ("/login", "/refresh", "/sign-in", "/options", "/start", "/finish", "/link", "/second-factor")
    ):
        text = "1 to 255 visible ASCII characters; the same key and request have one effect."
        parameters.append(_header("Idempotency-Key", text))
        parameters.append(
            {
                "name": "dry_run",
                "in": "query",
                "required": False,
                "schema": {"type": "boolean", "default": False},
                "description": "Decide and answer, but store nothing.",
            }
        )
        if made := operation["responses"].get("201"):
            tried = made | {"description": "With `dry_run`: what would have been made."}
            operation["responses"].setdefault("200", tried)
    operation["responses"]["429"] = {"$ref": "#/components/responses/429"}
    operation["responses"]["default"] = {"$ref": "#/components/responses/default"}


def _header(name: str, description: str, form: str | None = None) -> dict[str, Any]:
    schema = {"type": "string"} | ({"format": form} if form else {})
    return {"name": name, "in": "header", "required": False, "schema": schema, "description": description}


def _response(text: str) -> dict[str, Any]:
    return {
        "description": text,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


_RESPONSES: dict[str | int, str] = {
    "default": "The request was refused, or failed; a refusal leaves nothing behind.",
    400: "The request cannot be read.",
    401: "A valid access token is needed.",
    403: "You may not do this here, or only with a fresh proof of who you are.",
    404: "There is no such thing, or it is not yours.",
    409: "The present state of things does not allow it.",
    412: "The thing has changed since you read it.",
    413: "The body is too large.",
    415: "The body has a type that is not accepted here.",
    422: "The content is not acceptable.",
    429: "Too much in too short a time; try again after `Retry-After` seconds. What is left of each quota is told on "
    "every answer, by `RateLimit`.",
    503: "Try again after `Retry-After` seconds, with the same Idempotency-Key; nothing was stored, unless `detail` "
    "says that this is not known.",
}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457, with further members that hold the facts of the refusal.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable; what programs match on."},
        "field": {
            "type": "string",
            "description": "The part of the request at fault, such as postings.3.amount.",
        },
        "retryable": {"type": "boolean", "description": "Whether sending the same again can help."},
    },
    "additionalProperties": True,
    "example": {
        "type": "/problems#unbalanced",
        "title": "The postings of a transaction must sum to zero in every currency",
        "status": 422,
        "detail": "The postings leave 0.50 USD over. Debits are positive, credits negative, and each "
        "currency must sum to zero.",
        "code": "unbalanced",
        "field": "postings",
        "retryable": False,
        "left_over": {"USD": "0.50"},
    },
}

"""Every error as problem+json (RFC 9457): one place that knows how a refusal becomes an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
import psycopg
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from api.responses import Answer
from ledger.refusals import Refusal, TryAgain

MEDIA = b"application/problem+json"
CATALOGUE = "/problems#"
RESERVED = frozenset({"type", "title", "status", "detail", "code", "field", "retryable"})
MAX_ERRORS = 20
_NAME = re.compile(r"[a-z0-9_]+")
MAX_FIELD = 200


class BrokenBody(Refusal):
    """The body is not valid JSON in UTF-8."""

    code = "broken_json"
    status = 400


class InvalidRequest(Refusal):
    """The request does not have the shape that this operation expects."""

    code = "invalid_request"


class NotAuthenticated(Refusal):
    """A valid access token is needed."""

    code = "not_authenticated"
    status = 401


class BodyTooLarge(Refusal):
    """The body is larger than this service accepts."""

    code = "body_too_large"
    status = 413


class UnsupportedMedia(Refusal):
    """The body must be sent as application/json."""

    code = "unsupported_media_type"
    status = 415


class NoSuchRoute(Refusal):
    """There is no operation at this address."""

    code = "no_such_route"
    status = 404


class MethodNotAllowed(Refusal):
    """This address does not know this method."""

    code = "method_not_allowed"
    status = 405


class InternalError(Refusal):
    """Something went wrong on our side."""

    code = "internal_error"
    status = 500


class DatabaseUnreachable(TryAgain):
    """The database cannot be reached at the moment."""


def problem(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    field: str | None = None,
    retryable: bool = False,
    facts: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The members of a problem document; `facts` are extension members, never replacing the standard ones."""
    members: dict[str, Any] = {
        "type": CATALOGUE + code,
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "retryable": retryable,
    }
    if field is not None:
        members["field"] = field
    if facts:
        members |= {name: value for name, value in facts.items() if name not in RESERVED}
    return members


def of_refusal(refusal: Refusal) -> dict[str, Any]:
    """The problem document of a refusal: as an answer of its own, or as one result of a bulk request."""
    return problem(
        refusal.status,
        refusal.code,
        refusal.title,
        refusal.detail,
        field=refusal.field,
        retryable=refusal.retry,
        facts=refusal.facts,
    )


EXPECTED = (
    Refusal,
    TryAgain,
    psycopg.OperationalError,
    # No projector has made the read models yet.
    psycopg.errors.UndefinedTable,
    psycopg.errors.InvalidSchemaName,
)
"""What may be raised on the way to an answer without anything being wrong with the program."""


def of(error: Refusal | TryAgain | psycopg.Error) -> Answer:
    """The answer to a request that was not carried out, or whose answer was lost with the database."""
    if isinstance(error, Refusal):
        return refused(error)
    if isinstance(error, TryAgain):
        return try_again(error)
    return try_again(
        DatabaseUnreachable(
            "The database did not answer. A command may have been carried out all the same: send it again "
            "with the same Idempotency-Key."
        )
    )


def refused(refusal: Refusal) -> Answer:
    """The answer to a refused request."""
    headers = [(b"www-authenticate", b"Bearer")] if refusal.status == 401 else []
    if "retry_after" in refusal.facts:
        headers.append((b"retry-after", b"%d" % refusal.facts["retry_after"]))
    return _answer(of_refusal(refusal), headers)


def try_again(error: TryAgain) -> Answer:
    """503: nothing was stored and the same request may be sent again after `Retry-After` seconds."""
    title = (type(error).__doc__ or "").strip().splitlines()[0].rstrip(".")
    members = problem(503, "try_again", title, error.detail, retryable=True)
    seconds = max(1, round(error.retry_after))
    return _answer(members | {"retry_after": seconds}, [(b"retry-after", str(seconds).encode())])


def of_http(error: HTTPException) -> Answer:
    """What the router itself refuses: unknown addresses and methods."""
    headers = [(name.lower().encode(), value.encode()) for name, value in (error.headers or {}).items()]
    if error.status_code == 404:
        refusal: Refusal = NoSuchRoute(
            "There is nothing at this address. The operations are listed at /docs."
        )
    elif error.status_code == 405:
        refusal = MethodNotAllowed("See the Allow header for the methods of this address.")
    elif error.status_code == 413:
        refusal = BodyTooLarge("Send less at once.")
    else:
        phrase = HTTPStatus(error.status_code).phrase
        return _answer(problem(error.status_code, "http_error", phrase, str(error.detail)), headers)
    return _answer(of_refusal(refusal), headers)


def unexpected(request_id: str) -> Answer:
    """500, with nothing in it but the id under which the log tells what happened."""
    refusal = InternalError(
        "The request may or may not have been carried out; send it again with the same Idempotency-Key. "
        f"If it keeps failing, report request id {request_id}.",
        request_id=request_id,
    )
    return refused(refusal)


def invalid(error: ValidationError) -> Refusal:
    """A failed validation as a refusal: broken JSON, or each field that is wrong and why.

    Input is never echoed: it may be a secret.
    """
    errors = error.errors(include_url=False)
    if errors[0]["type"] == "json_invalid":
        return BrokenBody(f"The body cannot be read: {errors[0]['ctx']['error']}.")
    told = [{"field": _place(e), "message": _message(e)} for e in errors[:MAX_ERRORS]]
    first = told[0]
    return InvalidRequest(
        f"{first['field']}: {first['message']}" if first["field"] else first["message"],
        field=first["field"] or None,
        errors=told,
        error_count=len(errors),
    )


def _place(error: Mapping[str, Any]) -> str:
    """A place in a request as people write it: postings.3.amount. What pydantic calls the members of a union
    is no part of it."""
    parts = [str(part) for part in error["loc"]]
    named = [part for part in parts if _NAME.fullmatch(part)]
    if error["type"] == "extra_forbidden" and named[-1:] != parts[-1:]:
        named.append(parts[-1])
    return ".".join(named)[:MAX_FIELD]


def _message(error: Mapping[str, Any]) -> str:
    kind = error["type"]
    if kind == "string_type" and isinstance(error["input"], (int, float)):
        return 'Write it as a string, such as "12.34": JSON numbers may lose digits on the way.'
    if kind == "string_pattern_mismatch" and "\\x00" in str(error.get("ctx", {}).get("pattern")):
        return "Control characters are not allowed here."
    if kind == "extra_forbidden":
        return "There is no such field here."
    if kind == "missing":
        return "This field is required."
    message = str(error["ctx"]["error"]) if kind == "value_error" else str(error["msg"])
    return message if message.endswith(".") else message + "."


def _answer(members: dict[str, Any], headers: list[tuple[bytes, bytes]]) -> Answer:
    body = orjson.dumps(members, default=str)
    return Answer(body, members["status"], headers, media=MEDIA)

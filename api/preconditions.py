"""If-Match: a change that was based on an older version is refused (RFC 9110, section 13.1.1)."""

from __future__ import annotations

import re

from starlette.requests import Request

from api.services import context
from ledger.refusals import Refusal

_TAG = re.compile(rb'"?([1-9][0-9]{0,9})"?')


class InvalidPrecondition(Refusal):
    """If-Match takes one entity tag as it was given in ETag, or *."""

    code = "invalid_if_match"
    status = 400


def expected_version(request: Request) -> int | None:
    """The version that the change was based on; None if any will do. Raises InvalidPrecondition."""
    given = context(request).headers.get(b"if-match")
    if given is None or given.strip() == b"*":
        return None
    tag = _TAG.fullmatch(given.strip())
    if tag is None:
        raise InvalidPrecondition("Send the ETag of the answer that you read.", field="If-Match")
    return int(tag[1])

"""Passwords that somebody chooses: those that are easily guessed are refused, with a word on how to do better."""

from __future__ import annotations

from starlette.requests import Request

from api.services import services
from ledger.refusals import Refusal


class WeakPassword(Refusal):
    """The password is one of those that are tried first."""

    code = "weak_password"


async def strong(request: Request, password: str, *about: str) -> None:
    """Raises WeakPassword for what is easily guessed of a person with this address and name; and Overloaded."""
    weak = await services(request).passwords.weakness(password, about)
    if weak is not None:
        raise WeakPassword(weak, field="password")

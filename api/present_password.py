"""The present password of somebody who is signed in, as a proof that it is them."""

from __future__ import annotations

from starlette.requests import Request

from api.routes.auth import WrongCredentials
from api.services import services
from api.throttle import PROOFS
from ledger.identity.user import User


async def demand_password(request: Request, user: User, password: str, field: str) -> None:
    """Raises WrongCredentials unless it is theirs, TooManyAttempts after too many that were not: whoever has only a
    token must not find out the password with it."""
    known = services(request)
    async with known.throttle.guarded(("proof", user.user_id.int), PROOFS, WrongCredentials):
        if not await known.passwords.verify(user.text.get("password"), password):
            raise WrongCredentials("This is not your present password.", field=field)

"""Whose something is that only one person may have: an address, a passkey."""

from __future__ import annotations

from starlette.requests import Request

from api.reading import stream
from api.services import services
from ledger.command import Claim
from ledger.identity.user import User
from ledger.ids import NIL

_HOLDER = """
    SELECT holder FROM registers.claims WHERE scope = %s AND kind = %s AND digest = ANY(%s)
     ORDER BY array_position(%s, digest) LIMIT 1
"""


async def claimant(request: Request, claim: Claim, *others: Claim) -> User | None:
    """The person who holds what may be held once among everybody (`others`: of the same kind, looked for where nobody
    holds `claim`), from the write side: nobody waits for a projection to sign in."""
    known = services(request)
    digests = [known.vault.fingerprint(each.text) for each in (claim, *others)]
    async with known.pool.connection() as connection:
        row = await (await connection.execute(_HOLDER, (NIL, claim.kind, digests, digests))).fetchone()
    # What nobody holds takes as long as what somebody does.
    return await stream(request, row[0] if row is not None else known.new_id(), User)

"""Whose something is that only one person may have: an address, a passkey."""

from __future__ import annotations

from starlette.requests import Request

from api.services import services
from ledger.command import Claim
from ledger.entities import fold
from ledger.identity.user import User
from ledger.ids import NIL
from ledger.log import COLUMNS, decode_rows

# In one trip, found or not: whether somebody holds it does not show in the time that it takes.
_HELD = f"""
    SELECT {COLUMNS} FROM record.stored_events
     WHERE originator_id = (SELECT holder FROM registers.claims
                             WHERE scope = %s AND kind = %s AND digest = ANY(%s)
                             ORDER BY array_position(%s, digest) LIMIT 1)
     ORDER BY originator_version
"""  # noqa: S608  # a constant


async def claimant(request: Request, claim: Claim, *others: Claim) -> User | None:
    """The person who holds what may be held once among everybody (`others`: of the same kind, looked for where nobody
    holds `claim`), from the write side: nobody waits for a projection to sign in."""
    known = services(request)
    digests = [known.vault.fingerprint(each.text) for each in (claim, *others)]
    async with known.pool.connection() as connection:
        cursor = connection.cursor(binary=True)
        await cursor.execute(_HELD, (NIL, claim.kind, digests, digests))
        found = fold(decode_rows(await cursor.fetchall(), known.vault))
    return found if isinstance(found, User) else None

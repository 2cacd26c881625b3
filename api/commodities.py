"""How many decimals a commodity has that ISO 4217 does not know: what the accounts that hold it declared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from starlette.requests import Request

from api.services import services
from ledger.accounts.events import AccountOpened
from ledger.log import COLUMNS, decode_rows
from ledger.money import known_exponent

Declared = Mapping[tuple[UUID, str], int]

NOTHING: Declared = {}
_OPENINGS = (
    f"SELECT {COLUMNS} FROM record.stored_events "  # noqa: S608  # constants
    "WHERE originator_id = ANY(%s) AND originator_version = 1"
)


def needed(places: Iterable[tuple[UUID, str]]) -> list[tuple[UUID, str]]:
    """Those of `places` (account and currency) whose decimals only an account can tell."""
    return [place for place in places if known_exponent(place[1]) is None]


async def declared(request: Request, places: Iterable[tuple[UUID, str]]) -> Declared:
    """The decimals of every place whose currency is a declared commodity; nothing for all others.

    An account's declaration is in its opening and never changes. Accounts of every currency declare nothing:
    on them a commodity has the most decimals that another of the places gives it.
    """
    wanted = needed(places)
    if not wanted:
        return NOTHING
    known = services(request)
    async with known.pool.connection() as connection:
        cursor = connection.cursor(binary=True)
        await cursor.execute(_OPENINGS, (list({account_id for account_id, _ in wanted}),))
        facts = decode_rows(await cursor.fetchall(), known.vault)
    exponents = {
        r.stream_id: r.fact.exponent
        for r in facts
        if isinstance(r.fact, AccountOpened) and r.fact.exponent is not None
    }
    most: dict[str, int] = {}
    for account_id, currency in wanted:
        if account_id in exponents:
            most[currency] = max(most.get(currency, 0), exponents[account_id])
    return {
        place: exponents.get(place[0], most.get(place[1], 0))
        for place in wanted
        if place[0] in exponents or place[1] in most
    }

"""The balances that a command led to, as somebody may see them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from starlette.requests import Request

from api.reading import fresh
from api.visibility import Sight
from ledger.command import Balance, Outcome
from ledger.money import EXACT, ZERO
from ledger.transactions.effects import effects
from projections.sums import balance_as_of, balance_known_at

Balances = Sequence[tuple[UUID, str, Balance]]
_NOTHING = Balance(ZERO, ZERO, ZERO)


async def visible_balances(request: Request, seen: Sight, outcome: Outcome) -> Balances:
    """Without those of accounts that are private to others, and without what private transactions of others put on
    categories: of these, the register knows only the sum over everybody."""
    veil = seen.veil
    if veil is None or not outcome.balances:
        return outcome.balances
    shown = [row for row in outcome.balances if row[0] not in veil.hidden]
    rest = {account_id for account_id, _, _ in shown if account_id not in veil.own}
    sums: dict[tuple[UUID, str], Balance] = {}
    if rest:
        async with fresh(request) as connection:
            for account_id in rest:
                found = (
                    await balance_known_at(connection, account_id, outcome.last)
                    if outcome.last
                    else await balance_as_of(connection, account_id)
                )
                sums.update({(account_id, currency): each for currency, each in found.items()})
    if not outcome.last:
        _try(sums, outcome)
    return [
        (account_id, currency, sums.get((account_id, currency), _NOTHING) if account_id in rest else balance)
        for account_id, currency, balance in shown
    ]


def _try(sums: dict[tuple[UUID, str], Balance], outcome: Outcome) -> None:
    """Adds what a trial would have changed."""
    plus = EXACT.add
    for recorded in outcome.facts:
        for e in effects(recorded.fact):
            now = sums.get((e.account_id, e.currency), _NOTHING)
            sums[e.account_id, e.currency] = Balance(
                plus(now.posted, e.posted), plus(now.pending, e.pending), plus(now.reserved, e.reserved)
            )

"""How far the reactions have come, for whoever operates the service."""

from __future__ import annotations

from typing import Any

import psycopg

_PROGRESS = """
    SELECT p.reaction, greatest(h.position - p.position, 0),
           count(t.position) FILTER (WHERE t.set_aside_at IS NULL),
           count(t.position) FILTER (WHERE t.set_aside_at IS NOT NULL)
      FROM reactions.positions p
     CROSS JOIN record.head h
      LEFT JOIN reactions.trials t USING (reaction)
     GROUP BY p.reaction, p.position, h.position
"""


async def reaction_gauges(connection: psycopg.AsyncConnection[Any]) -> dict[str, float]:
    """For each reaction: how many facts it has not come to, how many it tries again, how many it has set aside."""
    gauges: dict[str, float] = {}
    cursor = await connection.execute(_PROGRESS)
    for reaction, lag, failing, aside in await cursor.fetchall():
        name = f"reaction_{reaction.replace(' ', '_')}"
        gauges |= {
            f"{name}_lag_facts": lag,
            f"{name}_failing_facts": failing,
            f"{name}_set_aside_facts": aside,
        }
    return gauges

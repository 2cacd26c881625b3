"""From an instant to the position that the record had then."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg

from projections import sql

SQL = sql.load(__file__)


async def position_at(connection: psycopg.AsyncConnection[Any], instant: datetime) -> int:
    """The position of the last fact recorded at or before `instant` (aware); 0 if there is none."""
    cursor = await connection.execute(SQL["position_at"], {"instant": instant})
    row = await cursor.fetchone()
    return int(row[0]) if row else 0

"""Filling new tables from the record: first the rows, then what only reading needs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import LiteralString

from projections import tables
from projections.apart import Apart, able
from projections.calm import calm
from projections.feed import Feed
from projections.forgetting import forget
from projections.projection import Projection
from projections.tables import Connection

MANY = 20_000
"""From so many facts on, a second process pays for its start (a third of a second)."""
NEAR = 2_000
"""So few facts behind, tables are near enough to the goal."""
AT_ONCE = 2
"""Indexes made at a time."""

Progress = Callable[[int, int], None]
"""Told the position reached and the last one to be reached by now."""


def fill(
    url: str,
    schema: str,
    feed: Feed,
    projections: Sequence[Projection],
    progress: Progress,
    goal: Callable[[], int],
) -> int:
    """Applies the record to empty tables in `schema` until the goal, which may move on, is near; the position
    reached.

    The tracking position is left to the caller. Raises apart.Failed when the second process did.
    """
    many = goal() >= MANY
    others = [p for p in projections if many and able(p)]
    own = [p for p in projections if p not in others]
    with calm(), ExitStack() as stack:
        connection = stack.enter_context(closing(tables.connect(url, schema)))
        apart = stack.enter_context(Apart(url, schema, others)) if others else None
        position = 0
        while (last := goal()) - position > NEAR or position == 0 < last:
            if apart is not None:
                apart.go(last)
            for window in feed.windows(position, last) if own else ():
                with connection.transaction(), connection.cursor() as cursor:
                    worded = forget(window, own, cursor)
                    for projection in own:
                        projection.apply(worded, cursor)
                if apart is not None:
                    apart.check()
                progress(window.last if apart is None else min(window.last, apart.position), last)
            position = last
            while apart is not None and not apart.wait(last, seconds=0.5):
                progress(apart.position, last)
            progress(last, last)
    return position


def finish(url: str, schema: str, projections: Sequence[Projection]) -> None:
    """Makes the indexes that reading needs, and the planner's statistics, some at a time."""
    # The register's come first, being the longest.
    indexes = [made for p in reversed(projections) for made in tables.index_statements(p)]
    statistics: list[LiteralString] = [
        f"ANALYZE {table}" for p in reversed(projections) for table in p.tables
    ]
    with ExitStack() as stack:
        connections = [stack.enter_context(closing(tables.connect(url, schema))) for _ in range(AT_ONCE)]
        for statements in (indexes, statistics):
            _execute(connections, statements)


def _execute(connections: Sequence[Connection], statements: Sequence[LiteralString]) -> None:
    """Each statement once, by whichever connection is free. Raises what one raised."""
    waiting = deque(statements)

    def work(connection: Connection) -> None:
        while waiting:
            connection.execute(waiting.popleft())

    with ThreadPoolExecutor(len(connections), thread_name_prefix="filling") as threads:
        for done in [threads.submit(work, connection) for connection in connections]:
            done.result()

"""The record comes in windows that are neither too many facts nor too many bytes, and never skip one."""

import pytest

from projections import tables
from projections.feed import Feed
from tests.support.history import History
from tests.support.keys import MemoryKeys
from tests.support.walk import Walk


@pytest.mark.parametrize("most_bytes", [1, 20_000, 1 << 30])
@pytest.mark.parametrize("most_facts", [50, 300])
def test_windows_are_bounded_and_gapless(
    database: str, keys: MemoryKeys, most_facts: int, most_bytes: int
) -> None:
    history = History(database, keys)
    history.append(Walk(5).steps(250))
    with tables.connect(database, tables.LIVE) as connection:
        feed = Feed(connection, keys, most_facts=most_facts, most_bytes=most_bytes)
        windows = list(feed.windows(0, history.position))
    assert [fact.position for w in windows for fact in w] == list(range(1, history.position + 1))
    assert all(len(w) <= most_facts for w in windows)
    # So few as 200 facts are not asked for their size.
    if most_facts > 200:
        assert all(len(w) == 1 or sum(len(f.state) for f in w) <= most_bytes for w in windows[:-1])

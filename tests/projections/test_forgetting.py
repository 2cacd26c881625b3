"""Where the record says that somebody was erased, the read models hold no word of theirs, whatever the windows."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import UUID

import pytest

from ledger.command import Draft
from ledger.privacy.events import BookErased
from projections.all import ALL
from projections.projector import Projector
from projections.rebuild import rebuild
from projections.verify import verify
from tests.support.history import History, Step
from tests.support.keys import MemoryKeys
from tests.support.walk import Walk


def test_every_worded_projection_says_how_it_forgets() -> None:
    assert [p.name for p in ALL if p.worded and not p.erase] == []
    assert [p.name for p in ALL if p.erase and not p.worded] == []


@pytest.mark.parametrize("window", [1, 17, 5_000])
@pytest.mark.parametrize("forgotten", ["before", "after"])
def test_live_tables_are_what_a_rebuild_makes(
    fresh_database: Callable[[], AbstractContextManager[str]], window: int, forgotten: str
) -> None:
    with fresh_database() as url:
        keys = MemoryKeys()
        steps = list(Walk(5).steps(120))
        history = History(url, keys)
        history.append(steps)
        book: UUID = steps[0].book_id
        history.append([Step(book, [Draft(book, BookErased())])])
        if forgotten == "before":
            keys.forget(book)
        Projector(url, keys, most_facts=window).catch_up()
        keys.forget(book)
        assert rebuild(url, keys, comparing=True).differences == ()
        found = [m for m in verify(url, keys).mismatches if m.rule.startswith("views.")]
        assert found == []

"""What is known of people, their API keys and their security trail comes to the same, whatever the windows."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import psycopg
import pytest

from projections.projector import Projector
from projections.rebuild import rebuild
from projections.verify import verify
from tests.golden.recorded import in_columns, leaves
from tests.support.keys import MemoryKeys

TABLES = ("people", "keys", "security")


def told(database: str, window: int) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of the golden record, which holds everything that can become true of people."""
    stored = leaves()
    with psycopg.connect(database) as connection:
        with connection.cursor().copy(
            "COPY record.stored_events (notification_id, originator_id, originator_version, topic, book_id, "
            "recorded_at, actor_id, command_id, command, state) FROM STDIN"
        ) as copy:
            for fact in stored:
                copy.write_row(in_columns(fact))
        connection.execute("UPDATE record.head SET position = %s, recorded_at = now()", (len(stored),))
    Projector(database, MemoryKeys(), most_facts=window).catch_up()
    return rows(database)


def rows(database: str) -> dict[str, list[tuple[Any, ...]]]:
    with psycopg.connect(database, options="-c search_path=views") as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()  # constants
            for table in TABLES
        }


@pytest.fixture(scope="module")
def whole(fresh_database: Callable[[], AbstractContextManager[str]]) -> dict[str, list[tuple[Any, ...]]]:
    with fresh_database() as url:
        return told(url, 5_000)


@pytest.mark.parametrize("window", [1, 2, 7])
def test_windows_make_no_difference(
    fresh_database: Callable[[], AbstractContextManager[str]], whole: dict[str, Any], window: int
) -> None:
    with fresh_database() as url:
        assert told(url, window) == whole


def test_a_rebuild_comes_to_the_same(
    fresh_database: Callable[[], AbstractContextManager[str]], whole: dict[str, Any]
) -> None:
    with fresh_database() as url:
        told(url, 11)
        assert rebuild(url, MemoryKeys(), comparing=True).differences == ()
        assert rows(url) == whole
        found = [m for m in verify(url, MemoryKeys()).mismatches if m.rule.startswith("views.")]
        assert found == []


def test_the_golden_record_tells_of_all_of_it(whole: dict[str, Any]) -> None:
    people = [row[2:] for row in whole["people"]]
    assert any("admin" in roles for _, _, roles, *_ in people)
    assert any(verified for _, verified, *_ in people)
    assert any(erased is not None for *_, erased, _, _ in people)
    assert {key[2] for key in whole["keys"]} == {"Sheet", "Script"}
    assert [key[10] is not None for key in whole["keys"]].count(True) == 1

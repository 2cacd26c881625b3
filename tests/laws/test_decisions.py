"""Law 8: a decision is a function of its command and its state alone."""

import ast
import datetime
from copy import deepcopy
from pathlib import Path
from typing import Any

from hypothesis import given, settings

from ledger.record import encode
from ledger.refusals import Refusal
from tests.support.story import Story, stories


@settings(max_examples=150, deadline=None)
@given(stories)
def test_the_same_story_told_twice_leaves_the_same_record(story_told: list[Any]) -> None:
    records = []
    for _ in range(2):
        story = Story()
        for numbers in story_told:
            story.tell(numbers)
        refusals = [(type(refusal), refusal.detail, refusal.facts) for refusal in story.refused]
        records.append((story.book.ledger.record, refusals))
    assert records[0] == records[1]


@settings(max_examples=150, deadline=None)
@given(stories)
def test_deciding_changes_nothing_and_deciding_again_says_the_same(story_told: list[Any]) -> None:
    story = Story()
    for numbers in story_told:
        command = story.command(numbers)
        if command is None:
            continue
        state = story.book.ledger.state
        before = plain(state)
        answers = [decided(command, state) for _ in range(2)]
        assert answers[0] == answers[1]
        assert plain(state) == before
        story.tell(numbers)


def decided(command: Any, state: Any) -> Any:
    try:
        return [(draft.stream_id, draft.fact.topic, encode(draft.fact)) for draft in command.decide(state)]
    except Refusal as refusal:
        return type(refusal), refusal.detail, refusal.field, refusal.facts


def plain(state: Any) -> Any:
    """A copy of everything a decision could change."""
    known = {number: value for number, value in state.streams.items() if value != (0, None)}
    return deepcopy((known, state.sums, state.dates, state.names, len(state.record)))


def test_no_decision_asks_what_time_it_is_or_draws_lots() -> None:
    """What could make a decision depend on more than its state is not even imported beside it."""

    import ledger.undo.commands  # the last of the modules that decide

    impure = {"random", "secrets", "time", "os", "socket", "psycopg", "threading", "asyncio", "uuid_utils"}
    root = Path(str(ledger.__file__)).parent
    for folder in [path for path in root.iterdir() if path.is_dir() and path.name != "__pycache__"]:
        for file in folder.glob("*.py"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    assert not {alias.name.split(".")[0] for alias in node.names} & impure, file
                elif isinstance(node, ast.ImportFrom):
                    assert (node.module or "").split(".")[0] not in impure, file
                elif isinstance(node, ast.Attribute):
                    assert node.attr not in ("now", "utcnow", "today", "new_id") or not is_clock(node), file


def is_clock(node: Any) -> bool:
    """Whether an attribute is of the classes that know what time it is."""
    return getattr(node.value, "attr", getattr(node.value, "id", "")) in (
        datetime.datetime.__name__,
        datetime.date.__name__,
        "dt",
    )

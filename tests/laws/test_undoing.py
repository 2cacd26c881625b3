"""Undoing takes back the whole of a command or nothing, and undoing the undoing brings the whole of it back."""

from typing import Any

from hypothesis import given, settings

from ledger.command import Outcome
from ledger.refusals import Refusal
from ledger.transactions.effects import effects
from ledger.transactions.refusals import HoldExpired
from tests.support.story import Story, snapshot, stories


@settings(max_examples=300, deadline=None)
@given(stories)
def test_undoing_the_last_command_gives_the_state_before_it(story_told: list[Any]) -> None:
    story = Story()
    for numbers in story_told:
        before = snapshot(story)
        outcome = story.tell(numbers)
        if outcome is None or not outcome.facts:
            assert snapshot(story) == before
            continue
        after = snapshot(story)
        try:
            undone = story.book.undo(outcome)
        except Refusal:
            assert snapshot(story) == after
            continue
        assert snapshot(story) == before
        try:
            redone = story.book.undo(undone)
        except HoldExpired:
            assert snapshot(story) == before
            continue
        assert snapshot(story) == after
        again = story.book.undo(redone)
        assert snapshot(story) == before
        story.book.undo(again)
        assert snapshot(story) == after


@settings(max_examples=300, deadline=None)
@given(stories)
def test_undoing_any_command_takes_back_its_effects_and_nothing_else(story_told: list[Any]) -> None:
    story = Story()
    for numbers in story_told:
        story.tell(numbers)
    for _, outcome in story.told:
        before = snapshot(story)
        try:
            undone = story.book.undo(outcome)
        except Refusal:
            assert snapshot(story) == before
            continue
        assert net(undone) == {key: -value for key, value in net(outcome).items()}
        try:
            redone = story.book.undo(undone)
        except HoldExpired:
            continue
        assert snapshot(story) == before
        assert net(redone) == net(outcome)


@settings(max_examples=150, deadline=None)
@given(stories)
def test_undoing_everything_backwards_gives_the_beginning(story_told: list[Any]) -> None:
    story = Story()
    beginning = snapshot(story)
    for numbers in story_told:
        story.tell(numbers)
    undone = 0
    for _, outcome in reversed(list(story.told)):
        try:
            story.book.undo(outcome)
        except Refusal:
            continue
        undone += 1
    if undone == len(story.told):
        assert snapshot(story) == beginning


def net(outcome: Outcome) -> dict[Any, Any]:
    """The changes of balances and days that an outcome's facts sum to."""
    sums: dict[Any, Any] = {}
    for recorded in outcome.facts:
        for effect in effects(recorded.fact):
            for name, change in zip(("posted", "pending", "reserved"), effect[3:], strict=True):
                key = (effect.account_id, effect.currency, effect.date, name)
                sums[key] = sums.get(key, 0) + change
    return {key: value for key, value in sums.items() if value}

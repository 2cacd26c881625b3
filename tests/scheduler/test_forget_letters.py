"""Letters leave the outbox after their time."""

import datetime as dt
from pathlib import Path

from scheduler.jobs.forget_letters import ForgetLetters

NOW = dt.datetime(2026, 3, 31, 12, tzinfo=dt.UTC)


def test_letters_leave_the_outbox_after_their_time(tmp_path: Path) -> None:
    for name in ("20260301T115959Z-a.eml", "20260301T120001Z-b.eml", "20260331T115900Z-c.eml", "notes.txt"):
        (tmp_path / name).write_text("x")
    job = ForgetLetters(tmp_path, 30, clock=lambda: NOW)
    assert [job(), job()] == [1, 0]
    assert sorted(path.name[:8] for path in tmp_path.iterdir()) == ["20260301", "20260331", "notes.tx"]


def test_without_an_outbox_there_is_nothing_to_do(tmp_path: Path) -> None:
    assert ForgetLetters(tmp_path / "none", 30)() == 0

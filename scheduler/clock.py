"""The clock: runs the jobs that Numina does unprompted, each at its interval and never beside itself."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

_log = structlog.get_logger("numina.scheduler")


@dataclass(frozen=True)
class Job:
    """Something to do again and again. `run` must bear being run twice, and by several processes at once."""

    name: str
    every: timedelta
    run: Callable[[], object]


def run(jobs: Iterable[Job], stop: threading.Event) -> None:
    """Runs every job at once and then at its interval, until `stop` is set; a running one is finished first.

    A job that raised is logged and tried again at its next turn; turns missed while asleep are made up for
    by a single one.
    """
    scheduler = BackgroundScheduler(executors={"default": ThreadPoolExecutor(4)}, timezone=UTC)
    for job in jobs:
        scheduler.add_job(
            _logged(job),
            "interval",
            seconds=job.every.total_seconds(),
            id=job.name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
            next_run_time=datetime.now(UTC),
        )
    scheduler.start()
    try:
        stop.wait()
    finally:
        scheduler.shutdown(wait=True)


def _logged(job: Job) -> Callable[[], None]:
    def turn() -> None:
        try:
            job.run()
        except Exception:
            _log.exception("job failed", job=job.name)

    return turn

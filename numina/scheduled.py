"""What the scheduler does: every job with what it needs handed in."""

from collections.abc import Sequence

from numina.settings import Settings
from scheduler.clock import Job


def jobs(settings: Settings) -> Sequence[Job]:
    """The jobs of this installation."""
    return ()

"""The lifeline: a worker process ends when the supervisor that started it ends, however that happens."""

import ctypes
import os
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
WATCH_SECONDS = 1.0


def end_with(parent: int | None) -> None:
    """Asks to be terminated when the process `parent` dies; None for a worker that runs alone.

    Linux sends the signal itself, even after kill -9. Elsewhere a thread notices that the process was handed
    to another parent.
    """
    if parent is None:
        return
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)

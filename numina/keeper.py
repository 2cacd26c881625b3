"""The keeper: a small process that is the parent of one embedded PostgreSQL and stops it when nobody uses it.

Everybody who uses the server holds a shared lock on the users' file. The kernel drops that lock however its
holder ends, kill -9 included, so a keeper that waits for the exclusive lock learns of the last one out
without polling. Runs as a script of the standard library alone, so that it starts at once and stays small.
"""

import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO, Any

FAST_SHUTDOWN = signal.SIGINT
IMMEDIATE_SHUTDOWN = signal.SIGQUIT
PR_SET_PDEATHSIG = 1

ALREADY_KEPT = 3
"""The exit code of a keeper that found another one at work."""


def ends_with_parent() -> Callable[[], None] | None:
    """What a forked child runs to be stopped by the kernel when its parent dies; None where Linux is not."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask_the_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, int(IMMEDIATE_SHUTDOWN))
        if os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel


def stop_when_unused(server: "subprocess.Popen[bytes]", users: IO[str], patience: float) -> None:
    """Waits until no user is left, then shuts the server down; data is safe with either kind of shutdown.

    A fast one writes everything out first. PostgreSQL 18 may hang in it when it is just recovering from the
    loss of one of its processes, hence the patience.
    """
    fcntl.flock(users, fcntl.LOCK_EX)
    server.send_signal(FAST_SHUTDOWN)
    try:
        server.wait(patience)
    except subprocess.TimeoutExpired:
        server.send_signal(IMMEDIATE_SHUTDOWN)


def main(order: dict[str, Any]) -> int:
    """Runs the server that the order describes until it ends; returns its exit code, 1 after a signal."""
    with open(order["keeper_lock"], "w") as mine, open(order["users_lock"], "w") as users:
        try:
            fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return ALREADY_KEPT
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        server = subprocess.Popen(  # noqa: S603 - the command is built by the embedded server alone
            order["command"],
            cwd="/",
            env=order["environment"],
            stdin=subprocess.DEVNULL,
            preexec_fn=ends_with_parent(),
            **order["account"],
        )
        signal.signal(signal.SIGTERM, lambda *_: server.send_signal(FAST_SHUTDOWN))
        waiting = threading.Thread(
            target=stop_when_unused, args=(server, users, order["patience"]), daemon=True
        )
        waiting.start()
        code = server.wait()
        for folder in order["remove"]:
            shutil.rmtree(folder, ignore_errors=True)
    return code if code >= 0 else 1


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))

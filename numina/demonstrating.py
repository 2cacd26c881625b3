"""`numina demo`: the demonstration at a running service, or at one that is started for it and stays."""

import signal
import subprocess
import sys
import time

from rich.console import Console

from ledger.clock import civil_date, system_clock
from numina.demo import ZONE, fill
from numina.serving import is_ready
from numina.settings import Settings
from numina.trouble import Trouble

START_LIMIT = 120.0


def demonstrate(settings: Settings, url: str | None, console: Console) -> None:
    """Fills the demo household at `url`, by default where the settings say that the service listens; where
    none does, one is started first and serves until Ctrl-C."""
    today = civil_date(system_clock(), ZONE)
    if url is not None or is_ready(settings.base_url):
        fill((url or settings.base_url).rstrip("/"), today, console)
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    service = subprocess.Popen([sys.executable, "-m", "numina", "serve"], env=settings.environment())
    try:
        _await(service, settings)
        fill(settings.base_url, today, console)
        # Ctrl-C reaches the service too; it says goodbye for both.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        service.wait()
    finally:
        if service.poll() is None:
            service.send_signal(signal.SIGTERM)
            service.wait()


def _await(service: "subprocess.Popen[bytes]", settings: Settings) -> None:
    deadline = time.monotonic() + START_LIMIT
    while not is_ready(settings.base_url):
        if service.poll() is not None or time.monotonic() > deadline:
            raise Trouble("the service did not start; what it said is above")
        time.sleep(0.2)
    # Its own last lines come first.
    time.sleep(0.3)

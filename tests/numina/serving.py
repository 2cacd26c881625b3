"""A `numina serve` as a process of its own, as a person would run it."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil

from tests.numina.conftest import eventually

READY = re.compile(r"Numina is ready: (\S+)")


class Service:
    """A running `numina serve` on a free port."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.log = home.parent / f"{home.name}.log"
        clean = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        with open(self.log, "a") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "numina", "serve", "--port", "0", *options],
                env=clean | {"NUMINA_HOME": str(home)},
                stdout=out,
                stderr=out,
                cwd="/",
            )

    def text(self) -> str:
        return self.log.read_text()

    def url(self) -> str:
        """Waits until it is ready."""
        ready = eventually(lambda: bool(READY.search(self.text())) or self.process.poll() is not None, 60)
        found = READY.findall(self.text())
        assert ready, self.text()
        assert found, self.text()
        return str(found[-1])

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def worker(self, name: str) -> psutil.Process:
        [found] = [process for process in self.family() if process.cmdline()[-1:] == [name]]
        return found

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


def healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def register(url: str, email: str) -> str:
    """The id of a new user."""
    request = urllib.request.Request(
        f"{url}/v1/auth/register",
        json.dumps({"email": email, "password": "correct horse battery"}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["user_id"])

"""`numina serve` as a person runs it, in a home of its own, and a client that is signed in on it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from uuid import uuid4

import httpx2
import psutil

PASSWORD = "correct horse battery staple"
START_LIMIT = 120.0
_READY = re.compile(r"Numina is ready: (\S+)")


class Serving:
    """A running service, on the database at `database` or an embedded one. `url` is where it listens; the same
    after a restart."""

    def __init__(self, home: Path, database: str | None = None) -> None:
        self.home = home
        self.database = database
        self.url = ""
        self._log = home.parent / f"{home.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """That of this process, but with this home and database."""
        kept = {n: v for n, v in os.environ.items() if n != "DATABASE_URL" and not n.startswith("NUMINA_")}
        # Cheap password hashes, and no limit: a test registers many people from one address.
        kept |= {
            "NUMINA_HOME": str(self.home),
            "NUMINA_ARGON2_MEMORY_KIB": "8192",
            "NUMINA_ARGON2_PASSES": "1",
        }
        kept |= {"NUMINA_RATE_REGISTER": "off", "NUMINA_RATE_SIGN_IN": "off"}
        return kept if self.database is None else kept | {"DATABASE_URL": self.database}

    def start(self) -> None:
        """Starts it and waits until it is ready."""
        port = self.url.rpartition(":")[2] or "0"
        before = len(_READY.findall(self.said()))
        with open(self._log, "a") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "numina", "serve", "--port", port],
                env=self.environment,
                stdout=out,
                stderr=out,
            )
        deadline = time.monotonic() + START_LIMIT
        while len(found := _READY.findall(self.said())) == before:
            running = self._process.poll() is None and time.monotonic() < deadline
            assert running, self.said()[-5000:]
            time.sleep(0.05)
        self.url = found[-1]

    def stop(self) -> None:
        """Asks it to stop, and waits until it has."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            assert self._process.wait(60) == 0, self.said()[-5000:]
            self._process = None

    def kill(self) -> None:
        """Kills the supervisor itself, with no chance to say goodbye."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def said(self) -> str:
        """All that it has printed."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def worker(self, name: str) -> psutil.Process | None:
        """The process that runs `numina NAME`; None while there is none."""
        assert self._process is not None
        for child in psutil.Process(self._process.pid).children():
            try:
                if child.cmdline()[-1:] == [name]:
                    return child
            except psutil.NoSuchProcess:
                continue
        return None

    def postmaster(self) -> psutil.Process | None:
        """The embedded PostgreSQL server; None while it does not run."""
        try:
            text = (self.home / "cluster" / "data" / "postmaster.pid").read_text()
            return psutil.Process(int(text.splitlines()[0]))
        except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
            return None

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a `numina` command on this home."""
        return subprocess.run(
            [sys.executable, "-m", "numina", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    def register(self, **fields: Any) -> Person:
        """Somebody new, signed in; `fields` as POST /v1/auth/register takes them."""
        body = {"email": f"{uuid4().hex}@example.com", "password": PASSWORD} | fields
        client = httpx2.Client(base_url=f"{self.url}/v1", timeout=60)
        made = client.post("/auth/register", json=body)
        assert made.status_code == 201, made.text
        person = Person(client, str(made.json()["book_id"]), str(made.json()["user_id"]), body["email"])
        person.sign_in(body["password"])
        return person


class Person:
    """Somebody who is signed in, with a book of their own."""

    def __init__(self, client: httpx2.Client, book_id: str, user_id: str, email: str) -> None:
        self.client = client
        self.book_id = book_id
        self.user_id = user_id
        self.email = email

    def sign_in(self, password: str = PASSWORD) -> None:
        """Opens a session, whose token every later request bears."""
        answer = self.client.post("/auth/login", json={"email": self.email, "password": password})
        assert answer.status_code == 200, answer.text
        self.client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"

    def get(self, path: str, **query: Any) -> Any:
        """The answer to a GET, which must succeed."""
        answer = self.client.get(path, params=query)
        assert answer.status_code == 200, f"{path} {query}: {answer.status_code} {answer.text}"
        return answer.json()

    def post(self, path: str, body: Any, status: int = 201, **options: Any) -> Any:
        """The answer to a POST, which must have `status`."""
        answer = self.client.post(path, json=body, **options)
        assert answer.status_code == status, f"{path} {body}: {answer.status_code} {answer.text}"
        return answer.json()


@contextmanager
def home() -> Iterator[Path]:
    """A home that every account may enter (pytest's own folders are closed to PostgreSQL's), removed after."""
    folder = Path(mkdtemp(prefix="numina-story-"))
    folder.chmod(0o755)
    try:
        yield folder / "home"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def serving(database: str | None = None) -> Iterator[Serving]:
    """A service in a new home, on the database at this URL or an embedded one; stopped afterwards."""
    with home() as place:
        service = Serving(place, database)
        service.start()
        try:
            yield service
        finally:
            service.stop()

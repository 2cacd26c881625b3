"""`numina serve`: database, migration, workers and one clear line when ready; all of it ends together."""

import http.client
import signal
import ssl
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import getpid

import psycopg
from rich.console import Console

from ledger.session import session_url
from numina.cluster import make_home
from numina.embedded import EmbeddedPostgres
from numina.listening import listen
from numina.mailing import mail
from numina.master_key import master_key
from numina.occupation import Occupation, occupy
from numina.pginstall import EmbeddedServerError
from numina.settings import Settings
from numina.supervisor import Supervisor, Worker
from numina.trouble import Trouble

GRACE = 15.0
"""Seconds that the workers have to finish what they are doing."""

TRIES = 5
"""Deaths in a row after which a service that was never ready is given up."""

TICK = 0.1


class GaveUp(Trouble):
    """The service did not become ready."""


def serve(settings: Settings, console: Console) -> None:
    """Serves until SIGINT or SIGTERM. Raises what its parts raise, and GaveUp when a worker keeps dying."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Whoever started it with nohup has had SIGHUP ignored, and means it.
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    make_home(settings.home)
    with occupy(settings.home) as occupation:
        try:
            occupation.end_leftovers()
            _serve_in(settings, console, occupation)
        except KeyboardInterrupt:
            console.print("Numina has stopped.")
        finally:
            occupation.forget()


def _serve_in(settings: Settings, console: Console, occupation: Occupation) -> None:
    with listen(settings.host, settings.port) as socket, _database(settings, console) as (ready, server):
        chosen = ready.model_copy(update={"port": socket.getsockname()[1], "parent": getpid()})
        with console.status("Bringing the database up to date ..."):
            _migrate(chosen, console)
            master_key(chosen)
            # A mistake in them is told now, and not by a scheduler that keeps dying.
            mail(chosen)
        supervisor = Supervisor(
            _workers(chosen, socket.fileno()), lambda line: console.print(f"numina: {line}")
        )
        try:
            with console.status("Starting the API, the projector and the scheduler ..."):
                _await_ready(chosen, supervisor, occupation)
            _announce(chosen, console)
            _watch(chosen, supervisor, occupation, server)
        finally:
            with console.status("Stopping ..."):
                _stop(supervisor)


@contextmanager
def _database(settings: Settings, console: Console) -> Iterator[tuple[Settings, EmbeddedPostgres | None]]:
    if settings.database_url is not None:
        yield settings, None
        return
    server = EmbeddedPostgres(settings.home)
    with console.status("Starting PostgreSQL ..."):
        url = server.start()
    console.print(f"PostgreSQL runs, data in {settings.home}", soft_wrap=True)
    try:
        yield settings.model_copy(update={"database_url": url}), server
    finally:
        with console.status("Stopping PostgreSQL ..."):
            server.stop()


def _migrate(settings: Settings, console: Console) -> None:
    from migrations.runner import migrate

    for name in migrate(session_url(settings.url)):
        console.print(f"Applied {name}")


def _workers(settings: Settings, listening: int) -> Sequence[Worker]:
    alone = settings.model_copy(update={"listen_fd": listening})
    numina = (sys.executable, "-m", "numina")
    return (
        Worker("api", (*numina, "api"), alone.environment(), (listening,)),
        Worker("projector", (*numina, "project"), settings.environment()),
        Worker("scheduler", (*numina, "scheduler"), settings.environment()),
    )


def _await_ready(settings: Settings, supervisor: Supervisor, occupation: Occupation) -> None:
    while True:
        supervisor.tend()
        occupation.remember(settings.base_url, supervisor.processes().values())
        if is_ready(settings.base_url):
            return
        for worker in supervisor.workers:
            if supervisor.failures(worker.name) >= TRIES:
                raise GaveUp(f"the {worker.name} died {TRIES} times in a row; what it said is above")
        time.sleep(TICK)


def is_ready(base_url: str) -> bool:
    """Whether the service at the URL says that it is ready. Its certificate is its own affair here."""
    unchecked = ssl.create_default_context()
    unchecked.check_hostname = False
    unchecked.verify_mode = ssl.CERT_NONE
    # An empty proxy handler: the way to ourselves must not lead through a proxy.
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=unchecked)
    )
    try:
        with opener.open(f"{base_url}/health/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, http.client.HTTPException):
        return False


def _announce(settings: Settings, console: Console) -> None:
    url = settings.base_url
    register = (
        f"curl {url}/v1/auth/register -H 'Content-Type: application/json' "
        """-d '{"email": "you@example.com", "password": "a long passphrase"}'"""
    )
    console.print(f"[bold green]Numina is ready:[/] {url}", soft_wrap=True, highlight=False)
    lines = {"documentation": f"{url}/docs", "a first step": register, "to stop": "Ctrl-C"}
    for what, how in lines.items():
        console.print(f"  {what:<14} {how}", soft_wrap=True, highlight=False, markup=False)


def _watch(
    settings: Settings, supervisor: Supervisor, occupation: Occupation, server: EmbeddedPostgres | None
) -> None:
    known: dict[str, int] = {}
    while True:
        if server is not None and not server.running():
            supervisor.say("PostgreSQL died; starting it again")
            _revive(server, supervisor)
        supervisor.tend()
        if supervisor.processes() != known:
            known = supervisor.processes()
            occupation.remember(settings.base_url, known.values())
        time.sleep(TICK)


def _revive(server: EmbeddedPostgres, supervisor: Supervisor) -> None:
    """Starts a server that died, and again if it dies while it recovers. Raises EmbeddedServerError or
    psycopg.OperationalError when it does not start however often it is tried."""
    for tried in range(1, TRIES + 1):
        try:
            server.stop()
            server.start()
            return
        except (EmbeddedServerError, psycopg.OperationalError):
            if tried == TRIES:
                raise
            supervisor.say("PostgreSQL did not start; trying again")
            time.sleep(tried * TICK)


def _stop(supervisor: Supervisor) -> None:
    """Stops the workers; a second Ctrl-C, a second or more after the first, stops them by force."""
    asked: list[float] = []
    begun = time.monotonic()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.append(time.monotonic()))
    supervisor.stop(GRACE, impatient=lambda: any(moment - begun > 1.0 for moment in asked))

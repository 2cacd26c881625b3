"""The embedded PostgreSQL: a real server in the home, from its first user's start to its last one's end."""

import fcntl
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from numina import cluster as clusters
from numina import keeper, pgconf
from numina.cluster import Cluster
from numina.pginstall import ENVIRONMENT, EmbeddedServerError, install_for, own_account

START_LIMIT = 300.0
"""Seconds that a start may take: recovery after a crash replays up to max_wal_size of log."""
STOP_LIMIT = 30.0
"""Seconds that a stop may take."""
PATIENCE = 10.0
"""Seconds after which a server that is shutting down is made to, and will recover from its log instead."""
TICK = 0.02


class EmbeddedPostgres:
    """One user's hold on the server of one home.

    Any number of processes may hold it at once; the first starts the server, the last one out stops it,
    also when it ends by kill -9. A home belongs to one operating system user. `durable=False` is for tests:
    it gives up safety against power loss for speed. `remove_home` deletes the home when the server stops.
    """

    def __init__(self, home: Path, *, durable: bool = True, remove_home: bool = False) -> None:
        self.home = home.absolute()
        self.durable = durable
        self._remove_home = remove_home
        self._users: IO[str] | None = None
        self._cluster: Cluster | None = None

    def start(self) -> str:
        """Starts or joins the server and returns its DATABASE_URL, a role that owns the database `numina`
        and may create databases and roles. Raises EmbeddedServerError, with what to do, when it cannot."""
        if self._users is not None:
            return self.url
        clusters.make_home(self.home)
        with self._alone():
            users = self._join()
            try:
                self._cluster = cluster = clusters.prepare(self.home, durable=self.durable)
                if cluster.kept():
                    self._await_ready(None)
                else:
                    self._launch()
                self._make_database()
            except BaseException:
                users.close()
                self._cluster = None
                raise
            self._users = users
        return self.url

    def stop(self) -> None:
        """Lets go of the server, and waits for its end when nobody else uses it. May be called again."""
        if self._users is None or self._cluster is None:
            return
        with self._alone():
            self._users.close()
            self._users = None
            if _is_free(self._cluster.users_lock) or not _is_shared(self._cluster.users_lock):
                _until(lambda: not self._running.kept(), STOP_LIMIT, "PostgreSQL did not stop")
            self._cluster = None

    def running(self) -> bool:
        """Whether the server runs for this hold; False after a crash, when stop() and start() repair it."""
        return self._cluster is not None and self._cluster.postmaster() is not None

    @property
    def url(self) -> str:
        """The DATABASE_URL of the service's own role."""
        return self.url_of(pgconf.ROLE, pgconf.DATABASE)

    @property
    def admin_url(self) -> str:
        """The URL of the superuser; the service itself never uses it."""
        return self.url_of(pgconf.SUPERUSER, pgconf.DATABASE)

    def url_of(self, role: str, database: str) -> str:
        """The URL of a role and a database of this server."""
        folder = quote(str(self._running.socket_folder), safe="")
        return f"postgresql://{quote(role)}@/{quote(database)}?host={folder}&port={pgconf.PORT}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _running(self) -> Cluster:
        if self._cluster is None:
            raise EmbeddedServerError("the embedded server was not started")
        return self._cluster

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time starts or stops the server of a home."""
        with open(self.home / "starting.lock", "w") as lock:
            _until(lambda: _try_lock(lock, fcntl.LOCK_EX), START_LIMIT, "another start is still going on")
            yield

    def _join(self) -> IO[str]:
        """Becomes a user; waits where the keeper is just stopping the server."""
        users = open(self.home / "users.lock", "w")  # noqa: SIM115 - held until stop()
        _until(lambda: _try_lock(users, fcntl.LOCK_SH), STOP_LIMIT, "PostgreSQL is still stopping")
        return users

    def _launch(self) -> None:
        """Clears what a crash left behind, and starts a keeper with its server."""
        cluster = self._running
        cluster.clear_remains()
        settings = pgconf.write(cluster.base, cluster.socket_folder, own_account().name, durable=self.durable)
        install = install_for(cluster.account, cluster.base)
        postgres = str(install / "bin" / "postgres")
        order = {
            "command": [postgres, "-D", str(cluster.data), f"--config_file={settings}"],
            "environment": ENVIRONMENT,
            "account": cluster.account.as_popen(),
            "users_lock": str(cluster.users_lock),
            "keeper_lock": str(cluster.keeper_lock),
            "patience": PATIENCE,
            "remove": self._temporary(),
        }
        path = self.home / "postgres.log"
        if path.exists():
            path.replace(path.with_suffix(".log.1"))
        with open(path, "w") as log:
            process = subprocess.Popen(  # noqa: S603 - our own script and the paths of our own home
                [sys.executable, "-I", "-S", keeper.__file__, json.dumps(order)],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._await_ready(process)

    def _temporary(self) -> list[str]:
        """The folders that the keeper removes when the server has stopped."""
        sockets = [] if self._running.sockets_at_home() else [self._running.socket_folder]
        homes = [self._running.base, self.home] if self._remove_home else []
        return [str(folder) for folder in sockets + homes]

    def _await_ready(self, process: "subprocess.Popen[bytes] | None") -> None:
        """Waits until the server takes connections. Raises EmbeddedServerError with the log when it died."""
        cluster = self._running

        def ready() -> bool:
            died = process.poll() is not None if process else not cluster.kept()
            if died:
                log = (self.home / "postgres.log").read_text(errors="replace")[-2000:].strip()
                raise EmbeddedServerError(f"PostgreSQL did not start in {self.home}:\n{log}")
            return cluster.is_ready()

        _until(ready, START_LIMIT, "PostgreSQL did not become ready")

    def _make_database(self) -> None:
        """Makes the role and its database where they are missing."""
        with psycopg.connect(self.url_of(pgconf.SUPERUSER, "postgres"), autocommit=True) as connection:
            role, database = sql.Identifier(pgconf.ROLE), sql.Identifier(pgconf.DATABASE)
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [pgconf.ROLE]).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE").format(role))
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [pgconf.DATABASE])
            if not known.fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))


@contextmanager
def throw_away() -> Iterator[EmbeddedPostgres]:
    """A server of its own in a temporary folder, without durability, gone afterwards: for tests."""
    home = Path(tempfile.mkdtemp(prefix="numina-"))
    server = EmbeddedPostgres(home, durable=False, remove_home=True)
    try:
        with server:
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _try_lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_free(path: Path) -> bool:
    """Whether nobody holds the lock at all."""
    with open(path, "w") as file:
        return _try_lock(file, fcntl.LOCK_EX)


def _is_shared(path: Path) -> bool:
    """Whether the lock is held by users and not by a keeper that is stopping the server."""
    with open(path, "w") as file:
        return _try_lock(file, fcntl.LOCK_SH)


def _until(condition: Callable[[], bool], limit: float, complaint: str) -> None:
    """Waits for the condition. Raises EmbeddedServerError with the complaint after `limit` seconds."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            raise EmbeddedServerError(f"{complaint} within {limit:.0f} seconds")
        time.sleep(TICK)

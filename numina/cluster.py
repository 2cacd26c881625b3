"""The files and processes of one embedded database cluster: where they lie, how they mend."""

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from numina.pginstall import (
    ENVIRONMENT,
    MAJOR,
    Account,
    EmbeddedServerError,
    install_for,
    reaches,
    server_account,
)

LONGEST_SOCKET_FOLDER = 90
"""Bytes: a socket's whole path may take 107, and its name takes the rest."""

ELSEWHERE = Path("/var/lib/numina/homes")
"""Where root keeps the data of homes that the server's account cannot reach."""

SHUTDOWN_LIMIT = 15.0
ORPHAN_LIMIT = 3.0


@dataclass(frozen=True)
class Cluster:
    """One cluster below `base`, which is the home itself unless the server's account cannot reach it.

    The account owns `base/cluster` (the data, and the socket folder where its path is short enough) and
    nothing else: configuration and locks stay with whoever runs Numina.
    """

    home: Path
    base: Path
    account: Account

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.base / "cluster" / "data"

    @property
    def socket_folder(self) -> Path:
        """The folder of the socket; a link leads to a short one where the home's own path is too long."""
        return (self.base / "cluster" / "run").resolve()

    def sockets_at_home(self) -> bool:
        """Whether the socket folder lies with the data, and not in a short temporary place."""
        return not (self.base / "cluster" / "run").is_symlink()

    @property
    def users_lock(self) -> Path:
        """Held shared by every user, exclusively by a keeper that stops the server."""
        return self.home / "users.lock"

    @property
    def keeper_lock(self) -> Path:
        """Held by the keeper for as long as its server runs."""
        return self.home / "keeper.lock"

    def kept(self) -> bool:
        """Whether a keeper is at work."""
        try:
            with open(self.keeper_lock, "w") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def postmaster(self) -> int | None:
        """The process id of the running server, or None; a stale file naming a reused id is seen through."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        return pid if self._is_ours(pid) else None

    def is_ready(self) -> bool:
        """Whether the server takes connections, by the status that it writes for pg_ctl."""
        if self.postmaster() is None:
            return False
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def clear_remains(self) -> None:
        """Ends what a crash left behind, so that a server may start: call it only while no keeper is at work.

        A server without its keeper is shut down at once. Backends that outlived their server are killed, since
        the log makes good whatever they did not finish. Then the pid file is stale for certain, whoever bears its
        number today.
        """
        left = self.postmaster()
        if left is not None:
            _signal(left, signal.SIGQUIT)
            self._await_end(SHUTDOWN_LIMIT)
        self._await_end(ORPHAN_LIMIT)
        for pid in self._processes():
            _signal(pid, signal.SIGKILL)
        self._await_end(ORPHAN_LIMIT)
        if stubborn := self._processes():
            raise EmbeddedServerError(f"processes {stubborn} still use {self.data} and cannot be ended")
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self._make_socket_folder()

    def _is_ours(self, pid: int) -> bool:
        """Whether the process is a PostgreSQL of this cluster: all of them work in the data folder."""
        try:
            process = psutil.Process(pid)
            return process.name() == "postgres" and os.path.samefile(process.cwd(), self.data)
        except (psutil.Error, OSError):
            return False

    def _processes(self) -> list[int]:
        return [process.pid for process in psutil.process_iter() if self._is_ours(process.pid)]

    def _await_end(self, limit: float) -> None:
        deadline = time.monotonic() + limit
        while self._processes() and time.monotonic() < deadline:
            time.sleep(0.05)

    def _make_socket_folder(self) -> None:
        """Makes an empty socket folder that only the account may enter."""
        run = self.base / "cluster" / "run"
        if run.exists():
            shutil.rmtree(run.resolve())
        run.unlink(missing_ok=True)
        path = os.fsencode(run.parent.resolve() / "run")
        if len(path) <= LONGEST_SOCKET_FOLDER and path.isascii() and b"," not in path:
            run.mkdir(0o700)
        else:
            short = "/tmp" if os.path.isdir("/tmp") else None  # noqa: S108 - mkdtemp makes it safe
            run.symlink_to(tempfile.mkdtemp(prefix="numina-socket-", dir=short))
        shutil.chown(run, self.account.uid, self.account.gid)


def prepare(home: Path, *, durable: bool) -> Cluster:
    """The cluster of a home, made on first use. Raises EmbeddedServerError, saying what to do."""
    owned = home / "cluster"
    account = server_account(owned)
    if owned.is_symlink() and not owned.exists():
        raise EmbeddedServerError(f"the data of {home} lay in {owned.readlink()}, which is gone")
    if owned.exists():
        base = owned.resolve().parent
    else:
        base = _choose_base(home, account)
        (base / "cluster").mkdir(0o700)
        shutil.chown(base / "cluster", account.uid, account.gid)
        if base != home:
            owned.symlink_to(base / "cluster")
    if not reaches(account, base):
        raise EmbeddedServerError(
            f"user {account.name}, who runs PostgreSQL for root, cannot enter {base}: "
            "open the folders above it to others (chmod o+x), or set NUMINA_HOME to a folder elsewhere"
        )
    cluster = Cluster(home, base, account)
    if not cluster.data.exists():
        _initialise(cluster, durable=durable)
    version = (cluster.data / "PG_VERSION").read_text().strip()
    if version != str(MAJOR):
        raise EmbeddedServerError(
            f"the data in {cluster.data} belongs to PostgreSQL {version}, this release brings {MAJOR}: "
            "take a backup with the release that wrote it, and restore it here into an empty home"
        )
    return cluster


def make_home(home: Path) -> None:
    """Makes the data folder of Numina, which the server's account may pass through but not list."""
    fresh = not home.exists() or not any(home.iterdir())
    home.mkdir(parents=True, exist_ok=True)
    if fresh:
        home.chmod(0o711 if os.geteuid() == 0 else 0o700)


def _choose_base(home: Path, account: Account) -> Path:
    """The home, or a folder that the server's account can reach when the home lies below a closed one."""
    if reaches(account, home):
        return home
    try:
        ELSEWHERE.mkdir(parents=True, exist_ok=True)
        base = Path(tempfile.mkdtemp(prefix=f"{home.name}-", dir=ELSEWHERE))
        base.chmod(0o711)
    except OSError as error:
        raise EmbeddedServerError(
            f"user {account.name}, who runs PostgreSQL for root, cannot enter {home}, and {ELSEWHERE} "
            f"cannot be used instead ({error.strerror}): set NUMINA_HOME to a folder that everybody may enter"
        ) from error
    return base


def _initialise(cluster: Cluster, *, durable: bool) -> None:
    """Makes the data folder, complete or not at all. The builtin C.UTF-8 sorts alike on every system."""
    partial = cluster.data.with_name("data.partial")
    if partial.exists():
        shutil.rmtree(partial)
    initdb = install_for(cluster.account, cluster.base) / "bin" / "initdb"
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8", "--no-locale"]
    command = [str(initdb), "-D", str(partial), "--username=postgres", "--data-checksums", *locale]
    command += ["--auth-local=peer", "--auth-host=reject", "--no-instructions"]
    done = subprocess.run(  # type: ignore[call-overload] # noqa: S603 - keyword arguments by dict
        command + ([] if durable else ["--no-sync"]),
        cwd="/",
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        **cluster.account.as_popen(),
    )
    if done.returncode != 0:
        raise EmbeddedServerError(f"initdb failed in {cluster.data}:\n{done.stderr.strip()}")
    partial.rename(cluster.data)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return

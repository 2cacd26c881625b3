"""A backup: one file in PostgreSQL's custom format, taken from a running database."""

import os
import subprocess
from pathlib import Path

from rich.console import Console

from numina.database import database
from numina.master_key import LENGTH, master_key, write_new
from numina.pgclients import program, target
from numina.settings import Settings
from numina.trouble import Trouble


class BackupFailed(Trouble):
    """The backup could not be written; nothing was left behind."""


def backup(settings: Settings, file: Path, console: Console, *, with_master_key: bool) -> None:
    """Writes the backup to `file`, readable by its owner alone, complete or not at all.

    The vault's data keys are in it, wrapped by the master key, which is not: a stolen backup reveals amounts,
    never names and notes. `with_master_key` writes it to a file of its own beside the backup. Raises
    BackupFailed when a file exists already or the dump fails.
    """
    key_file = file.with_name(f"{file.name}.key")
    for wanted in (file, key_file) if with_master_key else (file,):
        if wanted.exists():
            raise BackupFailed(f"{wanted} exists already: a backup never overwrites one")
    key = master_key(settings)
    with database(settings) as ready, console.status(f"Writing {file} ..."):
        _dump(ready, file)
    console.print(f"Wrote {file} ({file.stat().st_size / 1024**2:.1f} MiB).", soft_wrap=True)
    if with_master_key:
        write_new(key_file, key)
        console.print(f"Wrote {key_file}: keep it apart from the backup, who has both can read all.")
        return
    source = "NUMINA_MASTER_KEY" if settings.master_key else str(settings.home / "master.key")
    console.print(
        f"The master key is not in it. Without that key ({LENGTH} bytes, from {source}) payees, notes and "
        "names stay sealed for ever: keep a copy in another place, or write one with --with-master-key.",
        soft_wrap=True,
    )


def _dump(settings: Settings, file: Path) -> None:
    database, environment = target(settings)
    partial = file.with_name(f"{file.name}.partial")
    command = [str(program("pg_dump", settings)), "--format=custom", "--no-password", f"--dbname={database}"]
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as made:
            # By name, not through a pipe: pg_dump then goes back to note where in the file each table lies.
            done = subprocess.run(  # noqa: S603 - PostgreSQL's own program
                [*command, f"--file={partial}"], capture_output=True, env=environment, check=False
            )
            os.fsync(made.fileno())
        if done.returncode != 0:
            raise BackupFailed(f"pg_dump failed: {done.stderr.decode(errors='replace').strip()}")
        partial.rename(file)
    finally:
        partial.unlink(missing_ok=True)

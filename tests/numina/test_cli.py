"""The command line explains itself, and tells what a person can mend in one line."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMANDS = (
    *("serve", "api", "project", "scheduler", "migrate", "rebuild", "verify"),
    *("export", "backup", "restore", "rotate-keys", "grant", "demo", "bench", "docs"),
)


def numina(
    *arguments: str, home: Path | None = None, **environment: str
) -> "subprocess.CompletedProcess[str]":
    chosen = {"PATH": "/usr/bin:/bin", "COLUMNS": "100"} | environment
    if home is not None:
        chosen["NUMINA_HOME"] = str(home)
    return subprocess.run(
        [sys.executable, "-m", "numina", *arguments],
        env=chosen,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_help_names_every_command() -> None:
    told = numina("--help")
    assert told.returncode == 0
    assert [name for name in COMMANDS if f" {name} " not in told.stdout] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    told = numina(command, "--help")
    assert told.returncode == 0
    assert "Usage" in told.stdout


def test_help_comes_without_waiting_for_the_service_to_load() -> None:
    program = (
        "import sys, numina.cli; print(sorted({'fastapi', 'psycopg', 'cryptography'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [("NUMINA_PORT", "http", "port"), ("NUMINA_MASTER_KEY", "!", "NUMINA_MASTER_KEY is not base64")],
)
def test_a_wrong_setting_is_told_in_one_line(folder: Path, variable: str, value: str, told: str) -> None:
    done = numina("backup", str(folder / "b"), home=folder / "home", **{variable: value})
    assert done.returncode == 1
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_database_out_of_reach_is_told(folder: Path) -> None:
    begun = time.monotonic()
    done = numina(
        "migrate", home=folder / "home", DATABASE_URL="postgresql://u@127.0.0.1:1/x?connect_timeout=2"
    )
    assert done.returncode == 1
    assert done.stderr.startswith("numina: the database cannot be used")
    assert "Traceback" not in done.stderr
    assert time.monotonic() - begun < 20


def test_migrating_twice_is_once(folder: Path) -> None:
    assert "Applied 0001_record.sql" in numina("migrate", home=folder / "home").stdout
    assert "up to date" in numina("migrate", home=folder / "home").stdout


def test_verify_wants_export_and_checkpoint_together(folder: Path) -> None:
    assert numina("verify", "--export", "x", home=folder / "home").returncode == 2

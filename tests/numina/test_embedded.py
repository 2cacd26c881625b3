"""The embedded PostgreSQL starts anywhere, serves one account, and mends itself after a crash."""

import os
import shutil
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import psycopg
import pytest

from numina import pginstall
from numina.embedded import EmbeddedPostgres, throw_away
from numina.pginstall import MAJOR, EmbeddedServerError, server_account, wheel_install
from tests.numina.conftest import Start, alive, eventually, kill, postmaster_of

AS_ROOT = os.geteuid() == 0


def write_one(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (id serial)")
        connection.execute("INSERT INTO kept DEFAULT VALUES")


def count(url: str) -> int:
    with psycopg.connect(url) as connection:
        [number] = connection.execute("SELECT count(*) FROM kept").fetchone() or (0,)
        return int(number)


def hold_elsewhere(home: Path) -> "subprocess.Popen[str]":
    """Another process that uses the server of the home until it is killed or its input ends."""
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from numina.embedded import EmbeddedPostgres
        with EmbeddedPostgres(Path(sys.argv[1]), durable=False) as server:
            print(server.url, flush=True)
            sys.stdin.read()
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("postgresql://")
    return process


def test_a_server_is_postgresql_18_in_utc_sorted_by_code_point(folder: Path, start: Start) -> None:
    server = start(folder / "home")
    with psycopg.connect(server.url) as connection:
        version = connection.info.server_version // 10_000
        zone, encoding = connection.execute(
            "SELECT current_setting('TimeZone'), current_setting('server_encoding')"
        ).fetchone() or ("", "")
        ordered = connection.execute("SELECT 'Z' < 'a', upper('é')").fetchone()
        checksums = connection.execute("SHOW data_checksums").fetchone()
    assert (version, zone, encoding) == (MAJOR, "UTC", "UTF8")
    assert ordered == (True, "É")
    assert checksums == ("on",)


def test_a_real_home_is_durable(folder: Path) -> None:
    with EmbeddedPostgres(folder / "home") as server, psycopg.connect(server.url) as connection:
        shown = [connection.execute(f"SHOW {name}").fetchone() for name in ("fsync", "synchronous_commit")]
    assert shown == [("on",), ("on",)]


def test_the_service_role_is_no_superuser_but_may_make_databases_and_roles(
    folder: Path, start: Start
) -> None:
    with psycopg.connect(start(folder / "home").url) as connection:
        rights = connection.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert rights == (False, True, True)


def test_stopping_ends_every_process_and_keeps_the_data(folder: Path, start: Start) -> None:
    server = start(folder / "home")
    write_one(server.url)
    postmaster = postmaster_of(folder / "home")
    family = [postmaster, *postmaster.children(recursive=True)]
    server.stop()
    assert not any(map(alive, family))
    server.start()
    assert count(server.url) == 1


def test_a_throw_away_server_leaves_nothing() -> None:
    with throw_away() as server:
        home = server.home
        assert home.exists()
    assert not home.exists()


@pytest.mark.parametrize("name", ["two words", 'it\'s "odd"', "comma, too", "déjà", "x" * 200])
def test_any_path_will_do(folder: Path, start: Start, name: str) -> None:
    server = start(folder / name / "home")
    write_one(server.url)
    assert count(server.url) == 1
    sockets = parse_qs(urlsplit(server.url).query)["host"][0]
    server.stop()
    assert not any(Path(sockets).glob(".s.*"))
    server.start()
    assert count(server.url) == 1


def test_two_homes_run_side_by_side(folder: Path, start: Start) -> None:
    one, other = start(folder / "one"), start(folder / "other")
    write_one(one.url)
    write_one(other.url)
    assert (count(one.url), count(other.url)) == (1, 1)
    assert postmaster_of(folder / "one").pid != postmaster_of(folder / "other").pid


def test_the_last_one_out_stops_the_server(folder: Path, start: Start) -> None:
    home = folder / "home"
    first, second = start(home), start(home)
    server = postmaster_of(home)
    first.stop()
    assert alive(server)
    write_one(second.url)
    second.stop()
    assert not alive(server)


def test_a_killed_user_takes_its_server_along(folder: Path) -> None:
    home = folder / "home"
    user = hold_elsewhere(home)
    server = postmaster_of(home)
    user.kill()
    user.wait()
    assert eventually(lambda: not alive(server))


def test_a_killed_user_leaves_the_server_to_the_others(folder: Path, start: Start) -> None:
    home = folder / "home"
    user = hold_elsewhere(home)
    mine = start(home)
    user.kill()
    user.wait()
    write_one(mine.url)
    assert count(mine.url) == 1


def test_the_next_start_waits_for_a_server_that_is_just_stopping(folder: Path, start: Start) -> None:
    home = folder / "home"
    user = hold_elsewhere(home)
    user.kill()
    write_one(start(home).url)
    user.wait()


def test_a_killed_server_recovers_with_what_was_committed(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "home")
    write_one(server.start())
    kill(postmaster_of(folder / "home").pid)
    assert eventually(lambda: not server.running())
    server.stop()
    with server:
        assert count(server.url) == 1


def test_backends_that_outlive_a_killed_server_are_ended(folder: Path) -> None:
    home = folder / "home"
    server = EmbeddedPostgres(home)
    write_one(server.start())
    postmaster = postmaster_of(home)
    with psycopg.connect(server.url) as connection:
        backend = psutil.Process(connection.info.backend_pid)
        backend.suspend()
        postmaster.kill()
        assert eventually(lambda: not server.running())
        server.stop()
        server.start()
        assert not alive(backend)
    assert count(server.url) == 1
    server.stop()


def test_a_killed_keeper_does_not_leave_the_server_behind(folder: Path) -> None:
    home = folder / "home"
    server = EmbeddedPostgres(home)
    write_one(server.start())
    postmaster = postmaster_of(home)
    keeper = postmaster.parent()
    assert keeper is not None
    keeper.kill()
    if sys.platform.startswith("linux"):
        assert eventually(lambda: not alive(postmaster))
    server.stop()
    with server:
        assert count(server.url) == 1


def test_a_pid_file_that_names_another_program_does_not_hinder(folder: Path, start: Start) -> None:
    home = folder / "home"
    server = start(home)
    write_one(server.url)
    file = home / "cluster" / "data" / "postmaster.pid"
    lines = file.read_text().splitlines()
    server.stop()
    file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    server.start()
    assert count(server.url) == 1


def test_an_interrupted_first_start_is_begun_anew(folder: Path, start: Start) -> None:
    partial = folder / "home" / "cluster" / "data.partial"
    partial.mkdir(parents=True)
    (partial / "PG_VERSION").write_text("18\n")
    if AS_ROOT:
        account = server_account(partial / "absent")
        os.chown(partial.parent, account.uid, account.gid)
    write_one(start(folder / "home").url)


def test_data_of_another_postgresql_is_refused_with_advice(folder: Path, start: Start) -> None:
    home = folder / "home"
    start(home).stop()
    (home / "cluster" / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedServerError, match="backup"):
        EmbeddedPostgres(home).start()


def test_a_server_that_cannot_start_says_why(folder: Path, start: Start) -> None:
    home = folder / "home"
    start(home).stop()
    (home / "local.conf").write_text("no_such_setting = on\n")
    with pytest.raises(EmbeddedServerError, match="no_such_setting"):
        EmbeddedPostgres(home, durable=False).start()


@pytest.mark.skipif(not AS_ROOT, reason="only root can act as somebody else")
def test_nobody_else_may_connect(folder: Path, start: Start) -> None:
    server = start(folder / "home")
    account = server_account(folder / "home" / "cluster")
    psql = subprocess.run(
        [str(wheel_install() / "bin" / "psql"), server.admin_url, "-c", "SELECT 1"],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert psql.returncode != 0
    assert "Peer authentication failed" in psql.stderr


@pytest.mark.skipif(not AS_ROOT, reason="only root runs the server as somebody else")
def test_a_home_below_a_closed_folder_keeps_its_data_elsewhere(
    folder: Path, elsewhere: Path, start: Start
) -> None:
    closed = folder / "closed"
    closed.mkdir(0o700)
    server = start(closed / "home")
    write_one(server.url)
    assert (closed / "home" / "cluster").resolve().is_relative_to(elsewhere.resolve())
    server.stop()
    server.start()
    assert count(server.url) == 1


@pytest.mark.skipif(not AS_ROOT, reason="only root runs the server as somebody else")
def test_programs_in_a_closed_folder_are_copied_once(
    folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = wheel_install().parent
    closed = folder / "closed"
    closed.mkdir(0o700)
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, closed / part.name, ignore=shutil.ignore_patterns("pginstall", "include"))
    monkeypatch.setattr(pginstall, "wheel_install", lambda: closed / package.name / wheel_install().name)
    server = start(folder / "home")
    write_one(server.url)
    [copy] = (folder / "home").glob("install-*")
    made = copy.stat().st_ctime_ns
    server.stop()
    server.start()
    assert count(server.url) == 1
    assert copy.stat().st_ctime_ns == made


def test_a_server_that_is_just_recovering_is_stopped_all_the_same(folder: Path) -> None:
    home = folder / "home"
    user = hold_elsewhere(home)
    server = postmaster_of(home)
    child_named(server, "checkpointer").kill()
    user.kill()
    user.wait()
    assert eventually(lambda: not alive(server))


def child_named(server: psutil.Process, title: str) -> psutil.Process:
    """The one process of a server that has a word in its title; the others come and go meanwhile."""
    found = []
    for child in server.children():
        with suppress(psutil.NoSuchProcess):
            if title in " ".join(child.cmdline()):
                found.append(child)
    [only] = found
    return only

"""`numina serve`, as a person runs it: one line when ready, and everything ends with it."""

import signal
import socket
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.numina.conftest import alive, eventually
from tests.numina.serving import READY, Service, healthy, register


@pytest.fixture
def services(folder: Path) -> Iterator[list[Service]]:
    """Whatever is put in here is ended."""
    running: list[Service] = []
    yield running
    for service in running:
        if service.process.poll() is None:
            service.end()


def test_serving_says_where_and_ends_with_everything(folder: Path, services: list[Service]) -> None:
    service = Service(folder / "my home")
    services.append(service)
    url = service.url()
    assert register(url, "a@example.com")
    assert "/docs" in service.text()
    assert "curl" in service.text()
    family = service.family()
    assert len(family) >= 5
    assert service.end(signal.SIGINT) == 0
    assert not any(map(alive, family))
    assert "Traceback" not in service.text()


def test_who_registers_finds_a_letter_in_the_outbox(folder: Path, services: list[Service]) -> None:
    service = Service(folder / "home")
    services.append(service)
    url, outbox = service.url(), folder / "home" / "outbox"
    register(url, "a@example.com")
    assert eventually(lambda: list(outbox.glob("*.eml")) != [], 10)
    (letter,) = outbox.iterdir()
    assert b"To: a@example.com" in letter.read_bytes()
    assert letter.stat().st_mode & 0o777 == 0o600


def test_settings_of_mail_that_make_no_sense_are_told_in_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMINA_SMTP_URL", "mail.example.org:password")
    service = Service(folder / "home")
    assert service.process.wait(60) == 1
    assert "smtp://" in service.text()
    assert "password" not in service.text().replace("user:password", "")
    assert "Traceback" not in service.text()


def test_what_was_registered_is_there_after_a_restart(folder: Path, services: list[Service]) -> None:
    first = Service(folder / "home")
    services.append(first)
    register(first.url(), "a@example.com")
    first.end()
    second = Service(folder / "home")
    services.append(second)
    assert eventually(lambda: len(READY.findall(second.text())) == 2, 60)
    with pytest.raises(urllib.error.HTTPError):
        register(second.url(), "a@example.com")


@pytest.mark.parametrize("part", ["api", "project", "scheduler", "postgres"])
def test_a_killed_part_comes_back_by_itself(folder: Path, services: list[Service], part: str) -> None:
    service = Service(folder / "home")
    services.append(service)
    url = service.url()
    register(url, "before@example.com")
    if part == "postgres":
        text = (folder / "home" / "cluster" / "data" / "postmaster.pid").read_text()
        victim = psutil.Process(int(text.splitlines()[0]))
    else:
        victim = service.worker(part)
    victim.kill()
    assert eventually(lambda: not alive(victim))
    assert eventually(lambda: "again" in service.text())

    def registers() -> bool:
        try:
            return bool(register(url, "after@example.com"))
        except urllib.error.HTTPError as error:
            return error.code == 409
        except OSError:
            return False

    assert eventually(registers, 60), service.text()
    assert eventually(lambda: healthy(url))


def test_a_killed_supervisor_leaves_nothing_running(folder: Path, services: list[Service]) -> None:
    service = Service(folder / "home")
    services.append(service)
    register(service.url(), "a@example.com")
    family = service.family()
    service.process.kill()
    service.process.wait()
    assert eventually(lambda: not any(map(alive, family)), 40)


def test_the_start_after_a_kill_repairs_itself(folder: Path, services: list[Service]) -> None:
    first = Service(folder / "home")
    register(first.url(), "a@example.com")
    first.process.kill()
    first.process.wait()
    second = Service(folder / "home")
    services.append(second)
    assert eventually(lambda: len(READY.findall(second.text())) == 2, 60), second.text()
    with pytest.raises(urllib.error.HTTPError):
        register(second.url(), "a@example.com")


def test_a_home_is_served_once(folder: Path, services: list[Service]) -> None:
    first = Service(folder / "home")
    services.append(first)
    url = first.url()
    second = Service(folder / "home")
    assert second.process.wait(30) == 1
    assert f"already serves {folder / 'home'} at {url}" in second.text()
    assert healthy(url)


def test_two_homes_are_served_side_by_side(folder: Path, services: list[Service]) -> None:
    one, other = Service(folder / "one"), Service(folder / "other")
    services.extend([one, other])
    assert register(one.url(), "a@example.com")
    assert register(other.url(), "a@example.com")


def test_a_port_in_use_is_told_in_one_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        service = Service(folder / "home", "--port", str(port))
        assert service.process.wait(30) == 1
    assert service.text().strip().splitlines()[-1].startswith(f"numina: port {port} of 127.0.0.1 is in use")
    assert "Traceback" not in service.text()

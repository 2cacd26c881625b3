"""docker-compose.yml names services, commands and settings that exist."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr
from typer.main import get_command

from numina.cli import app
from numina.settings import Settings

ROOT = Path(__file__).parents[2]
OURS = ("migrate", "api", "projector", "scheduler")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def known_variables() -> set[str]:
    return {"DATABASE_URL"} | {f"NUMINA_{name.upper()}" for name in Settings.model_fields}


def test_the_services_are_those_of_the_architecture(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {"db", *OURS}
    assert {compose["services"][name]["image"] for name in OURS} == {"numina"}


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists(compose: dict[str, Any], name: str) -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]  # a group, by construction
    [command] = compose["services"][name]["command"]
    assert command in commands


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting(compose: dict[str, Any], name: str) -> None:
    assert set(compose["services"][name]["environment"]) <= known_variables()


def test_the_settings_of_the_api_are_valid(compose: dict[str, Any]) -> None:
    given = compose["services"]["api"]["environment"]
    chosen = Settings(
        database_url=given["DATABASE_URL"],
        host=given["NUMINA_HOST"],
        port=given["NUMINA_PORT"],
        master_key=SecretStr("x"),
    )
    assert chosen.port == 8000


def test_nothing_starts_before_the_schema_is_there(compose: dict[str, Any]) -> None:
    for name in ("api", "projector", "scheduler"):
        waits_for = compose["services"][name]["depends_on"]
        assert waits_for["migrate"] == {"condition": "service_completed_successfully"}
    assert compose["services"]["migrate"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert compose["services"]["migrate"]["restart"] == "no"


def test_no_secret_has_a_default(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert not re.search(r"\$\{NUMINA_(DB_PASSWORD|MASTER_KEY)(\}|:?-)", text)


def test_volumes_and_ports_are_declared(compose: dict[str, Any]) -> None:
    named = {volume.split(":")[0] for volume in compose["services"]["db"]["volumes"]}
    assert named <= set(compose["volumes"])
    assert all(port.startswith("127.0.0.1:") for port in compose["services"]["api"]["ports"])


def test_the_servers_are_checked_for_health(compose: dict[str, Any]) -> None:
    assert "pg_isready" in compose["services"]["db"]["healthcheck"]["test"]
    assert "/health/ready" in compose["services"]["api"]["healthcheck"]["test"][-1]


def test_the_image_installs_what_the_lock_pins() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert "-r requirements.lock" in text
    assert re.search(r"^USER numina$", text, re.MULTILINE)
    version = re.search(r"^FROM python:3\.(\d+)", text, re.MULTILINE)
    assert version
    assert int(version[1]) >= 11

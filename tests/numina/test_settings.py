"""Settings come from the environment and from nowhere else, and make no sense or are refused."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from numina import settings as module
from numina.oidc_providers import providers
from numina.settings import Settings


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "NUMINA_HOME", "NUMINA_PORT", "NUMINA_HOST", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)


def test_nothing_has_to_be_configured() -> None:
    chosen = Settings()
    assert chosen.database_url is None
    assert chosen.base_url == "http://127.0.0.1:8000"


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/else")
    monkeypatch.setenv("NUMINA_PORT", "9000")
    monkeypatch.setenv("NUMINA_HOME", "/data of mine")
    chosen = Settings()
    assert chosen.url == "postgresql://somewhere/else"
    assert (chosen.port, chosen.home) == (9000, Path("/data of mine"))


def test_an_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMINA_PORT", "9000")
    assert Settings(port=9001).port == 9001


def test_an_empty_variable_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("NUMINA_PORT", "")
    assert (Settings().database_url, Settings().port) == (None, 8000)


@pytest.mark.parametrize(
    ("name", "value"), [("NUMINA_PORT", "http"), ("NUMINA_PORT", "70000"), ("NUMINA_WRITER_QUEUE", "0")]
)
def test_a_value_without_sense_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        Settings()


def test_tls_needs_a_certificate_and_a_key() -> None:
    with pytest.raises(ValidationError, match="both"):
        Settings(tls_cert=Path("cert.pem"))
    assert Settings(tls_cert=Path("c"), tls_key=Path("k")).base_url.startswith("https://")


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:8000"), ("::", "http://[::1]:8000"), ("nas", "http://nas:8000")],
)
def test_the_service_is_reached_where_it_listens(host: str, url: str) -> None:
    assert Settings(host=host).base_url == url


def test_root_keeps_data_where_the_server_may_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.os, "geteuid", lambda: 0)
    assert Settings().home == Path("/var/lib/numina")


def test_a_user_keeps_data_in_the_xdg_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", "/elsewhere")
    assert Settings().home == Path("/elsewhere/numina")
    monkeypatch.setenv("XDG_DATA_HOME", "relative, which the specification says to ignore")
    assert Settings().home == Path.home() / ".local" / "share" / "numina"


def test_a_child_gets_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = Settings(database_url="postgresql://x/y", home=Path("/a b"), port=1234, host="::1")
    for name, value in chosen.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == chosen


def test_the_master_key_is_not_shown() -> None:
    assert "c2VjcmV0" not in repr(Settings(master_key="c2VjcmV0"))  # type: ignore[arg-type]  # as from outside


@pytest.mark.parametrize(
    ("given", "domain", "origin"),
    [
        ({}, "localhost", "http://localhost:8000"),
        ({"port": 9000, "tls_cert": Path("c"), "tls_key": Path("k")}, "localhost", "https://localhost:9000"),
        ({"public_url": "https://Money.Example.org/app/"}, "money.example.org", "https://money.example.org"),
        ({"public_url": "https://nas:8443"}, "nas", "https://nas:8443"),
        ({"public_url": "http://localhost:80"}, "localhost", "http://localhost"),
    ],
)
def test_passkeys_are_made_for_where_people_reach_the_service(
    given: dict[str, Any], domain: str, origin: str
) -> None:
    settings = Settings(**given, origins=["https://app.example.org"])
    assert settings.domain == domain
    assert settings.all_origins == (origin, "https://app.example.org")


@pytest.mark.parametrize("origin", ["*", "http://example.org", "https://example.org/", "https://a@b", "null"])
def test_an_origin_is_one_that_a_browser_can_vouch_for(origin: str) -> None:
    with pytest.raises(ValidationError):
        Settings(origins=[origin])


def test_providers_are_told_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "NUMINA_OIDC",
        '{"google": {"client_id": "a", "client_secret": "hidden"}, "work-place": {"client_id": "b", '
        '"issuer": "https://id.example.org", "title": "Work", "scopes": ["openid"]}}',
    )
    chosen = Settings()
    google, work = providers(chosen.oidc)
    assert google[:5] == ("google", "Google", "https://accounts.google.com", "a", "hidden")
    assert work[1:] == ("Work", "https://id.example.org", "b", None, ("openid",))
    assert "hidden" not in repr(chosen)


@pytest.mark.parametrize(
    "written",
    [
        {"work": {"client_id": "a"}},
        {"work": {"client_id": "a", "issuer": "http://id.example.org"}},
        {"work": {"client_id": "", "issuer": "https://id.example.org"}},
        {"google": {"client_id": "a", "scopes": ["email"]}},
        {"google": {"client_id": "a", "audience": "x"}},
        {"no/such/name": {"client_id": "a", "issuer": "https://id.example.org"}},
    ],
)
def test_a_provider_that_makes_no_sense_is_refused(written: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings(oidc=written)

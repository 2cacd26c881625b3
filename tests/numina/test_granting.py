"""`numina grant` makes the first admin, and says what it did."""

import io
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import typer
from rich.console import Console

from numina.granting import grant
from tests.support.service import Person, register, running, settings


@pytest.fixture
def told() -> Console:
    return Console(file=io.StringIO(), width=200)


def words(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_first_admin_comes_from_the_command_line(
    fresh_database: Callable[[], AbstractContextManager[str]], told: Console
) -> None:
    with fresh_database() as url, running(url) as client:
        ada: Person = register(client, email="Ada@Example.com")
        assert ada.get("/admin/users").status_code == 403
        grant(settings(url), "ada@example.com", "admin", "runs this service", told)
        assert "ada@example.com is admin now" in words(told)
        assert "/v1/admin/users" in words(told)
        assert "not verified" in words(told)
        assert "no second factor" in words(told)
        (change,) = [c for c in ada.get("/changes").json()["items"] if c["topic"] == "user.role_granted"]
        assert change["data"] == {"role": "admin", "text": {"reason": "runs this service"}}
        grant(settings(url), "ada@example.com", "admin", "again", told)
        assert "Nothing was changed" in words(told)


def test_whoever_is_not_registered_gets_no_role(
    fresh_database: Callable[[], AbstractContextManager[str]], told: Console
) -> None:
    with fresh_database() as url, running(url) as client:
        for email in ("nobody@example.com", "", "nobody"):
            with pytest.raises(typer.Exit):
                grant(settings(url), email, "admin", "so", told)
        assert "Nobody is registered as nobody@example.com" in words(told)
        ada = register(client)
        ada.delete("/users/me")
        with pytest.raises(typer.Exit):
            grant(settings(url), ada.email, "admin", "so", told)
        assert "asked to be forgotten" in words(told)

"""Signing keys are exchanged without anybody being signed out, and withdrawn when somebody has a copy."""

import base64

import psycopg
from rich.console import Console

from gateways.signing import SigningKeys
from numina.rotating import rotate
from numina.settings import Settings

MASTER = bytes(range(32))


def age(database: str, minutes: int) -> None:
    """Lets time go by for every key there is."""
    with psycopg.connect(database) as connection:
        connection.execute(
            "UPDATE vault.signing_keys SET created_at = created_at - make_interval(mins => %s), "
            "retired_at = retired_at - make_interval(mins => %s)",
            (minutes, minutes),
        )


def test_a_new_key_signs_once_everybody_can_know_it(database: str) -> None:
    keys = SigningKeys(database, MASTER)
    old = keys.current("token").kid
    age(database, 10)
    new = keys.rotate("token")
    assert keys.current("token").kid == old
    assert set(keys.accepted("token")) == {old, new}
    age(database, 3)
    assert keys.current("token").kid == new
    assert set(keys.accepted("token")) == {old, new}
    age(database, 25 * 60)
    assert set(keys.accepted("token")) == {new}
    assert set(keys.public("token")) == {old, new}


def test_a_key_that_somebody_may_have_copied_is_withdrawn_at_once(database: str) -> None:
    keys = SigningKeys(database, MASTER)
    first = keys.current("token").kid
    second = keys.rotate("token")
    third = keys.rotate("token", at_once=True)
    assert len({first, second, third}) == 3
    assert keys.current("token").kid == third
    assert set(keys.accepted("token")) == {third}


def test_rotating_leaves_the_key_of_the_log_alone(database: str) -> None:
    keys = SigningKeys(database, MASTER)
    log = keys.current("checkpoint").kid
    keys.rotate("token", at_once=True)
    assert keys.current("checkpoint").kid == log
    assert set(keys.accepted("checkpoint")) == {log}


def test_the_command_says_what_comes_of_it(database: str) -> None:
    settings = Settings(database_url=database, master_key=base64.b64encode(MASTER).decode())
    console = Console(record=True, width=200)
    rotate(settings, console, at_once=False)
    rotate(settings, console, at_once=True)
    told = console.export_text()
    assert "accepted for another day" in told
    assert "Refresh tokens stay good" in told
    assert SigningKeys(database, MASTER).current("token").kid in told

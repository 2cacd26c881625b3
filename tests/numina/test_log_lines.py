"""The log's second net: what is named for a secret, or looks like one, or is quoted by an error, is not written."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any

import psycopg
import pytest
import structlog
from pydantic import BaseModel, ValidationError

from ledger.refusals import TryAgain
from numina import log_lines
from numina.log_lines import HIDDEN, hidden, told
from numina.settings import Settings

TOKEN = "eyJhbGciOiJFZERTQSIsImtpZCI6ImY4In0.eyJzdWIiOiIwMTlhIn0.c2lnbmF0dXJl"
HUNTER = "hunter" + "2"
SECRETS = (
    TOKEN,
    "numina_r_AZqdPnoQfFWPbg1qOx8sTQAAAAC2kYz0vU4sWm1XGkq3fGn5cQyBq0r1dP0m4s3tTj9wYA",
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
    "ada.lovelace@example.com",
)


def shown(**event: Any) -> str:
    return json.dumps(hidden(None, "error", event))


@pytest.mark.parametrize("secret", SECRETS)
def test_what_looks_like_a_secret_is_hidden_wherever_it_stands(secret: str) -> None:
    for event in (
        {"event": f"something about {secret}, and more"},
        {"event": "x", "detail": {"deep": [f"a {secret}"]}},
        {"event": "x", "error": ValueError(secret)},
        {"event": "x", secret: 1, "told": b"bytes " + secret.encode()},
    ):
        event.pop(secret, None)
        written = shown(**event)
        assert secret not in written
        assert HIDDEN in written


@pytest.mark.parametrize(
    "name",
    ["password", "refresh_token", "Authorization", "e_mail", "email", "payee", "code", "client_secret"],
)
def test_what_is_named_for_a_secret_is_hidden(name: str) -> None:
    assert "hunter2" not in shown(event="x", **{name: "hunter2"})
    assert "hunter2" not in shown(event="x", given={name: "hunter2"})


def test_passwords_in_addresses_and_queries_are_hidden() -> None:
    written = shown(
        event="cannot reach postgresql://numina:hunter2@db/numina", url="https://x.example/cb?state=hunter2"
    )
    assert "hunter2" not in written
    assert "postgresql://" in written


def test_what_is_no_secret_stays() -> None:
    event = {"event": "a job failed", "job": "verify", "count": 3, "ratio": 0.5, "none": None}
    assert hidden(None, "warning", dict(event)) == event


def test_an_error_is_told_with_its_traceback_and_not_with_what_it_quotes() -> None:
    try:
        try:
            {}["my secret key"]
        except KeyError as error:
            raise ValueError(f"invalid literal for int() with base 10: '{HUNTER}'") from error
    except ValueError:
        written = hidden(None, "error", {"event": "failed", "exc_info": True})["exception"]
    assert "hunter2" not in written
    assert "KeyError" in written
    assert "ValueError: invalid literal for int() with base 10: ..." in written
    assert "test_log_lines.py" in written


def test_what_is_ours_is_told_whole() -> None:
    assert told(TryAgain("The database does not answer.")) == "TryAgain: The database does not answer."
    assert told(AttributeError("'NoneType' object has no attribute 'x'")).endswith("no attribute 'x'")
    group = ExceptionGroup("several", [ValueError("a 'b'"), KeyError("c")])
    written = hidden(None, "error", {"event": "x", "exc_info": (type(group), group, None)})["exception"]
    assert "ValueError: a ..." in written


def test_a_validation_error_tells_where_and_not_what() -> None:
    class Shape(BaseModel):
        amount: int

    with pytest.raises(ValidationError) as failed:
        Shape.model_validate({"amount": "hunter2"})
    assert told(failed.value) == "ValidationError: Shape: amount int_parsing"


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("SELECT 'hunter2'::integer", "SQLSTATE 22P02"),
        (
            "CREATE TEMP TABLE t (payee text UNIQUE); INSERT INTO t VALUES ('hunter2'), ('hunter2')",
            "t_payee_key",
        ),
        (
            "CREATE TEMP TABLE u (payee text, CHECK (false)); INSERT INTO u VALUES ('hunter2')",
            "constraint u_check",
        ),
        ("DO $$ BEGIN RAISE EXCEPTION 'the payee hunter2'; END $$", "SQLSTATE P0001"),
        ("SELECT nothing_there FROM pg_class", "nothing_there"),
    ],
)
def test_an_error_of_the_database_tells_no_values(database: str, statement: str, says: str) -> None:
    with psycopg.connect(database) as connection, pytest.raises(psycopg.Error) as failed:
        connection.execute(statement.encode())
    assert "hunter2" not in told(failed.value)
    assert says in told(failed.value)


@pytest.fixture
def configured() -> Iterator[None]:
    before = logging.getLogger().handlers, logging.getLogger().level
    hooks = sys.excepthook, sys.unraisablehook
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers, logging.getLogger().level = before
    sys.excepthook, sys.unraisablehook = hooks


def test_libraries_write_the_same_lines(configured: None) -> None:
    out = io.StringIO()
    with redirect_stdout(out):
        log_lines.configure("debug")
        logging.getLogger("some.library").info("not interesting: %s", TOKEN)
        logging.getLogger("some.library").warning("cannot use %s", TOKEN)
        logging.getLogger("some.library").warning("%d is no number", "nonsense")
        try:
            raise ValueError(f"'{HUNTER}'")
        except ValueError:
            logging.getLogger("asyncio").exception("Task exception was never retrieved")
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["event"] for line in lines] == [
        f"cannot use {HIDDEN}",
        "%d is no number",
        "Task exception was never retrieved",
    ]
    assert lines[0]["logger"] == "some.library"
    assert "hunter2" not in out.getvalue()


PROGRAM = """
import sys, threading
from numina import log_lines
log_lines.configure("warning")
def fail(): raise ValueError(f"'{sys.argv[1]}' in a thread")
thread = threading.Thread(target=fail); thread.start(); thread.join()
class Bad:
    def __del__(self): raise ValueError(f"'{sys.argv[1]}' at the end")
Bad()
raise ValueError(f"'{sys.argv[1]}' in the main thread")
"""


def test_errors_that_nobody_caught_are_told_alike() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, HUNTER], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "hunter2" not in done.stdout + done.stderr
    assert done.stdout.count("nobody caught an error") == 3


def test_settings_show_no_secret() -> None:
    settings = Settings(
        database_url="postgresql://numina:hunter2@db/numina",
        master_key="hunter2",
        redis_url="redis://:hunter2@cache/0",
    )
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings)
    assert "hunter2" not in f"{settings!r} {settings.model_dump_json(exclude={'database_url'})}"


def test_settings_that_are_named_for_secrets_keep_them() -> None:
    told_in_full = [
        name
        for name, field in Settings.model_fields.items()
        if any(
            word in name for word in ("password", "secret", "token_", "master_key", "redis", "database_url")
        )
        and field.repr
        and "Secret" not in str(field.annotation)
        and field.annotation is not int
    ]
    assert not told_in_full, f"make them SecretStr, or repr=False: {told_in_full}"

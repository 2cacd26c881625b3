"""Every session is opened alike, whatever is set around it."""

from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ledger.session import session_url


def setting(connection: psycopg.Connection[Any], name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
    assert row is not None
    return str(row[0])


def test_what_is_set_for_the_database_does_not_reach_a_session(database: str) -> None:
    others = {"TimeZone": "Asia/Kathmandu", "jit": "on", "default_transaction_isolation": "serializable"}
    with psycopg.connect(database) as connection:
        name = sql.Identifier(connection.info.dbname)
        for parameter, value in others.items():
            change = sql.SQL("ALTER DATABASE {} SET {} = {}")
            connection.execute(change.format(name, sql.Identifier(parameter), sql.Literal(value)))
    with psycopg.connect(session_url(database)) as connection:
        assert [setting(connection, parameter) for parameter in others] == ["UTC", "off", "read committed"]


def test_a_session_has_the_rights_and_the_settings_that_it_is_opened_with(database: str) -> None:
    url = session_url(database, "numina_service", statement_timeout="30000", application_name="a b\\c")
    with psycopg.connect(url) as connection:
        assert setting(connection, "role") == "numina_service"
        assert setting(connection, "statement_timeout") == "30s"
        assert setting(connection, "application_name") == "a b\\c"


def test_options_of_the_url_are_kept_where_numina_has_none(database: str) -> None:
    url = make_conninfo(database, options="-c geqo=off -c TimeZone=Asia/Kathmandu")
    with psycopg.connect(session_url(url)) as connection:
        assert (setting(connection, "geqo"), setting(connection, "TimeZone")) == ("off", "UTC")


def test_text_is_exchanged_in_utf_8_whatever_the_environment_says(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with psycopg.connect(session_url(database)) as connection:
        assert connection.execute("SELECT %s", ("李",)).fetchone() == ("李",)

"""The veil: every read model that tells of accounts has its part in it, and every statement is read through it."""

import re
from uuid import UUID

import pytest

from projections import sql
from projections.all import ALL
from projections.veil import SQL, TABLES, Veil

_PAST = re.compile(rf"views\.|,\s*({'|'.join(TABLES)})\s+(AS|WHERE)")
VEIL = Veil(UUID(int=1), frozenset({UUID(int=2)}), frozenset({UUID(int=3)}))


def test_every_read_model_that_tells_of_accounts_is_veiled() -> None:
    about = {
        table
        for projection in ALL
        for table in projection.tables
        if any(word in projection.schema for word in ("account_id", "reconciliation_id", "created_position"))
    }
    assert about <= set(TABLES), f"give {about - set(TABLES)} a block in projections/veil.sql"
    assert set(TABLES) <= SQL.keys()


def test_nothing_reads_past_the_veil() -> None:
    """A read model is named without its schema, right after FROM or JOIN; else the veil would not be found."""
    for module in ("sums", "search", "listed", "lines", "statements", "accounts", "reports/cash_flow",
                   "reports/monthly", "reports/chart"):  # fmt: skip
        for name, statement in sql.load(f"projections/{module}.py").items():
            assert not _PAST.search(statement), (module, name)


@pytest.mark.parametrize(
    ("statement", "begins"),
    [
        ("SELECT 1 FROM postings", "WITH unseen AS"),
        ("-- Why.\nWITH found AS (SELECT 1 FROM transactions) SELECT 1", "WITH unseen AS"),
        ("WITH RECURSIVE up AS (SELECT 1 FROM accounts) SELECT 1", "WITH RECURSIVE unseen AS"),
    ],
)
def test_a_statement_is_read_through_the_veil(statement: str, begins: str) -> None:
    veiled = VEIL.over(statement)
    assert veiled is not None
    assert veiled.as_string().startswith(begins)


def test_what_is_not_about_accounts_is_left_as_it_is() -> None:
    assert VEIL.over("SELECT position FROM tracking") is None
    assert VEIL.over("-- as FROM accounts does\nSELECT 1") is None

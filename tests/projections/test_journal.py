"""The journals of a told history, judged by the programs that they are written for."""

import csv
import io
import shutil
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from beancount import loader
from beancount.core.data import Transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.money import ZERO
from numina.export_journal import export_journal
from tests.support.naive import Naive
from tests.support.projected import Projected

Fresh = Callable[[], AbstractContextManager[str]]
calm = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def journal(told: Projected, form: str, book_id: UUID) -> str:
    out = io.BytesIO()
    with psycopg.connect(told.url, options="-c search_path=views", autocommit=True) as connection:
        export_journal(connection, form, book_id, out)
    return out.getvalue().decode()


def expected(told: Projected, book_id: UUID, *states: str) -> list[tuple[str, Decimal]]:
    """The balances other than zero, by currency. Names are the journal's own affair."""
    naive = Naive(told.facts)
    sums: dict[tuple[UUID, str], Decimal] = {}
    for state in states:
        for _, p in naive.legs(book_id, state=state):
            sums[p.account_id, p.currency] = sums.get((p.account_id, p.currency), ZERO) + p.amount
    return sorted((currency, amount) for (_, currency), amount in sums.items() if amount)


@calm
@given(seed=st.integers(0, 10**9))
def test_beancount_accepts_the_journal_and_finds_our_balances(fresh_database: Fresh, seed: int) -> None:
    with fresh_database() as url:
        told = Projected(url, seed)
        for book_id in told.books:
            entries, errors, _ = loader.load_string(journal(told, "beancount", book_id))
            assert errors == []
            sums: dict[tuple[str, str], Decimal] = {}
            for entry in entries:
                if isinstance(entry, Transaction):
                    for p in entry.postings:
                        key = (p.account, p.units.currency)
                        sums[key] = sums.get(key, ZERO) + p.units.number
            found = sorted((currency, amount) for (_, currency), amount in sums.items() if amount)
            assert found == expected(told, book_id, "posted", "pending")


@pytest.mark.skipif(shutil.which("hledger") is None, reason="hledger is not installed")
@calm
@given(seed=st.integers(0, 10**9))
def test_hledger_accepts_the_journal_and_finds_our_balances(
    fresh_database: Fresh, tmp_path: Path, seed: int
) -> None:
    with fresh_database() as url:
        told = Projected(url, seed)
        for book_id in told.books:
            file = tmp_path / "book.journal"
            file.write_text(journal(told, "hledger", book_id))
            hledger(file, "check", "accounts", "commodities", "balancednoautoconversion", "ordereddates")
            report = hledger(
                file, "balance", "--cleared", "--flat", "--layout=bare", "-O", "csv", "--no-total"
            )
            rows = list(csv.reader(io.StringIO(report)))[1:]
            found = sorted(
                (c, Decimal(a.replace(",", ""))) for _, c, a in rows if Decimal(a.replace(",", ""))
            )
            assert found == expected(told, book_id, "posted")


def hledger(file: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["hledger", "-f", str(file), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout

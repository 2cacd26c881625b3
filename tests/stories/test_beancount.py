"""A real ledger that nobody here wrote: Numina must say of it, to the digit, what beancount says."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from beancount import loader
from beancount.core.data import Open

from tests.stories import beancount_figures
from tests.stories.beancount_book import Book, generated, loaded
from tests.stories.beancount_figures import Figures
from tests.stories.serving import Serving

pytestmark = pytest.mark.story

SEED = 1202
CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "ledger" / "example.beancount"
BULK = 1_000
ONE_BY_ONE = 20
"""Every so manieth transaction is posted on its own."""

END = dt.date(2999, 12, 31)
_DAY = dt.timedelta(days=1)
_PERIOD = re.compile(r"^(\d{4})-(\d{2})-01$")


@pytest.fixture(scope="module", params=["bean-example", "corpus"])
def book(
    request: pytest.FixtureRequest, service: Serving, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Book]:
    """The ledger, loaded into a book of its own over HTTP."""
    if request.param == "corpus":
        if not CORPUS.exists():
            pytest.skip("the corpus is not here")
        file = CORPUS
    else:
        file = generated(tmp_path_factory.mktemp("ledger") / "example.beancount", SEED)
    book = loaded(file, service.register(currency="USD", time_zone="America/New_York"))
    book.open_accounts()
    requests = list(book.requests())
    for body in requests[::ONE_BY_ONE]:
        book.person.post("/transactions", body)
    rest = [body for index, body in enumerate(requests) if index % ONE_BY_ONE]
    for start in range(0, len(rest), BULK):
        items = rest[start : start + BULK]
        results = book.person.post("/transactions/bulk", {"items": items}, 207)["results"]
        assert [result for result in results if result["status"] != 201] == []
    yield book
    book.person.client.close()


def test_every_balance_at_the_end_is_what_beancount_says(book: Book) -> None:
    assert _balances(book) == beancount_figures.balances(book.entries, END)


def test_every_balance_at_each_year_s_end_is_what_beancount_says(book: Book) -> None:
    years = {transaction.date.year for transaction in book.transactions}
    assert len(years) > 2
    for year in sorted(years):
        last = dt.date(year, 12, 31)
        assert _balances(book, as_of=last.isoformat()) == beancount_figures.balances(book.entries, last), year


def test_every_month_of_the_income_statement_is_what_beancount_says(book: Book) -> None:
    months = beancount_figures.months(book.entries)
    first, last = dt.date(*months[0], 1), _month_end(*months[-1])
    query = {"from": first.isoformat(), "to": last.isoformat(), "by": "month"}
    statement = book.person.get("/reports/income-statement", **query)
    found = _by_month(book, statement)
    assert len(months) > 24
    for year, month in months:
        assert found.get((year, month), {}) == beancount_figures.month(book.entries, year, month), (
            year,
            month,
        )


def test_the_balance_sheet_of_each_year_is_what_beancount_says(book: Book) -> None:
    for year in sorted({transaction.date.year for transaction in book.transactions}):
        last = dt.date(year, 12, 31)
        expected: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for (name, currency), amount in beancount_figures.balances(book.entries, last).items():
            expected[name.split(":")[0], currency] += amount
        sheet = book.person.get("/reports/balance-sheet", as_of=last.isoformat())["currencies"]
        for side in sheet:
            code = side["currency"]
            assert Decimal(side["difference"]["amount"]) == 0
            assert Decimal(side["assets"]["total"]["amount"]) == expected["Assets", code]
            assert Decimal(side["liabilities"]["total"]["amount"]) == -expected["Liabilities", code]
            earned = expected["Income", code] + expected["Expenses", code]
            assert Decimal(side["retained"]["amount"]) == -earned
        assert {side["currency"] for side in sheet} >= {code for (_, code), sum_ in expected.items() if sum_}


def test_every_balance_directive_may_be_asserted_and_is_held_true(book: Book) -> None:
    assert len(book.assertions) > 50
    for directive in book.assertions:
        # Beancount means the beginning of the day, Numina the end of the day before.
        body = {
            "account_id": book.ids[directive.account],
            "date": (directive.date - _DAY).isoformat(),
            "amount": f"{directive.amount.number:f}",
            "currency": directive.amount.currency,
        }
        book.person.post("/assertions", body)
    checking = next(d for d in book.assertions if d.account.endswith(":Checking"))
    legs = [
        {"account_id": book.ids[checking.account], "amount": "-0.01", "currency": "USD"},
        {"account_id": book.ids["Expenses:Financial:Fees"], "amount": "0.01", "currency": "USD"},
    ]
    early = {"date": (checking.date - _DAY).isoformat(), "postings": legs}
    refused = book.person.post("/transactions", early, 409)
    assert refused["code"] == "assertion_broken"
    assert refused["date"] == early["date"]


def test_the_books_balance_in_every_commodity(book: Book) -> None:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for (_, currency), amount in _all_balances(book).items():
        sums[currency] += amount
    assert set(sums) == {currency for _, currency in beancount_figures.balances(book.entries, END)}
    assert not any(sums.values())


def test_read_models_that_are_rebuilt_meanwhile_say_the_same(book: Book, service: Serving) -> None:
    before = _all_balances(book)
    rebuilt = service.cli("rebuild")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert _all_balances(book) == before
    verified = service.cli("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_the_exported_beancount_ledger_passes_bean_check_and_agrees(
    book: Book, service: Serving, tmp_path: Path
) -> None:
    file = tmp_path / "book.beancount"
    written = service.cli("export", "--format", "beancount", "--book", book.person.book_id, "-o", str(file))
    assert written.returncode == 0, written.stderr
    entries, errors, _ = loader.load_file(str(file))
    assert errors == []
    ids = {entry.account: entry.meta["id"] for entry in entries if isinstance(entry, Open)}
    figures = beancount_figures.balances(entries, END)
    assert {(ids[name], code): amount for (name, code), amount in figures.items()} == _all_balances(book)


@pytest.mark.skipif(shutil.which("hledger") is None, reason="hledger is not installed")
def test_hledger_checks_the_exported_journal_and_agrees(book: Book, service: Serving, tmp_path: Path) -> None:
    file = tmp_path / "book.journal"
    written = service.cli("export", "--format", "hledger", "--book", book.person.book_id, "-o", str(file))
    assert written.returncode == 0, written.stderr
    _hledger(file, "check", "--strict")
    declared = re.findall(r"^account (.*?)  ; type:., id:(\S+)$", file.read_text(), re.MULTILINE)
    ids = dict(declared)
    rows = csv.DictReader(
        io.StringIO(_hledger(file, "balance", "--flat", "--no-total", "--layout=bare", "-Ocsv"))
    )
    figures = {(ids[row["account"]], row["commodity"].strip('"')): Decimal(row["balance"]) for row in rows}
    assert {place: amount for place, amount in figures.items() if amount} == _all_balances(book)


def _balances(book: Book, **query: str) -> Figures:
    """What Numina says of each account of the ledger."""
    names = {identifier: name for name, identifier in book.ids.items()}
    found = _all_balances(book, **query)
    return {(names[place[0]], place[1]): amount for place, amount in found.items() if place[0] in names}


def _all_balances(book: Book, **query: str) -> Figures:
    """The posted balance of every account of the book, by its id, where it is not zero."""
    figures: Figures = {}
    for identifier in (*book.ids.values(), book.conversion):
        for balance in book.person.get(f"/accounts/{identifier}/balance", **query)["balances"]:
            amount = Decimal(balance["posted"]["amount"])
            if amount:
                figures[identifier, balance["currency"]] = amount
    return figures


def _by_month(book: Book, statement: dict[str, Any]) -> dict[tuple[int, int], Figures]:
    """The figures of an income statement by month, debit positive as beancount has them."""
    names = {identifier: name for name, identifier in book.ids.items()}
    months = [dt.date.fromisoformat(period["start"]) for period in statement["periods"]]
    found: dict[tuple[int, int], Figures] = defaultdict(dict)
    for side in statement["currencies"]:
        for section, sign in ((side["income"], -1), (side["expense"], 1)):
            for line in _lines(section["lines"]):
                for month, amount in zip(months, line["own"], strict=True):
                    if Decimal(amount):
                        place = names[line["account_id"]], side["currency"]
                        found[month.year, month.month][place] = sign * Decimal(amount)
    return found


def _lines(lines: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for line in lines:
        yield line
        yield from _lines(line["lines"])


def _month_end(year: int, month: int) -> dt.date:
    return (dt.date(year, month, 1) + dt.timedelta(days=31)).replace(day=1) - _DAY


def _hledger(file: Path, *arguments: str) -> str:
    ran = subprocess.run(
        ["hledger", "-f", str(file), *arguments],
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin:/usr/local/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout

"""hledger's reports over a journal of ten years, where the program is installed."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from tests.bench.workload import HOUSEHOLD

ASSETS, EXPENSES, _ = HOUSEHOLD
REPORTS = {
    "balances": ("balance", "--flat"),
    "income statement of ten years by month": ("incomestatement", "--monthly"),
    "one month": ("incomestatement", "--begin", "2020-05-01", "--end", "2020-06-01"),
    "filtered search": ("register", "expenses:e5", "desc:Payee 17"),
}


class Report(NamedTuple):
    seconds: float
    peak_mb: float


def version() -> str | None:
    """What hledger calls itself; None when it is not installed."""
    path = shutil.which("hledger")
    if path is None:
        return None
    return subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout.strip()


def reports(transactions: int, runs: int) -> dict[str, list[Report]]:
    """Each report's runs over one journal of so many transactions."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "book.journal"
        _write(journal, transactions)
        return {name: [_report(journal, query) for _ in range(runs)] for name, query in REPORTS.items()}


def _write(journal: Path, transactions: int) -> None:
    chance = random.Random(1)
    first = date(2016, 1, 1)
    with journal.open("w") as out:
        for number in range(transactions):
            day = first + timedelta(days=number * 3652 // transactions)
            cents = chance.randrange(100, 20_000)
            out.write(
                f"{day} Payee {chance.randrange(200)}\n"
                f"    expenses:e{chance.randrange(EXPENSES)}  {cents // 100}.{cents % 100:02} USD\n"
                f"    assets:a{chance.randrange(ASSETS)}\n\n"
            )


def _report(journal: Path, query: tuple[str, ...]) -> Report:
    start = time.perf_counter()
    process = subprocess.Popen(["hledger", "-f", str(journal), *query], stdout=subprocess.DEVNULL)
    peak = _peak_mb(process)
    if process.returncode:
        raise RuntimeError(f"hledger {query} ended with {process.returncode}")
    return Report(time.perf_counter() - start, peak)


def _peak_mb(process: subprocess.Popen[bytes]) -> float:
    """Waits for the process; the most memory it had resident."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss / 1024

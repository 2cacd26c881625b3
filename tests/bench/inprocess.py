"""The write side without HTTP: a migrated database, a book with its accounts, and the writer itself."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from uuid import UUID

from gateways.vault import Vault
from ledger.accounts.commands import OpenAccount
from ledger.accounts.events import Kind
from ledger.books.commands import OpenBook
from ledger.command import Command, Outcome
from ledger.ids import new_id
from ledger.transactions.commands import PostTransaction
from ledger.writer import Writer
from numina.master_key import master_key
from numina.settings import Settings
from numina.workers import tune_interpreter
from tests.bench.workload import THOUSAND, Book, Chart, Payment, ten_years

BATCH = 1_000


def keys(url: str, home: Path, role: str = "numina_service") -> Vault:
    """The vault of the database, under the master key that a service with this home uses."""
    return Vault(url, master_key(Settings(database_url=url, home=home)), role=role)


@contextmanager
def writing(url: str, home: Path) -> Iterator[Writer]:
    """A started writer with the limits that it has by default, in a process set up as the service's is."""
    tune_interpreter()
    vault = keys(url, home)
    writer = Writer(url, vault)
    writer.start()
    try:
        yield writer
    finally:
        writer.stop()
        vault.close()


def carry_out(writer: Writer, commands: Sequence[Command]) -> None:
    """All of them, in batches of at most BATCH; anything but an outcome is raised."""
    for start in range(0, len(commands), BATCH):
        for result in writer.handle_all_sync(commands[start : start + BATCH]):
            if not isinstance(result, Outcome):
                raise result


def open_book(writer: Writer, chart: Chart = THOUSAND) -> Book:
    """A fresh book with the accounts of the chart."""
    book_id, user_id = new_id(), new_id()
    now = datetime.now(UTC)
    opening = OpenBook(
        command_id=new_id(), book_id=book_id, actor_id=user_id, now=now,
        title="Bench", currency="USD", time_zone="UTC",
    )  # fmt: skip
    carry_out(writer, [opening])
    book = Book(book_id, user_id, _ids(chart.assets), _ids(chart.expenses), _ids(chart.incomes))
    asset: tuple[Kind, str] = ("asset", "checking")
    expense: tuple[Kind, str] = ("expense", "category")
    income: tuple[Kind, str] = ("income", "category")
    wanted = [(*asset, i) for i in book.assets]
    wanted += [(*expense, i) for i in book.expenses] + [(*income, i) for i in book.incomes]
    accounts = [
        OpenAccount(
            command_id=new_id(), book_id=book_id, actor_id=user_id, now=now, account_id=account_id,
            kind=kind, type=type_, currency="USD", text={"name": f"{type_} {number}"},
        )
        for number, (kind, type_, account_id) in enumerate(wanted)
    ]  # fmt: skip
    carry_out(writer, accounts)
    return book


def seed(url: str, home: Path, book: Book, count: int, seed: int) -> float:
    """Posts `count` payments of ten years into the book; the seconds that it took."""
    start = time.perf_counter()
    with writing(url, home) as writer:
        payments = ten_years(book, count, seed)
        while chunk := list(islice(payments, BATCH)):
            carry_out(writer, [payment.command(book) for payment in chunk])
    return time.perf_counter() - start


def prepared(book: Book, payments: Iterable[Payment]) -> list[PostTransaction]:
    """The commands, made beforehand; what waits to be handed in is not for the collector to walk through."""
    commands = [payment.command(book) for payment in payments]
    gc.collect()
    gc.freeze()
    return commands


def rate(writer: Writer, commands: Sequence[Command], waiting: int) -> float:
    """Transactions a second, handed in as batches of BATCH with `waiting` of them at the writer at a time.

    A batch is over when its last answer is there, which is after its commit.
    """

    def hand_in(start: int) -> None:
        for result in writer.handle_all_sync(commands[start : start + BATCH]):
            if not isinstance(result, Outcome):
                raise result

    with ThreadPoolExecutor(waiting) as callers:
        begin = time.perf_counter()
        list(callers.map(hand_in, range(0, len(commands), BATCH)))
        return len(commands) / (time.perf_counter() - begin)


def _ids(count: int) -> tuple[UUID, ...]:
    return tuple(new_id() for _ in range(count))

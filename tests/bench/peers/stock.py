"""The stock `eventsourcing` application saving transfers of two postings, an aggregate each."""

from __future__ import annotations

import time
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from psycopg.conninfo import conninfo_to_dict


class Transfer(Aggregate):
    """The data of a transaction of ours: date, payee, two postings with account, amount and currency.

    Kept small, which flatters it: ids are bare hexadecimal, postings plain lists, the book is left out; 280
    bytes an event. From about 350 bytes a save of 1,000 often never returns, because the stock recorder's
    pipeline and the server wait for each other.
    """

    @event("Posted")
    def __init__(self, on: str, payee: str, postings: list[list[str]]) -> None:
        self.on = on
        self.payee = payee
        self.postings = postings


def batched(url: str, size: int, batches: int) -> tuple[list[float], list[float]]:
    """Saves of `size` aggregates each: seconds of `Application.save`, and seconds with making them."""
    application = _application(url)
    accounts = [uuid4().hex for _ in range(1000)]
    application.save(*_transfers(accounts, size))
    saves, wholes = [], []
    for _ in range(batches):
        begin = time.perf_counter()
        made = _transfers(accounts, size)
        start = time.perf_counter()
        application.save(*made)
        end = time.perf_counter()
        saves.append(end - start)
        wholes.append(end - begin)
    application.close()
    return saves, wholes


def single(url: str, count: int) -> float:
    """Transfers a second, made and saved one at a time."""
    application = _application(url)
    accounts = [uuid4().hex for _ in range(1000)]
    application.save(*_transfers(accounts, 10))
    start = time.perf_counter()
    for number in range(count):
        application.save(_transfer(accounts, number))
    rate = count / (time.perf_counter() - start)
    application.close()
    return rate


def _application(url: str) -> Application[UUID]:
    parts = conninfo_to_dict(url)
    return Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(parts["dbname"]),
            "POSTGRES_HOST": str(parts["host"]),
            "POSTGRES_PORT": str(parts["port"]),
            "POSTGRES_USER": str(parts["user"]),
            "POSTGRES_PASSWORD": "",
        }
    )


def _transfers(accounts: list[str], count: int) -> list[Transfer]:
    return [_transfer(accounts, number) for number in range(count)]


def _transfer(accounts: list[str], number: int) -> Transfer:
    source, target = accounts[number % 1000], accounts[(number * 7 + 1) % 1000]
    amount = Decimal(number % 10_000 + 1) / 100
    return Transfer(
        on=date(2026, 1 + number % 12, 1 + number % 28).isoformat(),
        payee=f"Grocer {number % 50}",
        postings=[
            [source, f"-{amount}", "USD"],
            [target, str(amount), "USD"],
        ],
    )

"""The yardstick: PostgreSQL itself inserting one 200-byte row a commit."""

from __future__ import annotations

import time
from threading import Barrier

import psycopg

from tests.bench.children import together

ROW = "x" * 200


def prepare(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE yardstick (id bigserial PRIMARY KEY, words text NOT NULL)")


def commits(url: str, clients: int, each: int) -> float:
    """Rows a second, every row its own durable commit, by `clients` processes."""
    spans = together(clients, _insert, url, each)
    return clients * each / (max(end for _, end in spans) - min(start for start, _ in spans))


def _insert(ready: Barrier, _index: int, url: str, count: int) -> tuple[float, float]:
    with psycopg.connect(url, autocommit=True) as connection:
        insert = "INSERT INTO yardstick (words) VALUES (%s)"
        for _ in range(10):
            connection.execute(insert, (ROW,), prepare=True)
        ready.wait()
        start = time.time()
        for _ in range(count):
            connection.execute(insert, (ROW,), prepare=True)
        return start, time.time()

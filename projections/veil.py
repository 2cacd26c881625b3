"""Reading a book without what is private to others: each table is replaced by what somebody may see of it.

The statements of reports, lists and searches stay what they are. Before each one goes common table expressions that
bear the names of the read models, so that it finds them instead: rows of accounts that are private to others are not
there, nor are transactions that stand on such accounts alone. Of a transaction that stands on others as well, the
hidden legs are shown on one equity account that stands for all of them (`ledger.accounts.account.private_side`), so
that everything still balances. Whoever nothing is hidden from reads the tables themselves.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Self
from uuid import UUID

import msgspec
import psycopg
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL as Text
from psycopg.sql import Composable, Composed, Literal

from ledger.accounts.account import private_side
from projections import sql, tables

SQL = sql.load(__file__)

Connection = psycopg.AsyncConnection[Any]
TABLES = ("accounts", "balances", "postings", "transactions", "rollup", "reconciliations", "assertions")
"""The read models that tell of accounts, each of which has a block of its name."""
_NAMED = re.compile(rf"(?:FROM|JOIN)\s+({'|'.join(TABLES)})\b")
_COMMENT = re.compile(r"--[^\n]*\n")
_BLOCKS = {name: _COMMENT.sub("", block) for name, block in SQL.items()}
_WITH = re.compile(r"\s*WITH\s+(RECURSIVE\s+)?", re.IGNORECASE)


class Veil(msgspec.Struct, frozen=True):
    """What somebody may not see of a book: the accounts that are `hidden`; `own` are its other assets and
    liabilities."""

    book_id: UUID
    hidden: frozenset[UUID]
    own: frozenset[UUID]

    def over(self, statement: str) -> Composed | None:
        """The statement as it reads what may be seen; None where it reads nothing of a book."""
        bare = _COMMENT.sub("", statement)
        named = set(_NAMED.findall(bare))
        if not named:
            return None
        parts: dict[str, Composable] = {
            "book": Literal(self.book_id),
            "side": Literal(private_side(self.book_id)),
            "hidden": Literal(sorted(self.hidden)),
            "own": Literal(sorted(self.own)),
        }
        tables = [
            Text(_BLOCKS[name]).format(**parts) for name in ("unseen", *TABLES) if name in {*named, "unseen"}
        ]
        already = _WITH.match(bare)
        recursive = Text("RECURSIVE ") if already and already[1] else Text("")
        rest = bare[already.end() :] if already else bare
        # The statement is the product's own; only the blocks before it are new.
        joined = Text(", ") if already else Text(" ")
        return Text("WITH ") + recursive + Text(", ").join(tables) + joined + Text(rest)


class VeiledCursor(psycopg.AsyncCursor[Any]):
    """A cursor whose statements read through a veil. They are not prepared: each person has their own."""

    def __init__(self, connection: Connection, *, veil: Veil, **options: Any) -> None:
        super().__init__(connection, **options)
        self._veil = veil

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        text = query.as_string(self.connection) if isinstance(query, Composable) else query
        veiled = self._veil.over(text)
        if veiled is None:
            return await super().execute(query, params, **options)
        return await super().execute(veiled, params, **{**options, "prepare": False})


async def veil(connection: Connection, book_id: UUID, viewer: UUID) -> Veil | None:
    """What `viewer` may not see of the book; None for nothing. The connection must not be veiled."""
    cursor = await connection.execute(SQL["hidden"], {"book_id": book_id}, binary=True)
    owners = {UUID(bytes=digest[:16]): UUID(bytes=digest[16:]) for (digest,) in await cursor.fetchall()}
    hidden = frozenset(account_id for account_id, owner in owners.items() if owner != viewer)
    if not hidden:
        return None
    given = {"book_id": book_id, "hidden": list(hidden)}
    cursor = await connection.execute(SQL["own"], given, binary=True)
    return Veil(book_id, hidden, frozenset(row[0] for row in await cursor.fetchall()))


@asynccontextmanager
async def seeing(connection: Connection, book_id: UUID, viewer: UUID) -> AsyncIterator[Veil | None]:
    """While this lasts the connection reads of the book what `viewer` may see; also given is what they may not, None
    for nothing. All of it is one transaction, unless it is in one already, so that nothing that is made private, or
    recorded on a private account, comes between."""
    outside = connection.info.transaction_status == TransactionStatus.IDLE
    try:
        if outside:
            await tables.keep(connection)
        hidden = await veil(connection, book_id, viewer)
        if hidden is not None:
            put_on(connection, hidden)
        yield hidden
    finally:
        take_off(connection)
        if outside:
            await connection.rollback()


def put_on(connection: Connection, veil: Veil) -> None:
    """From now on the connection's cursors read through the veil."""
    connection.cursor_factory = partial(VeiledCursor, veil=veil)  # type: ignore[assignment]  # it makes cursors


def take_off(connection: Connection) -> None:
    """The connection's cursors read the tables themselves."""
    connection.cursor_factory = psycopg.AsyncCursor

"""Reading a book without what is private to others, wherever a request reads the read models."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg.pq import TransactionStatus

from api.principal import Principal
from api.services import Context
from ledger.books.book import Book
from projections import tables
from projections.veil import Connection, Veil, put_on, take_off, veil


def maybe_veiled(found: Context) -> Principal | None:
    """Who asks, if anything in the book of the request might be private to somebody else."""
    who = found.principal
    if who is None or who.role is None:
        return None
    book = found.services.standing.known(who.book_id, Book)
    return None if book is not None and book.private <= {who.user_id} else who


@asynccontextmanager
async def veiling(found: Context, connection: Connection) -> AsyncIterator[Veil | None]:
    """The connection reads, while this lasts, what whoever asks may see of the book; also given is what they may
    not, None for nothing.

    Where something might be hidden all of it is one transaction, so that nothing that is made private, or recorded
    on a private account, comes between. Other books are read as ever.
    """
    who = maybe_veiled(found)
    if who is None:
        yield None
        return
    outside = connection.info.transaction_status == TransactionStatus.IDLE
    try:
        if outside:
            await tables.keep(connection)
        hidden = await veil(connection, who.book_id, who.user_id)
        if hidden is not None:
            put_on(connection, hidden)
        yield hidden
    finally:
        take_off(connection)
        if outside:
            await connection.rollback()

"""Reading a book without what is private to others, wherever a request reads the read models."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.principal import Principal
from api.services import Context
from ledger.books.book import Book
from projections.veil import Connection, Veil, seeing


def sharing(found: Context) -> Principal | None:
    """Who asks, if the book of the request is shared, or anything in it might be private to somebody else."""
    who = found.principal
    if who is None or who.role is None:
        return None
    book = found.services.standing.known(who.book_id, Book)
    return None if book is not None and len(book.members) < 2 and book.private <= {who.user_id} else who


def maybe_veiled(found: Context) -> Principal | None:
    """Who asks, if anything in the book of the request might be private to somebody else."""
    who = found.principal
    if who is None or who.role is None:
        return None
    book = found.services.standing.known(who.book_id, Book)
    return None if book is not None and book.private <= {who.user_id} else who


@asynccontextmanager
async def veiling(
    found: Context, connection: Connection, private: bool = False
) -> AsyncIterator[Veil | None]:
    """The connection reads, while this lasts, what whoever asks may see of the book; also given is what they may
    not, None for nothing.

    Where nothing might be hidden, books are read as ever. `private` is whether something was just seen to be, which
    this process may not have heard of yet.
    """
    who = found.principal if private else maybe_veiled(found)
    if who is None or who.role is None:
        yield None
        return
    async with seeing(connection, who.book_id, who.user_id) as hidden:
        yield hidden

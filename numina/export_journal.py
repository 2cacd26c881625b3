"""Writes one book as a plain-text journal, from one snapshot of the read models."""

import datetime as dt
from collections.abc import Iterator
from typing import IO, Any
from uuid import UUID

import psycopg

from numina.journals import Beancount, Head, Hledger, Journal, JournalAccount, JournalEntry, Leg, named
from numina.trouble import Trouble
from projections import accounts as tree

FORMS: dict[str, type[Journal]] = {"hledger": Hledger, "beancount": Beancount}
_CHUNK = 2000

_BOOK = "SELECT name FROM books WHERE book_id = %s"
_POSITION = "SELECT position FROM tracking"
_FIRST = "SELECT account_id, min(date) FROM postings WHERE book_id = %s GROUP BY account_id"
# As many as the finest amount in the book has.
_DECIMALS = "SELECT currency, max(scale(amount)) FROM postings WHERE book_id = %s GROUP BY currency"
_TRANSACTIONS = """
    SELECT t.id, t.date, t.state, t.payee, t.notes, t.tags, t.memos,
           array_agg(p.account_id ORDER BY p.line), array_agg(p.amount ORDER BY p.line),
           array_agg(p.currency ORDER BY p.line)
      FROM transactions t
      JOIN postings p ON p.created_position = t.created_position AND p.version = t.terms_version
     WHERE t.book_id = %s AND t.state IN ('posted', 'pending')
     GROUP BY t.created_position
     ORDER BY t.date, t.created_position
"""


def export_journal(connection: psycopg.Connection[Any], form: str, book: UUID, out: IO[bytes]) -> int:
    """Writes the book in `form` ("hledger" or "beancount"); returns how many transactions.

    Posted and pending ones are written, voided ones are not: they have no effect. `connection` has the read
    models on its search path and is not in a transaction. Raises Trouble for a book that is not there.
    """
    journal = FORMS[form]()
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        title = connection.execute(_BOOK, [book]).fetchone()
        if title is None:
            raise Trouble(f"there is no book {book}")
        [position] = connection.execute(_POSITION).fetchone() or (0,)
        accounts = _accounts(connection, book)
        names = named(journal, accounts)
        decimals = dict(connection.execute(_DECIMALS, [book]).fetchall())
        head = Head(title[0] or "Book", position, [(names[a.id], a) for a in accounts], decimals)
        out.writelines(line.encode() for line in journal.head(head))
        written = 0
        for entry in _entries(connection, book, names):
            out.writelines(line.encode() for line in journal.entry(entry))
            written += 1
    return written


def _accounts(connection: psycopg.Connection[Any], book: UUID) -> list[JournalAccount]:
    first: dict[UUID, dt.date] = dict(connection.execute(_FIRST, [book]).fetchall())
    rows = connection.execute(tree.SQL["of_book"], {"book_id": book}, binary=True).fetchall()
    views = tree.tree(tree.AccountRow(*row) for row in rows)
    return [
        JournalAccount(
            view.account.account_id,
            view.account.kind,
            view.path,
            first.get(view.account.account_id, view.account.opened_at.date()),
        )
        for view in views
    ]


def _entries(
    connection: psycopg.Connection[Any], book: UUID, names: dict[UUID, str]
) -> Iterator[JournalEntry]:
    with connection.cursor("journal") as cursor:
        cursor.itersize = _CHUNK
        cursor.execute(_TRANSACTIONS, [book])
        for identifier, date, state, payee, notes, tags, memos, accounts, amounts, currencies in cursor:
            remarks = ([*(memos or ())] + [None] * len(accounts))[: len(accounts)]
            legs = [
                Leg(names[account], amount, currency, memo)
                for account, amount, currency, memo in zip(
                    accounts, amounts, currencies, remarks, strict=True
                )
            ]
            pending = state == "pending"
            yield JournalEntry(identifier, date, pending, payee or "", notes or "", tags or (), legs)

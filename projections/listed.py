"""Rows of the register as transactions, as they stand now or as they were believed at a position."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from ledger.accounts.account import private_side
from ledger.postings import Posting
from ledger.transactions.events import State, Terms
from ledger.transactions.transaction import Transaction
from projections import sql

SQL = sql.load(__file__)

Connection = psycopg.AsyncConnection[Any]


class Listed(msgspec.Struct, frozen=True):
    """A transaction as it stands now, with when it came and when it last changed."""

    transaction: Transaction
    created_position: int
    created_at: dt.datetime
    updated_position: int
    updated_at: dt.datetime


class Believed(msgspec.Struct, frozen=True):
    """What was believed of a transaction at some position: its terms, but for its type, and their version."""

    date: dt.date
    state: State
    version: int
    legs: list[Posting]


async def listed(connection: Connection, created: Sequence[int], known_at: int | None = None) -> list[Listed]:
    """The transactions that were created at the given positions, the latest date first.

    With `known_at` each has the date, state, postings and version that were believed at that position (and is
    left out if none were); its words, its type and its marks are those of today.
    """
    if not created:
        return []
    given = {"created": list(created), "position": known_at}
    cursor = connection.cursor(binary=True)
    if known_at is not None:
        await cursor.execute(SQL["legs_known_at"], given)
        believed = _believed(await cursor.fetchall())
        legs = await _legs(cursor, given)
        await cursor.execute(SQL["rows"], given)
        found = [
            _listed(row, legs.get(row[0], ()), believed[row[0]])
            for row in await cursor.fetchall()
            if row[0] in believed
        ]
        return sorted(
            found, key=lambda item: (item.transaction.terms.date, item.created_position), reverse=True
        )
    legs = await _legs(cursor, given)
    await cursor.execute(SQL["rows"], given)
    return [_listed(row, legs.get(row[0], ())) for row in await cursor.fetchall()]


async def _legs(cursor: psycopg.AsyncCursor[Any], given: Mapping[str, Any]) -> dict[int, list[Posting]]:
    """The legs that each transaction has now, or had last."""
    await cursor.execute(SQL["legs"], given)
    legs: dict[int, list[Posting]] = {}
    for position, account_id, amount, currency in await cursor.fetchall():
        legs.setdefault(position, []).append(Posting(account_id, amount, currency))
    return legs


def _believed(rows: Sequence[tuple[Any, ...]]) -> Mapping[int, Believed]:
    found: dict[int, Believed] = {}
    for position, account_id, amount, currency, date, state, version in rows:
        known = found.setdefault(position, Believed(date, state, version, []))
        known.legs.append(Posting(account_id, amount, currency))
    return found


def _listed(row: tuple[Any, ...], legs: Sequence[Posting], believed: Believed | None = None) -> Listed:
    (
        created_position, created_at, updated_position, updated_at, id_, book_id, version, date, type_, state,
        expired, expires_at, payee, notes, tags, memos, metadata, cleared, reconciled, reconciliations,
    ) = row  # fmt: skip
    # What is said of a leg is said of those of today.
    hidden = _hidden(legs, book_id) if memos else ()
    if believed is not None:
        date, state, version, legs = believed.date, believed.state, believed.version, believed.legs
        expired = False
    text = {"payee": payee, "notes": notes, "tags": "\n".join(tags or ()), "metadata": metadata}
    text |= {f"memo.{line}": memo for line, memo in enumerate(memos or ()) if line not in hidden}
    transaction = Transaction(
        transaction_id=id_,
        book_id=book_id,
        version=version,
        terms=Terms(date, tuple(legs), type_, state, expires_at),
        text={key: words for key, words in text.items() if words},
        expired=expired,
        cleared=frozenset(cleared or ()),
        reconciled=dict(zip(reconciliations or (), reconciled or (), strict=True)),
    )
    return Listed(transaction, created_position, created_at, updated_position, updated_at)


def _hidden(legs: Sequence[Posting], book_id: UUID) -> Collection[int]:
    """The lines that are shown without their account: what is said of them is for whoever sees it."""
    side = private_side(book_id)
    return {line for line, leg in enumerate(legs) if leg.account_id == side}

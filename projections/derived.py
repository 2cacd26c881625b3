"""What the record says that read models and registers must hold, worked out in temporary tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple, Self
from uuid import UUID

from psycopg.sql import SQL as Text
from psycopg.sql import Identifier

from ledger.accounts.events import AccountGuarded, AccountOpened
from ledger.command import Claim
from ledger.entities import fold
from ledger.ids import NIL
from ledger.loading import claim_digest
from ledger.log import read_streams
from ledger.sealing import Keys
from projections import sql, tables
from projections.compare import compare
from projections.copying import copy
from projections.forgetting import erased
from projections.projection import Projection, Window

SQL = sql.load(__file__)

_OWN = (
    "derived_effects",
    "derived_accounts",
    "derived_floors",
    "derived_holders",
    "derived_claims",
    "derived_erased",
)
_EFFECTS = {
    "position": "int8",
    "book_id": "uuid",
    "account_id": "uuid",
    "currency": "text",
    "date": "date",
    "posted": "numeric",
    "pending": "numeric",
    "reserved": "numeric",
}
_ACCOUNTS = {"account_id": "uuid", "book_id": "uuid", "kind": "text"}
_FLOORS = {"account_id": "uuid", "currency": "text", "floor": "numeric", "policy": "text"}
_CLAIMS = {"scope": "uuid", "kind": "text", "digest": "bytea", "holder": "uuid"}
_CLAIMING = ("account", "invitation", "user")
"""The nouns whose entities hold unique names."""
_STREAMS = 500


class Mismatch(NamedTuple):
    """Something that is not as the record, or a law, says: which rule, where, in words."""

    rule: str
    detail: str
    position: int | None = None


class Derived:
    """Temporary tables of one connection, filled from windows of facts: of the whole record, or of one book.

    Nobody else sees them and a crash leaves none behind. `by_book` leaves out projections of the record as a
    whole, which cannot be derived from the facts of one book.
    """

    def __init__(
        self, url: str, keys: Keys, projections: Collection[Projection], *, by_book: bool = False
    ) -> None:
        self._keys = keys
        self.connection = tables.connect(url, "pg_temp", temp_buffers="64MB", work_mem="64MB")
        self.connection.execute(tables.SQL["bookkeeping"])
        for projection in projections:
            tables.fill(self.connection, projection)
        self._projections = [p for p in projections if not by_book or all(map(self._has_books, p.tables))]
        self.connection.execute(SQL["schema"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.connection.close()

    def clear(self) -> None:
        """Empties every table, for the next slice."""
        names = [*_OWN, *(table for projection in self._projections for table in projection.tables)]
        self.connection.execute(Text("TRUNCATE {}").format(Text(", ").join(map(Identifier, names))))
        self.connection.execute(tables.SQL["move"], {"position": 0})

    def apply(self, window: Window) -> None:
        """Takes in facts for read models and registers alike."""
        with self.connection.transaction(), self.connection.cursor() as cursor:
            tables.apply(window, self._projections, cursor)
            self._note(window)

    def note(self, window: Window) -> None:
        """Takes in facts that the live read models do not contain yet, but the registers do."""
        with self.connection.transaction():
            self._note(window)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything inside sees the database as it is at one moment; apply what is missing first."""
        with self.connection.transaction():
            self.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            for choice in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin"):
                self.connection.execute(Text("SET LOCAL {} = on").format(Identifier(choice)))
            yield

    def views(self, book_id: UUID | None = None) -> Iterator[Mismatch]:
        """Where the live read models differ: all of them, or one book's."""
        given = {"book_id": book_id}
        for projection in self._projections:
            for table in projection.tables:
                found = compare(
                    self.connection,
                    table,
                    right="pg_temp",
                    live=tables.LIVE,
                    only="book_id = %(book_id)s" if book_id is not None else "",
                    given=given,
                )
                if found is not None:
                    yield Mismatch(f"views.{table}", str(found))

    def registers(self, *, everything: bool) -> Iterator[Mismatch]:
        """Where the registers differ: all rows of them, or those of the accounts and streams taken in."""
        self._derive_claims()
        tell: tuple[tuple[str, Callable[..., str]], ...] = (
            ("balances", lambda a, c, *sums: f"{a} {c}: should be {sums[:3]}, is {sums[3:]}"),
            ("days", lambda a, c, d, *sums: f"{a} {c} {d}: should be {sums[:2]}, is {sums[2:]}"),
            (
                "claims",
                lambda scope, kind, right, held: f"{kind} in {scope}: should be {right}'s, is {held}'s",
            ),
        )
        for name, words in tell:
            for row in self._ask(name, everything=everything):
                yield Mismatch(f"registers.{name}", words(*map(_shown, row)))

    def laws(self) -> Iterator[Mismatch]:
        """Breaches of the laws that balances can break: money from nothing, strangers' accounts, floors."""
        for position, currency, posted, pending in self._ask("unbalanced"):
            detail = f"leaves {_shown(posted)} posted and {_shown(pending)} pending {currency} over"
            yield Mismatch("law 1: every currency sums to zero", detail, position)
        for position, account_id in self._ask("strangers"):
            detail = f"moves money on {account_id}, which is no account of its book"
            yield Mismatch("law 1: every currency sums to zero", detail, position)
        for account_id, currency, date, available, floor in self._ask("floors"):
            detail = (
                f"{account_id} has {_shown(available)} {currency} on {date}, its floor is {_shown(floor)}"
            )
            yield Mismatch("law 4: no guarded balance below its floor", detail)

    def _ask(self, name: str, **given: Any) -> list[tuple[Any, ...]]:
        # Each time planned anew: what is in these tables changes from nothing to millions of rows.
        return self.connection.execute(SQL[name], given, prepare=False).fetchall()

    def _note(self, window: Window) -> None:
        with self.connection.cursor() as cursor:
            effects = [(f.position, f.book_id, *effect) for f, effect in window.effects]
            copy(cursor, "derived_effects", _EFFECTS, effects)
            holders = {f.stream_id for noun in _CLAIMING for f in window.by_noun.get(noun, ())}
            cursor.execute(SQL["hold"], {"streams": list(holders)})
            gone = erased(window)
            if gone:
                cursor.execute(SQL["erased"], {"books": list(gone)})
            accounts = window.by_noun.get("account", ())
            opened = [(f, f.fact) for f in accounts if isinstance(f.fact, AccountOpened)]
            rows = [(f.stream_id, f.book_id, fact.kind) for f, fact in opened]
            copy(cursor, "derived_accounts", _ACCOUNTS, rows)
            floors = [(f.stream_id, o.currency, o.guard.floor, o.guard.policy) for f, o in opened]
            copy(cursor, "derived_floors", _FLOORS, floors)
            guarded = {f.stream_id: f.fact.guard for f in accounts if isinstance(f.fact, AccountGuarded)}
            if guarded:
                changed = guarded.values()
                cursor.execute(
                    SQL["guard"],
                    {
                        "accounts": list(guarded),
                        "floors": [guard.floor for guard in changed],
                        "policies": [guard.policy for guard in changed],
                    },
                )

    def _derive_claims(self) -> None:
        after = NIL
        with self.connection.cursor() as cursor:
            while True:
                found = cursor.execute(SQL["holders"], {"after": after, "limit": _STREAMS}).fetchall()
                if not found:
                    return
                after = found[-1][0]
                facts = read_streams(self.connection, [row[0] for row in found], self._keys)
                claims = [
                    (claim, stream_id)
                    for stream_id, group in groupby(facts, key=lambda f: f.stream_id)
                    for claim in fold(group).claims()
                ]
                rows = [
                    (c[0], c[1], claim_digest(Claim(*c), self._keys), stream_id) for c, stream_id in claims
                ]
                copy(cursor, "derived_claims", _CLAIMS, rows)

    def _has_books(self, table: str) -> bool:
        row = self.connection.execute(
            "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = 'book_id'",
            (f"pg_temp.{table}",),
        ).fetchone()
        return bool(row and row[0])


def _shown(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)

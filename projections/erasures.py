"""Who asked to be forgotten and when their time comes, for the clock to find them."""

from __future__ import annotations

from typing import LiteralString

from ledger.privacy.events import UserErased, UserErasureAsked, UserErasureCancelled
from projections import sql
from projections.projection import Cursor, Window

SQL = sql.load(__file__)

_ABOUT = UserErasureAsked | UserErasureCancelled | UserErased


class Erasures:
    """The projection that keeps `erasures`."""

    name = "erasures"
    version = 1
    tables: tuple[str, ...] = ("erasures",)
    schema: LiteralString = SQL["schema"]
    indexes: LiteralString = SQL["indexes"]
    pipelined = True
    worded = False
    erase: tuple[LiteralString, ...] = ()

    def apply(self, window: Window, cursor: Cursor) -> None:
        facts = [f for f in window.by_noun.get("user", ()) if isinstance(f.fact, _ABOUT)]
        # Of several facts about one person the last one counts.
        last = {(f.book_id, f.stream_id): f.fact for f in facts}
        if not last:
            return
        asked = (fact.due_at if isinstance(fact, UserErasureAsked) else None for fact in last.values())
        books = (
            f"{{{','.join(map(str, f.books))}}}" if isinstance(f, UserErased) else None for f in last.values()
        )
        cursor.execute(
            SQL["put"],
            {
                "book_ids": [book_id for book_id, _ in last],
                "user_ids": [user_id for _, user_id in last],
                "due_ats": list(asked),
                "books": list(books),
            },
        )

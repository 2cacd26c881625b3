"""The list of transactions: what is asked for, how it is found without reading the whole book, a page of it.

There are three ways to find things, and each reads at most a bounded part of one book. What many transactions
have is met soon by walking down the dates, of an account where one is named and of the book where none is.
What few have is looked up in the index of words, which knows tags, types and amounts as well. Which it is shows
by trying: a few steps, then the index if what it finds is not too much, then the walk to its end. An account with
few postings is walked at once.
"""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal, LiteralString
from uuid import UUID

import msgspec
from psycopg.sql import SQL as Text
from psycopg.sql import Composable, Composed

from ledger.money import ZERO
from ledger.refusals import Refusal
from ledger.transactions.events import Type
from projections import sql
from projections.listed import Connection, Listed, listed
from projections.words import Query

SQL = sql.load(__file__)

State = Literal["pending", "posted", "voided", "any"]

ENOUGH = 2_000
"""Looking at so many transactions that an index found takes about as long as a walk that finds a page."""
STEPS = 1_000
"""A walk of so many steps costs little, and meets a page of what one transaction in twenty has."""
MOST = Decimal(10) ** 40
"""More than any amount."""


class UnknownPage(Refusal):
    """This is not a place in the list of transactions."""

    code = "unknown_page"


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What a transaction must be like to be listed; None asks nothing.

    Dates are inclusive. `category_id` stands for the account and all below it, `account_id` for itself.
    Amounts are absolute and inclusive, and some leg's must lie between them. `text` is looked for in payee,
    notes, tags and memos, `payee` in the payee: each word must be the beginning of one there, whatever case
    and accents. A tag is a whole one. Without a state, all but the voided. Memos are not looked at in transactions
    that have a leg on the account `side`.
    """

    first: dt.date | None = None
    last: dt.date | None = None
    account_id: UUID | None = None
    category_id: UUID | None = None
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    payee: str | None = None
    text: str | None = None
    tag: str | None = None
    type: Type | None = None
    state: State | None = None
    side: UUID | None = None


class Page(msgspec.Struct, frozen=True):
    """Some transactions, the latest date first, and of one date the latest recorded first.

    `next` (JSON-ready) is where the next page goes on; None after the last one.
    """

    items: list[Listed]
    next: tuple[str, int] | None


async def transactions(
    connection: Connection,
    book_id: UUID,
    filters: Filters,
    *,
    limit: int = 50,
    after: Sequence[Any] | None = None,
    known_at: int | None = None,
) -> Page:
    """A page of the book's transactions, from `after` (a page's `next`) on. Raises UnknownPage.

    With `known_at`, what was in force as the record stood at that position; words are looked for, and shown,
    as they are now.
    """
    place = None if after is None else _place(after)
    question = _Question(book_id, filters, limit + 1, place, known_at)
    created = await question.ask(connection)
    items = await listed(connection, created[:limit], known_at)
    if len(created) <= limit or not items:
        return Page(items, None)
    last = items[-1]
    return Page(items, (last.transaction.terms.date.isoformat(), last.created_position))


class _Question:
    """One question and the statements that it is asked by."""

    def __init__(
        self,
        book_id: UUID,
        filters: Filters,
        limit: int,
        after: tuple[dt.date, int] | None,
        known_at: int | None,
    ) -> None:
        self._filters = filters
        self._known_at = known_at
        self._after = after
        self._book_id = book_id
        self._words = _words(book_id, filters)
        self._named = filters.account_id is not None or filters.category_id is not None
        self._given: dict[str, Any] = {
            "book_id": book_id,
            "limit": limit,
            "enough": ENOUGH,
            "first": filters.first,
            "last": filters.last,
            "date": after and after[0],
            "position": after and after[1],
            "least": filters.min_amount or ZERO,
            "most": MOST if filters.max_amount is None else filters.max_amount,
            "account_id": filters.account_id,
            "category_id": filters.category_id,
            "state": filters.state,
            "known_at": known_at,
        }

    async def ask(self, connection: Connection) -> list[int]:
        """The positions at which the transactions asked for were created, in the order of the list."""
        given, wanted = self._given, self._filters
        if self._words is None or given["least"] > given["most"]:
            return []
        if wanted.category_id is not None:
            rows = await self._rows(connection, Text(SQL["categories"]))
            given["categories"] = [row[0] for row in rows]
            if not rows:
                return []
        given["words"] = str(self._words)
        if wanted.side is not None and wanted.text:
            given["said"] = str(_words(self._book_id, wanted, "ABC"))
            given["side"] = [wanted.side]
        if self._known_at is not None:
            return await self._ask_the_past(connection)
        rare = self._rare()
        if rare and not self._named:
            # Where nothing but amounts is asked, each step has to look at the legs.
            steps = STEPS if self._words else STEPS // 4
            rows = await self._rows(connection, self._near(), steps=steps)
            if len(rows) == given["limit"] or rows[0][1] < steps:
                return [row[0] for row in rows if row[0] is not None]
        if rare and not await self._is_short(connection):
            rows = await self._rows(connection, self._by_words(), words=str(rare))
            if rows[0][1] <= ENOUGH:
                return [row[0] for row in rows if row[0] is not None]
        if wanted.state in ("pending", "voided") or not self._named:
            return [row[0] for row in await self._rows(connection, self._by_date())]
        return await self._along_accounts(connection)

    async def _ask_the_past(self, connection: Connection) -> list[int]:
        """Only postings know what was believed, and they are found by account."""
        wanted, given = self._filters, self._given
        if wanted.state == "voided":
            return []
        if wanted.account_id is not None or wanted.category_id is not None:
            return await self._along_accounts(connection)
        given["walked"] = [row[0] for row in await self._rows(connection, Text(SQL["accounts"]))]
        return [row[1] for row in await self._rows(connection, self._by_account(None))]

    async def _along_accounts(self, connection: Connection) -> list[int]:
        wanted, given = self._filters, self._given
        walks_account = wanted.category_id is None
        if wanted.account_id is not None and wanted.category_id is not None:
            account, categories = await self._sizes(connection)
            walks_account = account <= categories
        given["walked"] = [wanted.account_id] if walks_account else given["categories"]
        rows = await self._rows(connection, self._by_account("account" if walks_account else "category"))
        return [row[1] for row in rows]

    async def _is_short(self, connection: Connection) -> bool:
        """Whether an account is named that is walked to its end in no time. What is pending or voided is not
        counted."""
        if not self._named or self._filters.state not in (None, "posted"):
            return False
        return min(await self._sizes(connection)) <= ENOUGH

    async def _sizes(self, connection: Connection) -> list[int]:
        """How many postings are in force on the account, and how many on the categories, of those that are named."""
        given = {"account_id": self._filters.account_id, "categories": self._given.get("categories")}
        [sizes] = await self._rows(connection, Text(SQL["sizes"]), **given)
        return [size for size, named in zip(sizes, given.values(), strict=True) if named is not None]

    def _rare(self) -> Query | None:
        """All that the index of words can narrow down; None if walking down an account or a book is as good."""
        wanted = self._filters
        query = _words(self._book_id, wanted)
        if query is None:
            return None
        if wanted.min_amount or wanted.max_amount is not None:
            query.amounts(wanted.min_amount, wanted.max_amount)
        return query or None

    async def _rows(
        self, connection: Connection, statement: Text | Composed, **given: Any
    ) -> list[tuple[Any, ...]]:
        cursor = connection.cursor(binary=True)
        # Plans depend on the values: a date range of a week or of ten years, a rare word or a common one.
        await cursor.execute(statement, {**self._given, **given}, prepare=False)
        return await cursor.fetchall()

    def _by_words(self) -> Composed:
        conditions = [*self._range("t"), *self._state("t"), *self._legs("t")]
        return Text(SQL["by_words"]).format(conditions=_all(conditions))

    def _near(self) -> Composed:
        return self._walk(SQL["near"])

    def _by_date(self) -> Composed:
        return self._walk(SQL["by_date"])

    def _walk(self, statement: LiteralString) -> Composed:
        conditions = self._legs("t")
        if self._words:
            conditions.insert(0, Text("t.words @@ %(words)s::tsquery"))
        return Text(statement).format(
            range=_all([*self._range("t"), *self._state("t")]), conditions=_all(conditions)
        )

    def _by_account(self, walked: str | None) -> Composed:
        conditions = self._legs("p", walked)
        if self._words:
            conditions.insert(0, Text(SQL["has_words"]))
        return Text(SQL["by_account"]).format(
            range=_all([*self._range("p"), *self._state("p")]), conditions=_all(conditions)
        )

    def _range(self, of: Literal["t", "p"]) -> list[Composable]:
        """The book, the dates, and what lies after the page before. `of` is t or p."""
        found: list[LiteralString] = ["{}.book_id = %(book_id)s"]
        if self._filters.first is not None:
            found.append("{}.date >= %(first)s::date")
        if self._filters.last is not None:
            found.append("{}.date <= %(last)s::date")
        if self._after is not None:
            found.append("({0}.date, {0}.created_position) < (%(date)s::date, %(position)s::bigint)")
        return [Text(condition).format(Text(of)) for condition in found]

    def _state(self, of: str) -> list[Composable]:
        if self._known_at is not None:
            believed = Text("p.believed_from <= %(known_at)s AND p.believed_until > %(known_at)s")
            state = Text("p.state = %(state)s")
            return [believed, state] if self._filters.state in ("pending", "posted") else [believed]
        match self._filters.state, of:
            case "any", "t":
                return []
            case None, "t":
                return [Text("t.state <> 'voided'")]
            case "posted", "t":
                return [Text("t.state = 'posted'")]
            case _, "t":
                # The first condition is that of the index of what is not posted.
                return [Text("t.state <> 'posted' AND t.state = %(state)s")]
            case "any", _:
                return [Text(SQL["is_shown"])]
            case None, _:
                return [Text("p.believed_until = 9223372036854775807")]
            case _:
                return [Text("p.believed_until = 9223372036854775807 AND p.state = %(state)s")]

    def _legs(self, of: Literal["t", "p"], walked: str | None = None) -> list[Composable]:
        """What legs must be there besides the one that is walked along."""
        wanted = self._filters
        place = {
            "created": Text("t.created_position" if of == "t" else "p.created_position"),
            "version": Text("t.terms_version" if of == "t" else "p.version"),
        }
        found: list[Composable] = []
        if wanted.min_amount is not None or wanted.max_amount is not None:
            condition = Text(SQL["has_amount"]).format(**place)
            found.append(condition if of == "t" else Text(SQL["leg_has_amount"]).format(has_amount=condition))
        if "said" in self._given:
            found.append(self._said(of))
        named = {"account": wanted.account_id, "category": wanted.category_id}
        for name, account_id in named.items():
            if account_id is None or name == walked:
                continue
            accounts = Text("ARRAY[%(account_id)s]" if name == "account" else "%(categories)b")
            condition = Text(SQL["has_account"]).format(**place, accounts=accounts)
            if of == "p":
                condition = Text(SQL["leg_has_account"]).format(accounts=accounts, has_account=condition)
            found.append(condition)
        return found

    def _said(self, of: Literal["t", "p"]) -> Composed:
        """The text stands outside of memos, which belong to the legs of today."""
        today = {"created": Text("t.created_position"), "version": Text("t.terms_version")}
        hidden = Text(SQL["has_account"]).format(**today, accounts=Text("%(side)b"))
        condition = Text(SQL["has_said"]).format(has_account=hidden)
        return condition if of == "t" else Text(SQL["leg_has_said"]).format(has_said=condition)


def _all(conditions: Sequence[Composable]) -> Composable:
    return Text(" AND ").join(conditions) if conditions else Text("true")


def _words(book_id: UUID, wanted: Filters, where: str = "") -> Query | None:
    """The words, tag and type that a transaction must have, perhaps none; None when nothing can have them. `where`
    are the weights of what the text may be found in; none: anything."""
    query = Query(book_id)
    if wanted.text and wanted.text.strip() and not query.text(wanted.text, where):
        return None
    if wanted.payee and wanted.payee.strip() and not query.text(wanted.payee, "A"):
        return None
    if wanted.tag is not None:
        query.tag(wanted.tag)
    if wanted.type is not None:
        query.type(wanted.type)
    return query


def _place(after: Sequence[Any]) -> tuple[dt.date, int]:
    """The sort key in a page's `next`. Raises UnknownPage."""
    match after:
        case [str(date), int(position)] if 0 < position < 2**63:
            try:
                return dt.date.fromisoformat(date), position
            except ValueError:
                pass
    raise UnknownPage("This cursor was not given by this operation. Begin without one.", field="cursor")

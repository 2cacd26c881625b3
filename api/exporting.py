"""Everything that is known of a person, as one archive that is made while it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import orjson
from starlette.requests import Request

from api.archive import Archive
from api.commodities import Declared, declared
from api.export_lines import Anonymous, Line, Lines, Sums, Whole
from api.reading import Connection, facts_of
from api.routes.consents import consents
from api.routes.profile_history import history
from api.routes.users import profile_of
from api.services import services
from api.transaction_answers import places
from api.visibility import Sight
from api.visible_facts import Reader
from gateways import pictures
from ledger.entities import fold
from ledger.identity.user import User
from ledger.log import decode_rows
from ledger.record import Recorded
from projections import belongings
from projections.accounts import AccountView, accounts
from projections.books import BookView
from projections.keys import keys_of
from projections.search import Filters, Page, transactions
from projections.sessions import sessions_of
from projections.sums import balances
from projections.veil import seeing

FORMAT = "numina-export/1"
PAGE = 500
EVERY_STATE = ("open", "archived", "withdrawn")

_README = """\
What Numina knows of you{anonymised}, made {made_at}.

A file that ends in .jsonl has one JSON object on each line. Amounts are decimal strings; positive is debit.

{files}

manifest.json comes last and tells of every file how many lines and bytes it has, and their SHA-256. An archive
without it was broken off.
"""
_PERSONAL = {
    "profile.json": "who you are",
    "history.jsonl": "how your profile changed",
    "consents.jsonl": "what you agreed to, and when",
    "sessions.jsonl": "where you are signed in",
    "passkeys.jsonl": "the passkeys that you sign in with",
    "identities.jsonl": "the accounts elsewhere that you sign in with",
    "keys.jsonl": "the API keys that programs use in your name",
}
_OF_BOOKS = {
    "books.jsonl": "your books, and those that you share",
    "accounts.jsonl": "their accounts and categories, with what is posted on them",
    "transactions.jsonl": "their transactions as they stand now",
    "facts.jsonl": "every fact that was ever recorded of you and of these books, in order",
    "audit.jsonl": "who did what and when",
}


class Whose(NamedTuple):
    """What is exported: of whom, which books, and up to which position (inclusive)."""

    user_id: UUID
    books: Sequence[BookView]
    last: int
    made_at: datetime
    anonymised: bool

    @property
    def streams(self) -> Sequence[UUID]:
        """What their facts stand under: the books, and the person for what is theirs wherever they go."""
        return [*(book.book_id for book in self.books), self.user_id]


class Export:
    """One export on its way. No connection is held while the client takes its time, and what takes time to compute is
    done in another thread."""

    def __init__(self, request: Request, whose: Whose) -> None:
        self._request = request
        self._whose = whose
        self._keys = services(request).vault
        self._archive = Archive(whose.made_at)
        self._lines: Lines = Anonymous() if whose.anonymised else Whole()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes of the archive."""
        made = self._archive
        made.whole("README.txt", self._readme())
        parts = (self._books, self._accounts, self._transactions, self._facts, self._deeds)
        for part in parts if self._whose.anonymised else (self._person, *parts):
            async for _ in part():
                if chunk := made.taken():
                    yield chunk
        made.end()
        made.whole("manifest.json", self._manifest())
        made.close()
        yield made.taken()

    async def _person(self) -> AsyncIterator[None]:
        who = self._whose.user_id
        facts = [f for f in await facts_of(self._request, who) if f.position <= self._whose.last]
        user = fold(facts)
        if not isinstance(user, User):
            return
        async with self._connection() as connection:
            signed_in = await sessions_of(connection, who, self._whose.made_at)
            programs = await keys_of(connection, who)
            avatar = user.profile.avatar
            picture = await pictures.show(connection, self._keys, who, avatar.digest) if avatar else None
        self._archive.whole(
            "profile.json", orjson.dumps(profile_of(user, len(facts)), option=orjson.OPT_UTC_Z)
        )
        if avatar is not None and picture is not None:
            self._archive.whole(f"avatar.{avatar.media.partition('/')[2]}", picture)
        passkeys = [
            {"id": key.passkey_id, "name": key.name, "added_at": key.added_at, "used_at": key.used_at}
            for key in user.passkeys.keys
        ]
        identities = [
            {
                "id": each.identity_id,
                "provider": each.provider,
                "issuer": each.issuer,
                "subject": each.subject,
            }
            | {"email": each.email, "linked_at": each.linked_at, "used_at": each.used_at}
            for each in user.identities.linked
        ]
        for name, rows in (
            ("history.jsonl", history(facts)),
            ("consents.jsonl", consents(facts)["history"]),
            ("sessions.jsonl", [msgspec.to_builtins(view) for view in signed_in]),
            ("passkeys.jsonl", passkeys),
            ("identities.jsonl", identities),
            ("keys.jsonl", [msgspec.to_builtins(view) for view in programs]),
        ):
            self._archive.begin(name)
            self._archive.write(rows)
            yield

    async def _books(self) -> AsyncIterator[None]:
        self._archive.begin("books.jsonl")
        self._archive.write(map(self._lines.book, self._whose.books))
        yield

    async def _accounts(self) -> AsyncIterator[None]:
        self._archive.begin("accounts.jsonl")
        for book in self._whose.books:
            async with self._seeing(book.book_id) as (connection, _):
                views = await accounts(connection, book.book_id, states=EVERY_STATE)
                sums = await balances(connection, [view.account.account_id for view in views])
            posted: dict[UUID, list[Any]] = {}
            for (account_id, currency), net in sums.items():
                posted.setdefault(account_id, []).append((currency, net))
            await self._write(partial(self._of_accounts, views, posted))
            yield

    async def _transactions(self) -> AsyncIterator[None]:
        self._archive.begin("transactions.jsonl")
        for book in self._whose.books:
            following: Any = None
            while True:
                async with self._seeing(book.book_id) as (connection, _):
                    page = await transactions(
                        connection, book.book_id, Filters(state="any"), limit=PAGE, after=following
                    )
                known = await declared(self._request, [p for i in page.items for p in places(i.transaction)])
                await self._write(partial(self._of_transactions, page, known))
                yield
                if page.next is None:
                    break
                following = page.next

    async def _facts(self) -> AsyncIterator[None]:
        self._archive.begin("facts.jsonl")
        async for facts in self._pages():
            await self._write(partial(map, self._lines.fact, facts))
            yield

    async def _deeds(self) -> AsyncIterator[None]:
        self._archive.begin("audit.jsonl")
        async for facts in self._pages():
            await self._write(partial(map, self._lines.deed, facts))
            yield

    async def _pages(self) -> AsyncIterator[Sequence[Recorded]]:
        """The facts of each book, and last what is the person's wherever they go."""
        whose = self._whose
        for stream_id in whose.streams:
            after = 0
            while True:
                async with self._seeing(stream_id) as (connection, seen):
                    rows = await belongings.facts(connection, stream_id, after, whose.last, PAGE)
                    facts = await asyncio.to_thread(decode_rows, rows, self._keys)
                    if stream_id != whose.user_id:
                        facts = await Reader(connection, self._keys, stream_id, seen).visible(facts)
                if not rows:
                    break
                after = rows[-1][0]
                yield facts

    def _of_accounts(self, views: Sequence[AccountView], posted: Mapping[UUID, Sums]) -> list[Line]:
        return [self._lines.account(view, posted.get(view.account.account_id, ())) for view in views]

    def _of_transactions(self, page: Page, known: Declared) -> list[Line]:
        return [self._lines.transaction(item, known) for item in page.items]

    async def _write(self, made: Callable[[], Iterable[object]]) -> None:
        await asyncio.to_thread(lambda: self._archive.write(made()))

    @asynccontextmanager
    async def _seeing(self, book_id: UUID) -> AsyncIterator[tuple[Connection, Sight]]:
        """A connection that reads of the book what they may see of it."""
        viewer = self._whose.user_id
        async with self._connection() as connection, seeing(connection, book_id, viewer) as hidden:
            yield connection, Sight(viewer, hidden)

    def _connection(self) -> AbstractAsyncContextManager[Connection]:
        return services(self._request).pool.connection()

    def _readme(self) -> bytes:
        whose = self._whose
        files = _OF_BOOKS if whose.anonymised else _PERSONAL | _OF_BOOKS
        return _README.format(
            anonymised=", without words and under other ids" if whose.anonymised else "",
            made_at=f"on {whose.made_at:%Y-%m-%d}",
            files="\n".join(f"{name:20}{what}" for name, what in files.items()),
        ).encode()

    def _manifest(self) -> bytes:
        whose = self._whose
        manifest = {
            "format": FORMAT,
            "made_at": whose.made_at.date() if whose.anonymised else whose.made_at,
            "anonymised": whose.anonymised,
            "files": [member._asdict() for member in self._archive.members],
        }
        if not whose.anonymised:
            manifest |= {"user_id": whose.user_id, "position": whose.last}
        return orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)

"""The register and its list against folding every transaction's facts and looking at all of them."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ledger.command import Draft
from ledger.postings import Posting
from ledger.transactions.events import Terms, TransactionPosted
from ledger.transactions.transaction import Transaction
from projections import search
from projections.listed import Listed
from projections.projector import Projector
from projections.search import Filters, UnknownPage, transactions
from projections.words import fold, words
from tests.support.history import History, Step, identity
from tests.support.keys import MemoryKeys
from tests.support.naive import Naive, Told
from tests.support.projected import Projected, ask
from tests.support.walk import FIRST_DAY, WORDS

Fresh = Callable[[], AbstractContextManager[str]]
calm = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def in_full(
    told: Projected, book_id: UUID, filters: Filters, limit: int = 7, known_at: int | None = None
) -> list[Listed]:
    """All pages one after another."""

    async def pages(connection: psycopg.AsyncConnection[Any]) -> list[Listed]:
        found: list[Listed] = []
        after = None
        while True:
            page = await transactions(
                connection, book_id, filters, limit=limit, after=after, known_at=known_at
            )
            assert len(page.items) <= limit
            found += page.items
            if page.next is None:
                return found
            after = list(page.next)

    return told.ask(pages)


def plain(transaction: Transaction) -> Transaction:
    """Without empty words and memos of postings that are no more, which nobody is shown."""
    lines = {f"memo.{line}" for line in range(len(transaction.terms.postings))}
    text = {k: v for k, v in transaction.text.items() if v and (k in lines or not k.startswith("memo."))}
    return replace(transaction, text=text, reconciled=dict(transaction.reconciled))


@calm
@given(seed=st.integers(0, 10**9), window=st.sampled_from([1, 5, 40, 1_000]))
def test_the_list_shows_every_transaction_as_its_facts_make_it(
    fresh_database: Fresh, seed: int, window: int
) -> None:
    with fresh_database() as url:
        told = Projected(url, seed, window=window)
        naive = Naive(told.facts)
        for book_id in told.books:
            shown = in_full(told, book_id, Filters(state="any"))
            expected = naive.transactions(book_id)
            assert [plain(i.transaction) for i in shown] == [plain(t.transaction) for t in expected]
            assert [(i.created_position, i.updated_position) for i in shown] == [t[1:] for t in expected]


@calm
@given(
    seed=st.integers(0, 10**9),
    choices=st.integers(0, 10**9),
    bounds=st.sampled_from([(0, 0), (3, 12), (2_000, 1_000)]),
)
def test_filters_find_what_looking_at_everything_finds(
    fresh_database: Fresh, seed: int, choices: int, bounds: tuple[int, int]
) -> None:
    with fresh_database() as url, pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "ENOUGH", bounds[0])
        patch.setattr(search, "STEPS", bounds[1])
        told = Projected(url, seed)
        naive, random = Naive(told.facts), Random(choices)
        for book_id in told.books:
            for _ in range(12):
                filters = some_filters(random, list(naive.accounts(book_id)))
                below = subtree(naive, book_id, filters.category_id)
                expected = [t.created for t in naive.transactions(book_id) if matches(t, filters, below)]
                found = [i.created_position for i in in_full(told, book_id, filters)]
                assert found == expected, filters


@calm
@given(seed=st.integers(0, 10**9), choices=st.integers(0, 10**9), share=st.floats(0, 1))
def test_the_list_as_known_at_a_position_shows_what_was_in_force_then(
    fresh_database: Fresh, seed: int, choices: int, share: float
) -> None:
    with fresh_database() as url:
        told = Projected(url, seed)
        position, random = int(share * told.position), Random(choices)
        then, now = Naive(told.facts, position), Naive(told.facts)
        for book_id in told.books:
            for _ in range(4):
                filters = replace(
                    some_filters(random, list(now.accounts(book_id))), payee=None, text=None, tag=None
                )
                filters = replace(filters, type=None)
                below = subtree(now, book_id, filters.category_id)
                expected = [
                    t
                    for t in then.transactions(book_id)
                    if t.transaction.in_force and matches(t, filters, below) and filters.state != "voided"
                ]
                found = in_full(told, book_id, filters, known_at=position)
                assert [i.created_position for i in found] == [t.created for t in expected], filters
                for item, one in zip(found, expected, strict=True):
                    shown, terms = item.transaction.terms, one.transaction.terms
                    assert (shown.date, shown.state, shown.postings) == (
                        terms.date,
                        terms.state,
                        terms.postings,
                    )


def some_filters(random: Random, accounts: list[UUID]) -> Filters:
    def perhaps(value: Any) -> Any:
        return value if random.random() < 0.3 else None

    amounts = sorted(Decimal(random.randint(0, 99_999)).scaleb(-random.randint(0, 2)) for _ in range(2))
    dates = sorted(FIRST_DAY + dt.timedelta(days=random.randint(-5, 125)) for _ in range(2))
    return Filters(
        first=perhaps(dates[0]),
        last=perhaps(dates[1]),
        account_id=perhaps(random.choice(accounts)),
        category_id=perhaps(random.choice(accounts)),
        min_amount=perhaps(amounts[0]),
        max_amount=perhaps(amounts[1]),
        payee=perhaps(random.choice(["bak", "ZOE", "rent", "nobody", "café zoë"])),
        text=perhaps(random.choice(["bakery", "日", "salary rent", "cafe"])),
        tag=perhaps(random.choice([*WORDS[:5], "BAKERY"])),
        type=perhaps(random.choice(["journal", "expense"])),
        state=perhaps(random.choice(["any", "pending", "posted", "voided"])),
    )


def subtree(naive: Naive, book_id: UUID, top: UUID | None) -> set[UUID]:
    if top is None:
        return set()
    accounts = naive.accounts(book_id)
    found: set[UUID] = set()
    new = {top}
    while new:
        found |= new
        new = {i for i, a in accounts.items() if a.parent_id in new} - found
    return found


def matches(told: Told, wanted: Filters, below: set[UUID]) -> bool:
    transaction, terms = told.transaction, told.transaction.terms
    text = plain(transaction).text
    tags = [tag for tag in text.get("tags", "").split("\n") if tag]
    memos = " ".join(v for k, v in text.items() if k.startswith("memo."))
    everywhere = " ".join([text.get("payee", ""), text.get("notes", ""), *tags, memos])
    legs = terms.postings
    lowest = wanted.min_amount if wanted.min_amount is not None else Decimal(0)
    highest = wanted.max_amount if wanted.max_amount is not None else Decimal(10**30)
    conditions = [
        wanted.state == "any" or (terms.state == wanted.state if wanted.state else terms.state != "voided"),
        wanted.first is None or terms.date >= wanted.first,
        wanted.last is None or terms.date <= wanted.last,
        wanted.account_id is None or any(p.account_id == wanted.account_id for p in legs),
        wanted.category_id is None or any(p.account_id in below for p in legs),
        any(lowest <= abs(p.amount) <= highest for p in legs),
        wanted.payee is None or has_words(text.get("payee", ""), wanted.payee),
        wanted.text is None or has_words(everywhere, wanted.text),
        wanted.tag is None or wanted.tag.casefold() in [tag.casefold() for tag in tags],
        wanted.type is None or terms.type == wanted.type,
    ]
    return all(conditions)


def has_words(text: str, wanted: str) -> bool:
    return all(any(word.startswith(part) for word in words(text)) for part in words(wanted))


@pytest.mark.parametrize(
    "after",
    [[], ["2026-01-01"], ["2026-02-30", 1], ["x", 1], ["2026-01-01", "1"], ["2026-01-01", 0], ["2026-01-01", 2**63],
     ["2026-01-01", 1, 2], [1, 1], [None, None], "ab", {"date": 1}, ["2026-01-01", 1.5]],
)  # fmt: skip
def test_a_cursor_that_was_not_given_is_refused(after: Any) -> None:
    with pytest.raises(UnknownPage):
        search._place(after)


AMOUNTS = ["0.000000000000000001", "0.0999", "1", "9.99", "10", "999999999.99", "1000000000", "9999999999.5",
           "12345678901234567890.123456789012345678"]  # fmt: skip


def test_amounts_of_every_magnitude_are_found(database: str, keys: MemoryKeys) -> None:
    book_id, one, other = identity("book"), identity("one"), identity("other")

    def posted(amount: Decimal) -> TransactionPosted:
        postings = (Posting(one, amount, "XYZ"), Posting(other, -amount, "XYZ"))
        return TransactionPosted(terms=Terms(FIRST_DAY, postings))

    amounts = [Decimal(text) for text in AMOUNTS]
    Projector(database, keys).catch_up()
    steps = [Step(book_id, [Draft(identity(text), posted(Decimal(text)))]) for text in AMOUNTS]
    History(database, keys).append(steps)
    Projector(database, keys).catch_up()

    def found(least: Decimal | None, most: Decimal | None) -> list[Decimal]:
        filters = Filters(min_amount=least, max_amount=most)
        page = ask(database, lambda c: transactions(c, book_id, filters))
        return sorted(item.transaction.terms.postings[0].amount for item in page.items)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "STEPS", 0)
        for low in (None, *amounts):
            for high in (None, *amounts):
                lowest, highest = low or Decimal(0), high or Decimal(10**30)
                assert found(low, high) == [a for a in amounts if lowest <= a <= highest]


def test_no_text_stops_the_projector(database: str, keys: MemoryKeys) -> None:
    book_id, one, other = identity("book"), identity("one"), identity("other")
    postings = (Posting(one, Decimal(1), "USD"), Posting(other, Decimal(-1), "USD"))
    text = {
        "payee": "nul \0 and \x01 and \U0010ffff",
        "notes": " ".join(f"word{number}" for number in range(5_000)),
        "tags": "\n".join(["", "a'b\\c", "x" * 5_000, "🎉"]),
        "memo.0": "quoted ' \\ : * & | ! ( )",
        "memo.7": "of no posting",
    }
    fact = TransactionPosted(terms=Terms(FIRST_DAY, postings), text=text)
    Projector(database, keys).catch_up()
    History(database, keys).append([Step(book_id, [Draft(identity("t"), fact)])])
    Projector(database, keys).catch_up()
    for filters, count in (
        (Filters(payee="NUL and"), 1),
        (Filters(text="word0 word900"), 1),
        (Filters(tag="a'b\\c"), 1),
        (Filters(tag="🎉"), 1),
        (Filters(tag="A'B"), 0),
        (Filters(text="' \\ : * & | ! ( )"), 0),
    ):
        page = ask(database, lambda c, f=filters: transactions(c, book_id, f))
        assert len(page.items) == count, filters


def test_words_are_folded_alike_when_stored_and_when_asked() -> None:
    assert fold("ÇAFÉ Straße Łódź Ærø") == "cafe strasse lodz aero"
    assert words("AMAZON.COM*Mktp 7-Eleven") == ("amazon", "com", "mktp", "7", "eleven")
    assert words("東京 tower") == ("東", "京", "tower")
    assert words("*** !") == ()


@given(st.text(max_size=60))
def test_any_text_is_found_by_its_own_words(text: str) -> None:
    assert has_words(text, text)
    assert words(fold(text)) == words(text)

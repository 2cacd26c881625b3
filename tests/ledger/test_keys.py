"""API keys: made, named, used, ended; what is noted of their use, and how often."""

import datetime as dt
from typing import Any
from uuid import UUID

import pytest

from ledger.entities import fold
from ledger.identity.commands import RegisterUser
from ledger.ids import derived_id
from ledger.keys.commands import (
    MISUSE_EVERY,
    MOST_KEYS,
    KeyLifeless,
    MakeKey,
    NoteMisuse,
    NoteUse,
    RenameKey,
    RevokeKey,
    TooManyKeys,
    UnknownKey,
    UnknownScope,
)
from ledger.keys.events import KeyRevoked
from ledger.keys.key import ApiKey, KeyUnreadable, evolve
from ledger.refusals import Unknown
from tests.support.scenario import Scenario

HOME = derived_id("test", "home")
NETWORK = "198.51.100.0/24"


@pytest.fixture
def book() -> Scenario:
    book = Scenario()
    book.do(
        RegisterUser,
        email="ada@example.com",
        password="$argon2id$",
        display_name="Ada",
        currency="EUR",
        time_zone="UTC",
        book_id=HOME,
    )
    return book


def asked(book: Scenario, **fields: Any) -> dict[str, Any]:
    wish = {"key_id": book.fresh(), "title": "Sheet", "scopes": ("books:read",), "digest": bytes(32)}
    return {"book_id": book.actor_id} | wish | fields


def make(book: Scenario, **fields: Any) -> UUID:
    wish = asked(book, **fields)
    book.do(MakeKey, **wish)
    key_id: UUID = wish["key_id"]
    return key_id


def led_to(book: Scenario, kind: Any, key_id: UUID, **fields: Any) -> list[str]:
    fields = {"book_id": book.actor_id, "key_id": key_id} | fields
    return [recorded.topic for recorded in book.do(kind, **fields).facts]


def key(book: Scenario, key_id: UUID) -> ApiKey:
    found = fold(recorded for recorded in book.ledger.record if recorded.stream_id == key_id)
    assert isinstance(found, ApiKey)
    return found


def test_a_key_has_the_scopes_it_was_made_with_once_each(book: Scenario) -> None:
    made = key(book, make(book, scopes=("transactions:read", "books:read", "books:read")))
    assert made.scopes == {"books:read", "transactions:read"}
    assert made.user_id == book.actor_id
    assert made.over(book.now) is None
    assert made.text == {"name": "Sheet"}


@pytest.mark.parametrize("scopes", [(), ("everything",), ("books:read", "admin"), ("Books:read",)])
def test_scopes_that_there_are_not_are_refused(book: Scenario, scopes: tuple[str, ...]) -> None:
    book.refuses(UnknownScope, MakeKey, **asked(book, scopes=scopes))


def test_a_key_is_made_for_a_book_of_ones_own_alone(book: Scenario) -> None:
    assert key(book, make(book, only_book=HOME)).only_book == HOME
    book.refuses(Unknown, MakeKey, **asked(book, only_book=derived_id("test", "no book")))
    book.refuses(Unknown, MakeKey, **asked(book, only_book=book.actor_id))
    book.refuses(Unknown, MakeKey, **asked(book, actor_id=derived_id("test", "nobody")))


def test_a_key_expires_when_it_was_said(book: Scenario) -> None:
    day = dt.timedelta(days=1)
    made = key(book, make(book, expires_at=book.now + day))
    assert made.over(book.now + day - dt.timedelta(seconds=1)) is None
    assert made.over(book.now + day) == "expired"
    book.refuses(KeyLifeless, MakeKey, **asked(book, expires_at=book.now))


def test_nobody_has_keys_without_end(book: Scenario) -> None:
    make(book, held=MOST_KEYS - 1)
    book.refuses(TooManyKeys, MakeKey, **asked(book, held=MOST_KEYS))


def test_a_revoked_key_stays_revoked(book: Scenario) -> None:
    key_id = make(book)
    assert led_to(book, RevokeKey, key_id, reason="revoked") == ["key.revoked"]
    assert led_to(book, RevokeKey, key_id, reason="revoked") == []
    assert key(book, key_id).over(book.now) == "revoked"
    assert led_to(book, NoteUse, key_id, address=NETWORK) == []
    book.refuses(UnknownKey, RenameKey, book_id=book.actor_id, key_id=key_id, title="Again")


def test_a_new_name_is_a_fact_once(book: Scenario) -> None:
    key_id = make(book)
    assert led_to(book, RenameKey, key_id, title="Sheet") == []
    assert led_to(book, RenameKey, key_id, title="Other") == ["key.renamed"]
    assert key(book, key_id).text == {"name": "Other"}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (RevokeKey, {"reason": "revoked"}),
        (RenameKey, {"title": "Mine"}),
        (NoteUse, {"address": NETWORK}),
        (NoteMisuse, {"address": NETWORK}),
    ],
)
def test_a_key_of_somebody_else_does_not_exist(book: Scenario, kind: Any, fields: dict[str, str]) -> None:
    key_id, other = make(book), derived_id("test", "somebody else")
    for wrong in ({"key_id": key_id, "book_id": other}, {"key_id": other, "book_id": other}):
        book.refuses(UnknownKey, kind, actor_id=other, **wrong, **fields)
    book.refuses(UnknownKey, kind, key_id=book.actor_id, book_id=book.actor_id, **fields)


def test_use_is_noted_once_a_day_and_network(book: Scenario) -> None:
    key_id = make(book)
    assert led_to(book, NoteUse, key_id, address=NETWORK) == ["key.used"]
    assert led_to(book, NoteUse, key_id, address=NETWORK) == []
    assert led_to(book, NoteUse, key_id, address="203.0.113.0/24") == ["key.used"]
    assert led_to(book, NoteUse, key_id, address=NETWORK) == []
    book.now += dt.timedelta(days=1)
    assert led_to(book, NoteUse, key_id, address=NETWORK) == ["key.used"]
    assert set(key(book, key_id).used) == {NETWORK}


def test_misuse_is_noted_once_an_hour(book: Scenario) -> None:
    key_id = make(book, expires_at=book.now + dt.timedelta(hours=1))
    assert led_to(book, NoteMisuse, key_id, address=NETWORK) == []
    book.now += dt.timedelta(hours=1)
    assert led_to(book, NoteMisuse, key_id, address=NETWORK) == ["key.misused"]
    book.now += MISUSE_EVERY - dt.timedelta(seconds=1)
    assert led_to(book, NoteMisuse, key_id, address="203.0.113.0/24") == []
    book.now += dt.timedelta(seconds=1)
    assert led_to(book, NoteMisuse, key_id, address=NETWORK) == ["key.misused"]


def test_a_stream_of_another_kind_is_no_key(book: Scenario) -> None:
    with pytest.raises(KeyUnreadable):
        evolve(None, KeyRevoked(reason="revoked"), HOME, HOME)
    made = key(book, make(book))
    with pytest.raises(KeyUnreadable):
        evolve(made, book.ledger.record[0].fact, made.key_id, book.actor_id)

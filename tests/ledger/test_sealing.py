"""Personal text is sealed in its place under a key that can be destroyed; everything else stays in the clear."""

import msgspec
import pytest

from ledger.accounts.commands import AmendAccount
from ledger.identity.commands import AmendUser, RegisterUser
from ledger.identity.events import UserRenamed
from ledger.ids import derived_id
from ledger.log import LogReader
from ledger.refusals import Unknown
from ledger.sealing import DataKey, SealBroken, nonces, sealed, subject, unsealed
from ledger.transactions.changes import AmendTransaction
from ledger.transactions.events import Terms, TransactionPosted
from tests.support.keys import MemoryKeys
from tests.support.registers import assert_sound, rows
from tests.support.scenario import Scenario, day

STREAM = derived_id("stream")
KEY = DataKey(b"k" * 32)
NONCE = nonces()
FACT = TransactionPosted(
    terms=Terms(day("2026-03-01"), ()), text={"payee": "Bistro Ümlaut", "notes": "with 🍷 and a\ttab"}
)


def test_text_comes_back_from_its_own_place_only() -> None:
    text = sealed(FACT, STREAM, 3, KEY, NONCE)
    assert unsealed(text, STREAM, 3, KEY) == FACT.text
    for stream, version in ((derived_id("other"), 3), (STREAM, 4)):
        with pytest.raises(SealBroken):
            unsealed(text, stream, version, KEY)
    with pytest.raises(SealBroken):
        unsealed({"payee": text["notes"]}, STREAM, 3, KEY)
    with pytest.raises(SealBroken):
        unsealed(text, STREAM, 3, DataKey(b"l" * 32))


def test_the_same_text_is_never_sealed_alike() -> None:
    assert sealed(FACT, STREAM, 1, KEY, NONCE)["payee"] != sealed(FACT, STREAM, 1, KEY, NONCE)["payee"]


def test_a_changed_byte_breaks_the_seal() -> None:
    text = sealed(FACT, STREAM, 1, KEY, NONCE)["payee"]
    for index in (0, 15, len(text) - 5):
        broken = text[:index] + ("A" if text[index] != "A" else "B") + text[index + 1 :]
        with pytest.raises(SealBroken):
            unsealed({"payee": broken}, STREAM, 1, KEY)


def test_without_the_key_there_is_no_text() -> None:
    assert unsealed(sealed(FACT, STREAM, 1, KEY, NONCE), STREAM, 1, None) == {}


def test_a_fingerprint_is_equal_for_equal_text_under_one_key_only() -> None:
    assert KEY.fingerprint("a") == KEY.fingerprint("a") != KEY.fingerprint("b")
    assert KEY.fingerprint("a") != DataKey(b"l" * 32).fingerprint("a")


def test_a_persons_text_is_sealed_for_the_person_and_a_books_for_the_book() -> None:
    assert subject(FACT, STREAM, derived_id("book")) == derived_id("book")
    assert subject(UserRenamed(), STREAM, derived_id("book")) == STREAM


def test_no_personal_word_is_stored_in_the_clear(book: Scenario, database: str, keys: MemoryKeys) -> None:
    words = ("Marguerite", "Wahlverwandtschaften", "argon2secret", "Schatzkiste", "marguerite@example.org")
    book.do(
        RegisterUser,
        email=words[4],
        password=words[2],
        display_name=words[0],
        currency="USD",
        time_zone="UTC",
        book_id=derived_id("home"),
    )
    lunch = book.post(cash=-1, food=1, fields={"text": {"payee": words[0], "notes": words[1]}})
    book.do(AmendAccount, account_id=book.accounts["cash"], text={"name": words[3]})
    book.do(
        AmendTransaction,
        transaction_id=lunch,
        date=day("2026-03-01"),
        postings=book.legs(cash=-1, food=1),
        text={"payee": words[1]},
    )
    stored = b"".join(bytes(state) for (state,) in rows(database, "SELECT state FROM record.stored_events"))
    tables = ("registers.claims", "registers.commands", "registers.balances")
    stored += "".join(str(rows(database, f"SELECT * FROM {table}")) for table in tables).encode()
    for word in words:
        assert word.encode() not in stored
        assert word.lower().encode() not in stored.lower()
    facts = assert_sound(database, keys)
    assert facts[-1].fact.text == {"payee": words[1]}


def test_forgetting_a_book_leaves_its_amounts(book: Scenario, database: str, keys: MemoryKeys) -> None:
    lunch = book.post(cash=-12, food=12, fields={"text": {"payee": "Bistro"}})
    before = rows(database, "SELECT state FROM record.stored_events ORDER BY notification_id")
    keys.forget(book.book_id)
    reader = LogReader(database, keys)
    (posted,) = reader.stream(lunch)
    reader.close()
    assert posted.fact.text == {}
    assert isinstance(posted.fact, TransactionPosted)
    assert [leg.amount for leg in posted.fact.terms.postings] == [-12, 12]
    assert rows(database, "SELECT state FROM record.stored_events ORDER BY notification_id") == before
    assert msgspec.json.decode(posted.state)["text"]["payee"] != "Bistro"


def test_an_erased_book_takes_no_new_words(book: Scenario, keys: MemoryKeys) -> None:
    keys.forget(book.book_id)
    book.refuses_posting(Unknown, cash=-1, food=1, fields={"text": {"payee": "Bistro"}})


def test_forgetting_a_person_leaves_the_book_readable(
    book: Scenario, database: str, keys: MemoryKeys
) -> None:
    book.do(
        RegisterUser,
        email="m@example.org",
        password="argon",
        display_name="M",
        currency="USD",
        time_zone="UTC",
        book_id=derived_id("home"),
    )
    book.do(AmendUser, display_name="N")
    lunch = book.post(cash=-12, food=12, fields={"text": {"payee": "Bistro"}})
    keys.forget(book.actor_id)
    reader = LogReader(database, keys)
    assert [recorded.fact.text for recorded in reader.stream(book.actor_id)] == [{}, {}]
    assert reader.stream(lunch)[0].fact.text == {"payee": "Bistro"}
    reader.close()

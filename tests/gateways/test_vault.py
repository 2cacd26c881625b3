"""The key vault on a real database: made once, wrapped, forgotten for ever."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import pytest

from gateways.signing import SigningKeys
from gateways.vault import HEARD_WITHIN, Vault, Wrapping, WrongMasterKey

MASTER = bytes(range(32))
PLACE, NONCE = b"place", b"n" * 12


@pytest.fixture
def vault(database: str) -> Iterator[Vault]:
    made = Vault(database, MASTER)
    yield made
    made.close()


def test_a_subject_has_one_key_for_ever(database: str, vault: Vault) -> None:
    subject = uuid4()
    key = vault.of(subject)
    assert key is not None
    assert vault.of(subject) is key
    sealed = key.seal({"payee": "words"}, PLACE, lambda: NONCE)
    other = Vault(database, MASTER)
    again = other.of(subject)
    other.close()
    assert again is not None
    assert again.unseal(sealed, PLACE) == {"payee": "words"}


def test_two_subjects_have_different_keys(vault: Vault) -> None:
    one, two = vault.of(uuid4()), vault.of(uuid4())
    assert one is not None
    assert two is not None
    assert one.fingerprint("same") != two.fingerprint("same")


def test_threads_and_processes_that_meet_make_one_key(database: str) -> None:
    subject = uuid4()
    vaults = [Vault(database, MASTER) for _ in range(4)]
    with ThreadPoolExecutor(16) as threads:
        keys = list(threads.map(lambda number: vaults[number % 4].of(subject), range(64)))
    for vault in vaults:
        vault.close()
    assert len({key.fingerprint("same") for key in keys if key is not None}) == 1
    assert None not in keys


def test_a_destroyed_key_is_gone_and_never_made_anew(database: str, vault: Vault) -> None:
    subject = uuid4()
    assert vault.of(subject) is not None
    vault.destroy(subject)
    assert vault.of(subject) is None
    other = Vault(database, MASTER)
    assert other.of(subject) is None
    other.close()
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "SELECT wrapped FROM vault.data_keys WHERE subject_id = %s", [subject]
        ).fetchone()
    assert row == (None,)


def test_a_subject_can_be_forgotten_before_it_ever_had_a_key(vault: Vault) -> None:
    subject = uuid4()
    vault.destroy(subject)
    assert vault.of(subject) is None


def test_another_master_key_opens_nothing(database: str, vault: Vault) -> None:
    subject = uuid4()
    vault.of(subject)
    other = Vault(database, bytes(32))
    with pytest.raises(WrongMasterKey):
        other.of(subject)
    other.close()


def test_a_wrapped_key_cannot_be_moved_to_another_subject(database: str, vault: Vault) -> None:
    mine, theirs = uuid4(), uuid4()
    vault.of(mine)
    vault.of(theirs)
    with psycopg.connect(database) as connection:
        connection.execute(
            "UPDATE vault.data_keys SET wrapped = (SELECT wrapped FROM vault.data_keys WHERE subject_id = %s) "
            "WHERE subject_id = %s",
            [theirs, mine],
        )
    other = Vault(database, MASTER)
    with pytest.raises(WrongMasterKey):
        other.of(mine)
    other.close()


def test_more_subjects_than_the_cache_holds_still_have_their_keys(database: str) -> None:
    vault = Vault(database, MASTER, cached=4)
    subjects = [uuid4() for _ in range(20)]
    first = [key.fingerprint("x") for s in subjects if (key := vault.of(s)) is not None]
    second = [key.fingerprint("x") for s in subjects if (key := vault.of(s)) is not None]
    vault.close()
    assert first == second
    assert len(vault._young) + len(vault._old) <= 4


def test_a_lost_connection_is_replaced(vault: Vault) -> None:
    vault.of(uuid4())
    assert vault._connection is not None
    vault._connection.close()
    assert vault.of(uuid4()) is not None


def test_fingerprints_depend_on_the_master_key_and_the_text_alone(database: str, vault: Vault) -> None:
    other, foreign = Vault(database, MASTER), Vault(database, bytes(32))
    assert vault.fingerprint("ada@example.com") == other.fingerprint("ada@example.com")
    assert vault.fingerprint("ada@example.com") != vault.fingerprint("bob@example.com")
    assert vault.fingerprint("ada@example.com") != foreign.fingerprint("ada@example.com")
    assert vault.mac(b"a", b"bc") != vault.mac(b"ab", b"c")


def test_a_master_key_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Wrapping(b"short", b"test")


def test_signing_keys_are_made_once_for_each_purpose(database: str) -> None:
    keys = SigningKeys(database, MASTER)
    token, checkpoint = keys.current("token"), keys.current("checkpoint")
    again = SigningKeys(database, MASTER).current("token")
    assert again.kid == token.kid
    assert again.public_bytes == token.public_bytes
    assert checkpoint.public_bytes != token.public_bytes
    assert list(keys.public("token")) == [token.kid]
    with pytest.raises(WrongMasterKey):
        SigningKeys(database, bytes(32)).current("token")


def test_processes_that_start_together_agree_on_a_signing_key(database: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        kids = list(threads.map(lambda _: SigningKeys(database, MASTER).current("token").kid, range(8)))
    assert len(set(kids)) == 1


def test_no_key_lies_open_in_the_database(database: str, vault: Vault) -> None:
    vault.of(uuid4())
    signing = SigningKeys(database, MASTER).current("token")
    with psycopg.connect(database) as connection:
        wrapped = [bytes(w) for (w,) in connection.execute("SELECT wrapped FROM vault.data_keys")]
        wrapped += [bytes(w) for (w,) in connection.execute("SELECT wrapped FROM vault.signing_keys")]
    assert wrapped
    assert all(signing.private.private_bytes_raw() not in w and MASTER not in w for w in wrapped)


def test_what_another_process_destroys_is_used_no_more_within_moments(database: str, vault: Vault) -> None:
    subject, other = uuid4(), uuid4()
    elsewhere = Vault(database, MASTER)
    assert elsewhere.of(subject) is not None
    assert elsewhere.of(other) is not None
    vault.destroy(subject)
    time.sleep(HEARD_WITHIN + 0.05)
    assert elsewhere.of(subject) is None
    assert elsewhere.of(other) is not None
    elsewhere.close()


def test_a_vault_whose_connection_was_ended_goes_on(database: str, vault: Vault) -> None:
    subject = uuid4()
    assert vault.of(subject) is not None
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    time.sleep(HEARD_WITHIN + 0.05)
    assert vault.of(subject) is not None

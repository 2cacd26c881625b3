"""The key vault: one data key for each book and person, wrapped by the installation's master key."""

from __future__ import annotations

import hmac
import os
from collections.abc import Collection
from datetime import datetime
from threading import Lock
from time import monotonic
from typing import Any
from uuid import UUID

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ledger.sealing import NONCE_BYTES, DataKey
from ledger.session import session_url

MASTER_BYTES = 32

_SELECT = "SELECT wrapped FROM vault.data_keys WHERE subject_id = %s"
_INSERT = "INSERT INTO vault.data_keys (subject_id, wrapped) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_DESTROY = """
    INSERT INTO vault.data_keys (subject_id, wrapped, destroyed_at) VALUES (%s, NULL, now())
    ON CONFLICT (subject_id) DO UPDATE SET wrapped = NULL, destroyed_at = now()
    WHERE vault.data_keys.destroyed_at IS NULL
"""
# Somebody may commit a moment after they looked at the clock, so the same ones are heard of for some time.
_DESTROYED = """
    SELECT now(), ARRAY(SELECT subject_id FROM vault.data_keys
                         WHERE destroyed_at > %s::timestamptz - interval '10 minutes')
"""
_FORGET = "SELECT vault.forget(%s, %s)"

HEARD_WITHIN = 1.0
"""Seconds within which a key that any process destroyed is used no more."""


class WrongMasterKey(Exception):
    """The master key is not the one that wrapped this database's keys; nothing can be read or sealed."""


class Wrapping:
    """Wraps secrets under a key derived from the master key for one purpose (HKDF-SHA-256, AES-256-GCM)."""

    def __init__(self, master_key: bytes, purpose: bytes) -> None:
        """Raises ValueError unless `master_key` has 32 bytes."""
        self._aead = AESGCM(derived(master_key, b"wrap " + purpose))

    def wrap(self, secret: bytes, owner: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, secret, owner)

    def unwrap(self, wrapped: bytes, owner: bytes) -> bytes:
        """Raises WrongMasterKey, also when the bytes were wrapped for another owner."""
        try:
            return self._aead.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], owner)
        except InvalidTag as error:
            raise WrongMasterKey("the vault's keys were not wrapped by this master key") from error


class Vault:
    """The data keys of one database; implements ledger.sealing.Keys for all threads of a process.

    Keys in use are cached; a destroyed key is cached as None. What other processes destroy is asked for once a
    second while keys are used, so that no key is given out for longer than that after its end.
    """

    def __init__(
        self, url: str, master_key: bytes, *, role: str = "numina_service", cached: int = 20_000
    ) -> None:
        """`master_key` has 32 bytes; `cached` bounds the keys held in memory (about 600 bytes each)."""
        self._url = url
        self._role = role
        self._wrapping = Wrapping(master_key, b"data keys")
        self._mac = derived(master_key, b"fingerprint")
        self._lock = Lock()
        self._connection: psycopg.Connection[Any] | None = None
        # Until when (monotonic) the cached keys need not be asked about, and the time of the database at which
        # they were asked about last.
        self._sure_until = 0.0
        self._asked_at: datetime | None = None
        # Two generations stand in for an LRU list: a hit in the younger one is one dict look-up and no
        # bookkeeping; what is used again before the younger one fills up is carried over.
        self._half = max(1, cached // 2)
        # By the number of the id, which hashes in C.
        self._young: dict[int, DataKey | None] = {}
        self._old: dict[int, DataKey | None] = {}

    def of(self, subject_id: UUID) -> DataKey | None:
        """The key of a book or person, made when there is none yet; None once it was destroyed.

        Raises WrongMasterKey, and psycopg.Error when the database cannot be asked.
        """
        if monotonic() >= self._sure_until:
            self._hear()
        try:
            return self._young[subject_id.int]
        except KeyError:
            return self._fetch(subject_id)

    def fingerprint(self, text: str) -> bytes:
        """16 bytes, equal for equal text in this installation, that say nothing without the master key."""
        return hmac.digest(self._mac, text.encode(), "sha256")[:16]

    def mac(self, purpose: bytes, message: bytes) -> bytes:
        """A 32-byte authentication code for what is handed out and must come back unchanged (cursors)."""
        return hmac.digest(self._mac, len(purpose).to_bytes(2, "big") + purpose + message, "sha256")

    def destroy(self, subject_id: UUID) -> None:
        """Forgets a key for ever: text sealed under it can never be read again, and no key is made anew."""
        with self._lock:
            self._open().execute(_DESTROY, (subject_id,))
            self._drop((subject_id,))

    def forget(self, person_id: UUID, books: Collection[UUID]) -> None:
        """Destroys the keys of a person and of the books that were theirs alone, and in the same breath their
        pictures, names taken and answers remembered. Doing it again does no harm."""
        with self._lock:
            self._open().execute(_FORGET, (person_id, list(books)))
            self._drop((person_id, *books))

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _fetch(self, subject_id: UUID) -> DataKey | None:
        with self._lock:
            number = subject_id.int
            if number in self._young:
                return self._young[number]
            key = self._old[number] if number in self._old else self._load(subject_id)
            if len(self._young) >= self._half:
                self._old, self._young = self._young, {}
            self._young[number] = key
            return key

    def _hear(self) -> None:
        """Learns which keys were destroyed since it was last asked."""
        with self._lock:
            now = monotonic()
            if now < self._sure_until:
                return
            asked_at, destroyed = self._destroyed()
            self._asked_at = asked_at
            # A key fetched before this moment is known to have been there at it, one fetched later at its own.
            self._sure_until = now + HEARD_WITHIN
            self._drop(destroyed)

    def _destroyed(self) -> tuple[datetime, list[UUID]]:
        """The time of the database, and whose keys were destroyed lately."""
        try:
            [row] = self._open().execute(_DESTROYED, (self._asked_at,)).fetchall()
        except psycopg.OperationalError:
            # The server was restarted while nobody used the connection. Once more, with a fresh one.
            [row] = self._open().execute(_DESTROYED, (self._asked_at,)).fetchall()
        return row[0], row[1]

    def _drop(self, destroyed: Collection[UUID]) -> None:
        for subject_id in destroyed:
            self._old.pop(subject_id.int, None)
            self._young[subject_id.int] = None

    def _load(self, subject_id: UUID) -> DataKey | None:
        connection = self._open()
        row = connection.execute(_SELECT, (subject_id,)).fetchone()
        if row is None:
            # Another process may be making the same key: whoever inserts first wins, and both read it back.
            connection.execute(_INSERT, (subject_id, self._wrapping.wrap(os.urandom(32), subject_id.bytes)))
            row = connection.execute(_SELECT, (subject_id,)).fetchone()
        if row is None or row[0] is None:
            return None
        return DataKey(self._wrapping.unwrap(row[0], subject_id.bytes))

    def _open(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed or self._connection.broken:
            self._connection = psycopg.connect(session_url(self._url, self._role), autocommit=True)
        return self._connection


def derived(master_key: bytes, purpose: bytes) -> bytes:
    """32 bytes that depend on the master key and the purpose alone (HKDF-SHA-256)."""
    if len(master_key) != MASTER_BYTES:
        raise ValueError(f"the master key must have {MASTER_BYTES} bytes, not {len(master_key)}")
    return HKDF(hashes.SHA256(), 32, salt=None, info=b"numina " + purpose).derive(master_key)

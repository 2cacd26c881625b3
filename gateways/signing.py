"""Ed25519 keys that sign on the installation's behalf: access tokens, and checkpoints of the log."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Any, Literal, NamedTuple

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateways.vault import Wrapping
from ledger.session import session_url

Purpose = Literal["token", "checkpoint"]

# A key signs once every process has had the time to hear of it, unless there is no other.
_CURRENT = """
    SELECT kid, wrapped FROM vault.signing_keys
    WHERE purpose = %s AND (retired_at IS NULL OR retired_at > now())
    ORDER BY created_at > now() - interval '2 minutes', created_at DESC, kid
    LIMIT 1
"""
_PUBLIC = "SELECT kid, public FROM vault.signing_keys WHERE purpose = %s"
_ACCEPTED = _PUBLIC + " AND (retired_at IS NULL OR retired_at > now())"
# Tokens last for a day at most.
_RETIRE = """
    UPDATE vault.signing_keys SET retired_at = now() + %s
    WHERE purpose = %s AND (retired_at IS NULL OR retired_at > now() + %s)
"""
_INSERT = "INSERT INTO vault.signing_keys (kid, purpose, public, wrapped) VALUES (%s, %s, %s, %s)"
# Two processes that start together on an empty vault must agree on one key.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('numina signing keys', 0))"


class SigningKey(NamedTuple):
    """A private key and the name (`kid`) under which its public half is found."""

    kid: str
    private: Ed25519PrivateKey

    @property
    def public_bytes(self) -> bytes:
        """The 32 raw bytes of the public key (RFC 8032)."""
        return self.private.public_key().public_bytes_raw()


class SigningKeys:
    """The signing keys of one database."""

    def __init__(self, url: str, master_key: bytes, *, role: str = "numina_service") -> None:
        self._url = url
        self._role = role
        self._wrapping = Wrapping(master_key, b"signing keys")

    def current(self, purpose: Purpose) -> SigningKey:
        """The key that signs for `purpose`, made when there is none. Raises WrongMasterKey."""
        with self._connect() as connection:
            connection.execute(_LOCK)
            row = connection.execute(_CURRENT, (purpose,)).fetchone()
            if row is None:
                return self._make(connection, purpose)
            kid, wrapped = row
            secret = self._wrapping.unwrap(wrapped, _owner(purpose, kid))
            return SigningKey(kid, Ed25519PrivateKey.from_private_bytes(secret))

    def public(self, purpose: Purpose) -> dict[str, Ed25519PublicKey]:
        """The public halves of all keys for `purpose` by name, retired ones included."""
        with self._connect() as connection:
            rows = connection.execute(_PUBLIC, (purpose,)).fetchall()
        return {kid: Ed25519PublicKey.from_public_bytes(public) for kid, public in rows}

    def accepted(self, purpose: Purpose) -> dict[str, Ed25519PublicKey]:
        """The public halves by name of the keys for `purpose` that are not retired."""
        with self._connect() as connection:
            rows = connection.execute(_ACCEPTED, (purpose,)).fetchall()
        return {kid: Ed25519PublicKey.from_public_bytes(public) for kid, public in rows}

    def rotate(self, purpose: Purpose, *, at_once: bool = False) -> str:
        """Makes a new key, which signs from two minutes later on; the name of it. What older ones signed is accepted
        for another day, or, `at_once` (somebody may have a copy), not any more."""
        after = timedelta(0) if at_once else timedelta(days=1, minutes=5)
        with self._connect() as connection:
            connection.execute(_LOCK)
            connection.execute(_RETIRE, (after, purpose, after))
            return self._make(connection, purpose).kid

    def _make(self, connection: psycopg.Connection[Any], purpose: Purpose) -> SigningKey:
        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        kid = sha256(public).hexdigest()[:16]
        wrapped = self._wrapping.wrap(private.private_bytes_raw(), _owner(purpose, kid))
        connection.execute(_INSERT, (kid, purpose, public, wrapped))
        return SigningKey(kid, private)

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(session_url(self._url, self._role))


def _owner(purpose: Purpose, kid: str) -> bytes:
    return f"{purpose} {kid}".encode()

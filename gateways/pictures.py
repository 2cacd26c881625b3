"""Pictures kept sealed in the vault, each under the SHA-256 of its sealed bytes."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import UUID

import psycopg

from ledger.sealing import Keys

_PLACE = b"picture"
_KEEP = "INSERT INTO vault.images (digest, subject_id, sealed) VALUES (%s, %s, %s)"
_SHOW = "SELECT sealed FROM vault.images WHERE digest = %s AND subject_id = %s"
_OTHERS = "DELETE FROM vault.images WHERE subject_id = %s AND digest <> %s"

Connection = psycopg.AsyncConnection[Any]


async def keep(connection: Connection, keys: Keys, subject_id: UUID, content: bytes) -> bytes | None:
    """Stores a picture under the key of its person; its digest, or None when they were forgotten."""
    key = keys.of(subject_id)
    if key is None:
        return None
    sealed = key.seal_bytes(content, _PLACE)
    digest = sha256(sealed).digest()
    await connection.execute(_KEEP, (digest, subject_id, sealed))
    return digest


async def show(connection: Connection, keys: Keys, subject_id: UUID, digest: bytes) -> bytes | None:
    """The picture; None when it is not there, or can no longer be read."""
    key = keys.of(subject_id)
    row = await (await connection.execute(_SHOW, (digest, subject_id))).fetchone()
    return key.unseal_bytes(row[0], _PLACE) if row and key else None


async def keep_only(connection: Connection, subject_id: UUID, digest: bytes) -> None:
    """Removes the person's pictures but for one; an empty `digest` removes all."""
    await connection.execute(_OTHERS, (subject_id, digest))

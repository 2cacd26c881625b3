"""Keys that live in memory, derived from the subject, so that a test needs no vault."""

from hashlib import sha256
from uuid import UUID

from ledger.sealing import DataKey


class MemoryKeys:
    """Every subject has a key until it is forgotten."""

    def __init__(self) -> None:
        self._keys: dict[UUID, DataKey | None] = {}
        self._own = DataKey(sha256(b"installation").digest())

    def of(self, subject_id: UUID) -> DataKey | None:
        if subject_id not in self._keys:
            self._keys[subject_id] = DataKey(sha256(b"subject" + subject_id.bytes).digest())
        return self._keys[subject_id]

    def forget(self, subject_id: UUID) -> None:
        """Destroys the key: text sealed under it is gone."""
        self._keys[subject_id] = None

    def fingerprint(self, text: str) -> bytes:
        return self._own.fingerprint(text)

"""Somebody's passkeys, as their facts make them, and the challenges that they used up lately."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from ledger.ids import NIL
from ledger.passkeys.events import (
    UserPasskeyAdded,
    UserPasskeyRemoved,
    UserPasskeyRenamed,
    UserPasskeySuspected,
    UserPasskeyUsed,
)

PasskeyFact = (
    UserPasskeyAdded | UserPasskeyRenamed | UserPasskeyUsed | UserPasskeySuspected | UserPasskeyRemoved
)
# The clocks of two processes differ a little, so a used challenge is remembered beyond its end.
SKEW = timedelta(minutes=1)


class Passkey(msgspec.Struct, frozen=True, kw_only=True):
    """One key. `suspected_at` is when it last looked as if there were a copy of it."""

    passkey_id: UUID
    credential_id: bytes
    public_key: bytes
    sign_count: int
    aaguid: UUID
    synced: bool
    transports: tuple[str, ...]
    added_at: datetime
    name: str
    used_at: datetime | None = None
    suspected_at: datetime | None = None


class Passkeys(msgspec.Struct, frozen=True):
    """`spent` are the digests of challenges that were used and might come again, with their ends."""

    keys: tuple[Passkey, ...] = ()
    spent: tuple[tuple[bytes, datetime], ...] = ()

    def by_id(self, passkey_id: UUID) -> Passkey | None:
        return next((key for key in self.keys if key.passkey_id == passkey_id), None)

    def by_credential(self, credential_id: bytes) -> Passkey | None:
        return next((key for key in self.keys if key.credential_id == credential_id), None)

    def has_spent(self, challenge: bytes) -> bool:
        """Whether the challenge with this digest was used."""
        return any(digest == challenge for digest, _ in self.spent)

    def claims(self) -> tuple[tuple[UUID, str, str], ...]:
        """A credential belongs to one person only."""
        return tuple(credential_claim(key.credential_id) for key in self.keys)


def credential_claim(credential_id: bytes) -> tuple[UUID, str, str]:
    """The scope, kind and text under which a credential is claimed."""
    return NIL, "passkey", urlsafe_b64encode(credential_id).decode()


def evolve(passkeys: Passkeys, fact: PasskeyFact) -> Passkeys:
    """The passkeys after `fact`."""
    match fact:
        case UserPasskeyAdded():
            added = Passkey(
                passkey_id=fact.passkey_id,
                credential_id=fact.credential_id,
                public_key=fact.public_key,
                sign_count=fact.sign_count,
                aaguid=fact.aaguid,
                synced=fact.synced,
                transports=fact.transports,
                added_at=fact.added_at,
                name=fact.text.get("name", ""),
            )
            spent = _spend(passkeys, fact.challenge, fact.expires_at, fact.added_at)
            return Passkeys((*passkeys.keys, added), spent)
        case UserPasskeyUsed():
            spent = _spend(passkeys, fact.challenge, fact.expires_at, fact.used_at)
            return _changed(
                passkeys, fact.passkey_id, spent, sign_count=fact.sign_count, used_at=fact.used_at
            )
        case UserPasskeySuspected():
            spent = _spend(passkeys, fact.challenge, fact.expires_at, fact.suspected_at)
            return _changed(passkeys, fact.passkey_id, spent, suspected_at=fact.suspected_at)
        case UserPasskeyRenamed():
            return _changed(passkeys, fact.passkey_id, passkeys.spent, name=fact.text.get("name", ""))
        case UserPasskeyRemoved():
            kept = tuple(key for key in passkeys.keys if key.passkey_id != fact.passkey_id)
            return Passkeys(kept, passkeys.spent)


def _spend(
    passkeys: Passkeys, challenge: bytes, expires_at: datetime, now: datetime
) -> tuple[tuple[bytes, datetime], ...]:
    """The used challenges with one more, and without those that are over anyway."""
    return (*(each for each in passkeys.spent if each[1] + SKEW > now), (challenge, expires_at))


def _changed(
    passkeys: Passkeys, passkey_id: UUID, spent: tuple[tuple[bytes, datetime], ...], **change: object
) -> Passkeys:
    keys = tuple(
        msgspec.structs.replace(key, **change) if key.passkey_id == passkey_id else key
        for key in passkeys.keys
    )
    return Passkeys(keys, spent)

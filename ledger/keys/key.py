"""An API key as its facts make it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from ledger.keys.events import KeyMade, KeyMisused, KeyRenamed, KeyRevoked, KeyUsed
from ledger.record import Fact
from ledger.refusals import Refusal


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """`digest` is the SHA-256 of the key as it was shown; `used` holds the networks that it was used from on the last
    day of its use, with when; `revoked` says why it is good no more."""

    key_id: UUID
    user_id: UUID
    scopes: frozenset[str]
    digest: bytes
    made_at: datetime
    only_book: UUID | None = None
    expires_at: datetime | None = None
    used: Mapping[str, datetime] = {}
    misused_at: datetime | None = None
    revoked: str | None = None
    text: Mapping[str, str] = {}

    def over(self, now: datetime, reclaimed_at: datetime | None = None) -> str | None:
        """Why the key is not good at `now`: revoked, expired, or from before its person had the account to themselves
        (see UserReclaimed); None while it is."""
        if reclaimed_at is not None and self.made_at <= reclaimed_at:
            return "void"
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else None


class KeyUnreadable(Refusal):
    """An API key's facts do not follow from each other."""

    code = "key_unreadable"
    status = 409


def evolve(key: ApiKey | None, fact: Fact, stream_id: UUID, book_id: UUID) -> ApiKey:
    """The key after `fact`."""
    if isinstance(fact, KeyMade):
        return ApiKey(
            key_id=stream_id,
            user_id=fact.user_id,
            scopes=frozenset(fact.scopes),
            digest=fact.digest,
            made_at=fact.made_at,
            only_book=fact.only_book,
            expires_at=fact.expires_at,
            text=fact.text,
        )
    if key is None:
        raise KeyUnreadable(f"key {stream_id} does not begin with its making")
    match fact:
        case KeyRenamed(text=text):
            return msgspec.structs.replace(key, text=text)
        case KeyUsed(used_at=at, text=text):
            today = {place: when for place, when in key.used.items() if when.date() == at.date()}
            return msgspec.structs.replace(key, used={**today, text.get("address", ""): at})
        case KeyMisused(misused_at=at):
            return msgspec.structs.replace(key, misused_at=at)
        case KeyRevoked(reason=reason):
            return msgspec.structs.replace(key, revoked=reason)
        case _:
            raise KeyUnreadable(f"{fact.topic} is not a fact of API keys")

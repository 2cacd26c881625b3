"""Somebody's second factors, as their facts make them, and how often codes were wrong lately."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from ledger.factors.events import (
    UserFactorFailed,
    UserRecoveryCodesMade,
    UserRecoveryCodeUsed,
    UserTotpConfirmed,
    UserTotpOffered,
    UserTotpRemoved,
    UserTotpUsed,
)

FactorFact = (
    UserTotpOffered
    | UserTotpConfirmed
    | UserTotpUsed
    | UserTotpRemoved
    | UserRecoveryCodesMade
    | UserRecoveryCodeUsed
    | UserFactorFailed
)


class Offer(msgspec.Struct, frozen=True):
    """A secret that was shown, and waits for a code of it until `expires_at`."""

    totp_id: UUID
    secret: str
    expires_at: datetime


class Totp(msgspec.Struct, frozen=True, kw_only=True):
    """An authenticator app. `step` is the newest one of which a code was accepted."""

    totp_id: UUID
    secret: str
    step: int
    confirmed_at: datetime
    used_at: datetime | None = None


class Factors(msgspec.Struct, frozen=True, kw_only=True):
    """`recovery_codes` are the digests of those that are left; `failures` counts wrong codes in a row, the last one
    at `failed_at`."""

    offer: Offer | None = None
    totp: Totp | None = None
    recovery_codes: tuple[bytes, ...] = ()
    codes_made_at: datetime | None = None
    failures: int = 0
    failed_at: datetime | None = None
    paused_until: datetime | None = None


def evolve(factors: Factors, fact: FactorFact) -> Factors:
    """The factors after `fact`."""
    match fact:
        case UserTotpOffered():
            offer = Offer(fact.totp_id, fact.text.get("secret", ""), fact.expires_at)
            return msgspec.structs.replace(factors, offer=offer)
        case UserTotpConfirmed(totp_id=totp_id, step=step, confirmed_at=at):
            secret = factors.offer.secret if factors.offer else ""
            totp = Totp(totp_id=totp_id, secret=secret, step=step, confirmed_at=at)
            return _calm(msgspec.structs.replace(factors, offer=None, totp=totp))
        case UserTotpUsed(step=step, used_at=at):
            used = factors.totp and msgspec.structs.replace(factors.totp, step=step, used_at=at)
            return _calm(msgspec.structs.replace(factors, totp=used))
        case UserTotpRemoved():
            return msgspec.structs.replace(factors, totp=None)
        case UserRecoveryCodesMade(digests=digests, made_at=at):
            return msgspec.structs.replace(factors, recovery_codes=digests, codes_made_at=at)
        case UserRecoveryCodeUsed(digest=digest):
            left = tuple(each for each in factors.recovery_codes if each != digest)
            return _calm(msgspec.structs.replace(factors, recovery_codes=left))
        case UserFactorFailed(failures=failures, failed_at=at, paused_until=until):
            return msgspec.structs.replace(factors, failures=failures, failed_at=at, paused_until=until)


def _calm(factors: Factors) -> Factors:
    """A right code ends the row of wrong ones."""
    return msgspec.structs.replace(factors, failures=0, failed_at=None, paused_until=None)

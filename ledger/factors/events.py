"""What becomes true of somebody's second factors. Stream: the user's id; text sealed under the person's own key.

A step is the number of whole 30 seconds since 1970 (RFC 6238): each has one code.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from ledger.record import Fact, fact


@fact
class UserTotpOffered(Fact, frozen=True):
    """They were shown a secret to put into an authenticator app. It counts for nothing until a code of it was sent,
    which must be before `expires_at`. text: secret (base32)."""

    topic: ClassVar[str] = "user.totp_offered"
    sealed_for: ClassVar[str] = "person"

    totp_id: UUID
    expires_at: datetime


@fact
class UserTotpConfirmed(Fact, frozen=True):
    """They have sent the code of `step`: from now on codes of the secret that was offered are demanded, and those of
    an earlier secret are good for nothing."""

    topic: ClassVar[str] = "user.totp_confirmed"
    sealed_for: ClassVar[str] = "person"

    totp_id: UUID
    step: int
    confirmed_at: datetime


@fact
class UserTotpUsed(Fact, frozen=True):
    """The code of `step` proved who they are. No code of this step or an earlier one ever will again."""

    topic: ClassVar[str] = "user.totp_used"
    sealed_for: ClassVar[str] = "person"

    totp_id: UUID
    step: int
    used_at: datetime


@fact
class UserTotpRemoved(Fact, frozen=True):
    """Codes of the authenticator app are neither demanded nor accepted any more."""

    topic: ClassVar[str] = "user.totp_removed"
    sealed_for: ClassVar[str] = "person"

    totp_id: UUID


@fact
class UserRecoveryCodesMade(Fact, frozen=True):
    """They were given recovery codes, whose keyed digests these are. Earlier ones are good for nothing."""

    topic: ClassVar[str] = "user.recovery_codes_made"
    sealed_for: ClassVar[str] = "person"

    digests: tuple[bytes, ...]
    made_at: datetime


@fact
class UserRecoveryCodeUsed(Fact, frozen=True):
    """The recovery code with this digest proved who they are, and never will again."""

    topic: ClassVar[str] = "user.recovery_code_used"
    sealed_for: ClassVar[str] = "person"

    digest: bytes
    used_at: datetime


@fact
class UserFactorFailed(Fact, frozen=True):
    """A wrong code was sent by somebody who had the password or a session: the `failures`-th in a row. No code is
    looked at until `paused_until`, if any. `method`: totp or recovery_code."""

    topic: ClassVar[str] = "user.factor_failed"
    sealed_for: ClassVar[str] = "person"

    method: str
    failures: int
    failed_at: datetime
    paused_until: datetime | None = None

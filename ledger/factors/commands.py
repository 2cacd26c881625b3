"""Setting up an authenticator app and recovery codes, proving with them who one is, and removing them.

Whether a code belongs to a step, and which digest a recovery code has, is worked out before: decisions only compare
with what came true before. A wrong code is a fact, not a refusal: whoever carries it out must look which came true.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from math import ceil
from typing import ClassVar
from uuid import UUID

from ledger.command import Command, Draft, State
from ledger.factors.events import (
    UserRecoveryCodesMade,
    UserRecoveryCodeUsed,
    UserTotpConfirmed,
    UserTotpOffered,
    UserTotpRemoved,
    UserTotpUsed,
)
from ledger.factors.factors import Factors, Offer
from ledger.factors.guessing import failed, pause_left
from ledger.factors.refusals import FactorProofNeeded, NoTotp, NoTotpOffered, TooManyCodes
from ledger.identity.present import present
from ledger.record import Fact


class FactorCommand(Command, frozen=True, kw_only=True):
    """About the second factors of the person `actor_id`; `book_id` is their home book."""

    def streams(self) -> Iterable[UUID]:
        return (self.actor_id,)

    def factors(self, state: State) -> Factors:
        """Raises Unknown when the person is gone."""
        return present(state, self.actor_id).factors

    def guarded(self, state: State, proved: bool) -> Factors:
        """As `factors`, for what only they may change who have just proved a second factor, if there is one. Raises
        FactorProofNeeded."""
        user = present(state, self.actor_id)
        if user.has_second_factor and not proved:
            raise FactorProofNeeded(
                "Send a code, or another second factor of yours, to POST /v1/auth/step-up, then try again with the "
                "token that it gives."
            )
        return user.factors

    def fact(self, fact: Fact) -> list[Draft]:
        return [Draft(self.actor_id, fact)]


class Guess(FactorCommand, frozen=True, kw_only=True):
    """Something that could be guessed."""

    method: ClassVar[str]

    def calm(self, state: State) -> Factors:
        """Raises TooManyCodes while there is a pause, also for a code that is right."""
        factors = self.factors(state)
        if left := pause_left(factors, self.now):
            seconds = ceil(left.total_seconds())
            raise TooManyCodes(
                f"Codes were wrong {factors.failures} times in a row. Try again in {seconds} seconds.",
                retry_after=seconds,
            )
        return factors

    def wrong(self, factors: Factors) -> list[Draft]:
        return self.fact(failed(factors, self.method, self.now))


class OfferTotp(FactorCommand, frozen=True, kw_only=True):
    """Shows a fresh `secret` (base32) for an authenticator app, in place of one that was not confirmed. One that was
    is good until this one is. `proved` says that the person has just proved who they are with a second factor."""

    name: ClassVar[str] = "user.offer_totp"

    proved: bool
    totp_id: UUID
    secret: str
    expires_at: datetime

    def decide(self, state: State) -> list[Draft]:
        """Raises Unknown, FactorProofNeeded."""
        self.guarded(state, self.proved)
        text = {"secret": self.secret}
        return self.fact(UserTotpOffered(totp_id=self.totp_id, expires_at=self.expires_at, text=text))


class ConfirmTotp(Guess, frozen=True, kw_only=True):
    """Sends a code of the offer `totp_id`, to show that an app has its secret. `steps` are those around now of which
    it is the code; none for a wrong one."""

    name: ClassVar[str] = "user.confirm_totp"
    method: ClassVar[str] = "totp"

    totp_id: UUID
    steps: tuple[int, ...]

    def decide(self, state: State) -> list[Draft]:
        """UserTotpConfirmed, or UserFactorFailed. Raises Unknown, NoTotpOffered, TooManyCodes."""
        factors = self.calm(state)
        offer = awaited(factors, self.now)
        if offer.totp_id != self.totp_id or not self.steps:
            return self.wrong(factors)
        step = min(self.steps)
        return self.fact(UserTotpConfirmed(totp_id=self.totp_id, step=step, confirmed_at=self.now))


class UseTotp(Guess, frozen=True, kw_only=True):
    """Takes a code as a proof of who somebody is. `steps` are those around now of which it is the code of the secret
    of `totp_id`; none for a wrong one."""

    name: ClassVar[str] = "user.use_totp"
    method: ClassVar[str] = "totp"

    totp_id: UUID
    steps: tuple[int, ...]

    def decide(self, state: State) -> list[Draft]:
        """UserTotpUsed, or UserFactorFailed. Raises Unknown, NoTotp, TooManyCodes."""
        factors = self.calm(state)
        totp = factors.totp
        if totp is None:
            raise NoTotp("It was removed in the meantime.")
        fresh = [step for step in self.steps if step > totp.step]
        if totp.totp_id != self.totp_id or not fresh:
            return self.wrong(factors)
        return self.fact(UserTotpUsed(totp_id=self.totp_id, step=min(fresh), used_at=self.now))


class UseRecoveryCode(Guess, frozen=True, kw_only=True):
    """Takes the recovery code with the `digest`, if it is one that is left, as a proof of who somebody is."""

    name: ClassVar[str] = "user.use_recovery_code"
    method: ClassVar[str] = "recovery_code"

    digest: bytes

    def decide(self, state: State) -> list[Draft]:
        """UserRecoveryCodeUsed, or UserFactorFailed. Raises Unknown, TooManyCodes."""
        factors = self.calm(state)
        if self.digest not in factors.recovery_codes:
            return self.wrong(factors)
        return self.fact(UserRecoveryCodeUsed(digest=self.digest, used_at=self.now))


class RemoveTotp(FactorCommand, frozen=True, kw_only=True):
    """Does without the authenticator app from now on. `proved` says that the person has just proved who they are with
    a second factor."""

    name: ClassVar[str] = "user.remove_totp"

    proved: bool

    def decide(self, state: State) -> list[Draft]:
        """Raises Unknown, NoTotp, FactorProofNeeded."""
        totp = self.guarded(state, self.proved).totp
        if totp is None:
            raise NoTotp("There is nothing to remove.")
        return self.fact(UserTotpRemoved(totp_id=totp.totp_id))


class MakeRecoveryCodes(FactorCommand, frozen=True, kw_only=True):
    """Replaces all recovery codes. `digests` are those of the new ones; `proved` as for RemoveTotp."""

    name: ClassVar[str] = "user.make_recovery_codes"

    proved: bool
    digests: tuple[bytes, ...]

    def decide(self, state: State) -> list[Draft]:
        """Raises Unknown, FactorProofNeeded."""
        self.guarded(state, self.proved)
        return self.fact(UserRecoveryCodesMade(digests=self.digests, made_at=self.now))


def awaited(factors: Factors, now: datetime) -> Offer:
    """The secret that waits for a code. Raises NoTotpOffered."""
    if factors.offer is None or factors.offer.expires_at <= now:
        raise NoTotpOffered("Ask for one with POST /v1/auth/totp, and confirm it within an hour.")
    return factors.offer

"""Adding a passkey, proving with it who one is, renaming and removing it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from ledger.command import Claim, Command, Draft, State
from ledger.factors.refusals import FactorProofNeeded
from ledger.identity.user import User
from ledger.oidc.refusals import LastWayIn
from ledger.passkeys.events import (
    UserPasskeyAdded,
    UserPasskeyRemoved,
    UserPasskeyRenamed,
    UserPasskeySuspected,
    UserPasskeyUsed,
)
from ledger.passkeys.passkeys import Passkey, credential_claim
from ledger.passkeys.refusals import (
    ChallengeOver,
    CredentialTaken,
    TooManyPasskeys,
    UnknownPasskey,
)

MOST_PASSKEYS = 20


_PROVE = (
    "Prove who you are with a second factor of yours at POST /v1/auth/step-up, then try again with the token that it "
    "gives."
)


class PasskeyCommand(Command, frozen=True, kw_only=True):
    """About the passkeys of the person `actor_id`; `book_id` is their home book."""

    def streams(self) -> Iterable[UUID]:
        return (self.actor_id,)

    def owner(self, state: State) -> User:
        """Raises UnknownPasskey when the person is gone."""
        user = state.entity(User, self.actor_id)
        if user is None or not user.present:
            raise UnknownPasskey("This person is no longer known here.")
        return user

    def present(self, state: State, passkey_id: UUID) -> Passkey:
        """Raises UnknownPasskey."""
        key = self.owner(state).passkeys.by_id(passkey_id)
        if key is None:
            raise UnknownPasskey("There is no such passkey of yours.", passkey_id=str(passkey_id))
        return key


class Answering(PasskeyCommand, frozen=True, kw_only=True):
    """Answers a challenge, which can be done once. `challenge` is its SHA-256."""

    challenge: bytes
    expires_at: datetime

    def unanswered(self, state: State) -> User:
        """Raises ChallengeOver, UnknownPasskey."""
        user = self.owner(state)
        if self.expires_at <= self.now:
            raise ChallengeOver("The challenge has expired. Ask for another one.")
        if user.passkeys.has_spent(self.challenge):
            raise ChallengeOver("Each challenge is good for one answer. Ask for another one.")
        return user


class AddPasskey(Answering, frozen=True, kw_only=True):
    """Takes over what a device of theirs made for a challenge: all verified before, see UserPasskeyAdded.

    `proved` says that the person has just proved who they are with a second factor.
    """

    name: ClassVar[str] = "user.add_passkey"

    proved: bool
    passkey_id: UUID
    title: str
    credential_id: bytes
    public_key: bytes
    sign_count: int
    aaguid: UUID
    synced: bool
    transports: tuple[str, ...] = ()

    def claims(self, state: State) -> Iterable[Claim]:
        return (Claim(*credential_claim(self.credential_id)),)

    def decide(self, state: State) -> list[Draft]:
        """Raises ChallengeOver, FactorProofNeeded, CredentialTaken, TooManyPasskeys."""
        user = self.unanswered(state)
        if user.has_second_factor and not self.proved:
            # A session that was opened before there was one must not add one of its own.
            raise FactorProofNeeded(_PROVE)
        if state.holder(*credential_claim(self.credential_id)) is not None:
            raise CredentialTaken("Use another device or key; this one is registered already.")
        if len(user.passkeys.keys) >= MOST_PASSKEYS:
            raise TooManyPasskeys(f"Remove one first: {MOST_PASSKEYS} are the most.", most=MOST_PASSKEYS)
        added = UserPasskeyAdded(
            passkey_id=self.passkey_id,
            credential_id=self.credential_id,
            public_key=self.public_key,
            sign_count=self.sign_count,
            aaguid=self.aaguid,
            synced=self.synced,
            challenge=self.challenge,
            expires_at=self.expires_at,
            added_at=self.now,
            transports=self.transports,
            text={"name": self.title},
        )
        return [Draft(self.actor_id, added)]


class UsePasskey(Answering, frozen=True, kw_only=True):
    """Takes the signature of a passkey, which was verified before, as a proof of who somebody is.

    A passkey that counts must have counted on (Web Authentication, section 7.2, step 22). If it has not, the only
    fact is the suspicion: whoever carries this out must look which of the two came true.
    """

    name: ClassVar[str] = "user.use_passkey"

    passkey_id: UUID
    sign_count: int
    verified: bool = False

    def decide(self, state: State) -> list[Draft]:
        """Raises ChallengeOver, UnknownPasskey."""
        self.unanswered(state)
        key = self.present(state, self.passkey_id)
        if (self.sign_count or key.sign_count) and self.sign_count <= key.sign_count:
            suspected = UserPasskeySuspected(
                passkey_id=self.passkey_id,
                sign_count=self.sign_count,
                known=key.sign_count,
                challenge=self.challenge,
                expires_at=self.expires_at,
                suspected_at=self.now,
            )
            return [Draft(self.actor_id, suspected)]
        used = UserPasskeyUsed(
            passkey_id=self.passkey_id,
            sign_count=self.sign_count,
            challenge=self.challenge,
            expires_at=self.expires_at,
            used_at=self.now,
            verified=self.verified,
        )
        return [Draft(self.actor_id, used)]


class RenamePasskey(PasskeyCommand, frozen=True, kw_only=True):
    """Calls a passkey something else."""

    name: ClassVar[str] = "user.rename_passkey"

    passkey_id: UUID
    title: str

    def decide(self, state: State) -> list[Draft]:
        """Raises UnknownPasskey."""
        if self.present(state, self.passkey_id).name == self.title:
            return []
        renamed = UserPasskeyRenamed(passkey_id=self.passkey_id, text={"name": self.title})
        return [Draft(self.actor_id, renamed)]


class RemovePasskey(PasskeyCommand, frozen=True, kw_only=True):
    """Removes a passkey. `proved` says that the person has just proved who they are with a second factor."""

    name: ClassVar[str] = "user.remove_passkey"

    passkey_id: UUID
    proved: bool

    def decide(self, state: State) -> list[Draft]:
        """Raises UnknownPasskey, FactorProofNeeded, LastWayIn."""
        self.present(state, self.passkey_id)
        user = self.owner(state)
        if not self.proved:
            raise FactorProofNeeded(_PROVE)
        if user.ways_in == 1:
            raise LastWayIn("Set a password or link an account first.")
        return [Draft(self.actor_id, UserPasskeyRemoved(passkey_id=self.passkey_id))]

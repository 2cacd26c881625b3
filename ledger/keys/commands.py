"""Making, naming and revoking API keys, and noting that one was used."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from ledger.books.book import Book
from ledger.command import Command, Draft, State
from ledger.identity.present import present
from ledger.keys.events import KeyMade, KeyMisused, KeyRenamed, KeyRevoked, KeyUsed
from ledger.keys.key import ApiKey
from ledger.keys.scopes import SCOPES
from ledger.refusals import Refusal, Unknown

MOST_KEYS = 100
# Who tries a dead key again and again says nothing new.
MISUSE_EVERY = timedelta(hours=1)


class UnknownKey(Unknown):
    """There is no such API key of yours."""

    code = "unknown_key"


class TooManyKeys(Refusal):
    """You have as many API keys as one person may have."""

    code = "too_many_keys"
    status = 409


class UnknownScope(Refusal):
    """There is nothing of this name that an API key could be allowed to do."""

    code = "unknown_scope"


class KeyLifeless(Refusal):
    """An API key must expire after it was made."""

    code = "key_lifeless"


class KeyCommand(Command, frozen=True, kw_only=True):
    """About one key of a person; `book_id` is the person's id."""

    key_id: UUID

    def streams(self) -> Iterable[UUID]:
        return (self.key_id,)

    def key(self, state: State) -> ApiKey:
        """Raises UnknownKey."""
        key = state.entity(ApiKey, self.key_id)
        if key is None or key.user_id != self.book_id:
            raise UnknownKey("There is no such API key of yours.", key_id=str(self.key_id))
        return key


class MakeKey(Command, frozen=True, kw_only=True):
    """A key of the fresh id `key_id` for `actor_id`, whose id is `book_id` as well. `digest` is the SHA-256 of what
    is shown to them; `held` is how many keys they have, as far as the read models know."""

    name: ClassVar[str] = "key.make"

    key_id: UUID
    title: str
    scopes: tuple[str, ...]
    digest: bytes
    only_book: UUID | None = None
    expires_at: datetime | None = None
    held: int = 0

    def streams(self) -> Iterable[UUID]:
        return (self.actor_id, *([self.only_book] if self.only_book else ()))

    def decide(self, state: State) -> list[Draft]:
        """Raises Unknown, UnknownScope, KeyLifeless, TooManyKeys."""
        present(state, self.actor_id)
        strange = [scope for scope in self.scopes if scope not in SCOPES]
        if strange or not self.scopes:
            raise UnknownScope(f"Name some of {', '.join(SCOPES)}.", field="scopes")
        if self.only_book is not None:
            book = state.entity(Book, self.only_book)
            if book is None or book.role_of(self.actor_id) is None:
                raise Unknown("There is no such book among yours.", field="book_id")
        if self.expires_at is not None and self.expires_at <= self.now:
            raise KeyLifeless("Name a time to come, or leave it out.", field="expires_at")
        if self.held >= MOST_KEYS:
            raise TooManyKeys(f"Revoke one first: {MOST_KEYS} are the most.", most=MOST_KEYS)
        made = KeyMade(
            user_id=self.actor_id,
            scopes=tuple(scope for scope in SCOPES if scope in self.scopes),
            digest=self.digest,
            made_at=self.now,
            only_book=self.only_book,
            expires_at=self.expires_at,
            text={"name": self.title},
        )
        return [Draft(self.key_id, made)]


class RenameKey(KeyCommand, frozen=True, kw_only=True):
    """Calls a key something else."""

    name: ClassVar[str] = "key.rename"

    title: str

    def decide(self, state: State) -> list[Draft]:
        """Raises UnknownKey, also for one that was revoked."""
        key = self.key(state)
        if key.revoked is not None:
            raise UnknownKey("This key was revoked.", key_id=str(self.key_id))
        if key.text.get("name") == self.title:
            return []
        return [Draft(self.key_id, KeyRenamed(text={"name": self.title}))]


class RevokeKey(KeyCommand, frozen=True, kw_only=True):
    """Ends a key, if that has not happened before. `reason` as KeyRevoked has it."""

    name: ClassVar[str] = "key.revoke"

    reason: str

    def decide(self, state: State) -> list[Draft]:
        """Raises UnknownKey."""
        if self.key(state).revoked is not None:
            return []
        return [Draft(self.key_id, KeyRevoked(reason=self.reason))]


class NoteUse(KeyCommand, frozen=True, kw_only=True):
    """The key was used from the network `address`: worth a fact once a day."""

    name: ClassVar[str] = "key.use"

    address: str

    def decide(self, state: State) -> list[Draft]:
        """Raises UnknownKey."""
        key = self.key(state)
        before = key.used.get(self.address)
        if key.over(self.now) is not None or (before is not None and before.date() >= self.now.date()):
            return []
        return [Draft(self.key_id, KeyUsed(used_at=self.now, text={"address": self.address}))]


class NoteMisuse(KeyCommand, frozen=True, kw_only=True):
    """The key was shown, from the network `address`, when it was good no more."""

    name: ClassVar[str] = "key.misuse"

    address: str

    def streams(self) -> Iterable[UUID]:
        return (self.key_id, self.book_id)

    def decide(self, state: State) -> list[Draft]:
        """Nothing when the key is good, or this was noted less than MISUSE_EVERY ago. Raises UnknownKey, Unknown."""
        key = self.key(state)
        reason = key.over(self.now, present(state, self.book_id).mailbox.reclaimed_at)
        if reason is None or (key.misused_at is not None and self.now - key.misused_at < MISUSE_EVERY):
            return []
        misused = KeyMisused(misused_at=self.now, reason=reason, text={"address": self.address})
        return [Draft(self.key_id, misused)]

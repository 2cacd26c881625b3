"""A transaction's row while the facts of a window change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from struct import Struct
from typing import Any
from uuid import UUID

from ledger.postings import Posting
from ledger.record import Recorded
from ledger.transactions.effects import first_terms
from ledger.transactions.events import Terms
from projections.copying import clean
from projections.packing import DAY_ZERO, NULL, identities, identity, instant, text, texts, words
from projections.words import tsvector

COLUMNS = (
    "created_position", "updated_position", "created_at", "updated_at", "expires_at", "date", "version",
    "terms_version", "expired", "id", "book_id", "type", "state", "payee", "notes", "tags", "memos", "metadata",
    "cleared", "reconciled", "reconciliations", "words",
)  # fmt: skip
"""The columns of `transactions`, as they are taken out and put back."""
# The beginning of a row of `transactions`, and its numbers after the instants.
_positions = Struct("!h iq iq".replace(" ", "")).pack
_versions = Struct("!ii ii ii i?".replace(" ", "")).pack
_size = Struct("!i").pack
_UUID = _size(16)

# Three columns in which there is nothing.
_NULLS = NULL * 3
_Said = tuple[str | None, str | None, list[str] | None, list[str | None] | None, str | None]

_NO_IDS: frozenset[UUID] = frozenset()


class Entry:
    """The columns of `transactions`, and what it takes to change them.

    `legs` are the postings last in force, None where only the record knows them; `words` is None once it has to
    be made anew.
    """

    __slots__ = (
        "book_id", "cleared", "created_at", "created_position", "date", "expired", "expires_at", "id", "legs",
        "memos", "metadata", "notes", "payee", "reconciled", "state", "tags", "terms_version", "type",
        "updated_at", "updated_position", "version", "words",
    )  # fmt: skip

    created_position: int
    created_at: datetime
    updated_position: int
    updated_at: datetime
    expires_at: datetime | None
    date: date
    version: int
    terms_version: int
    id: UUID
    book_id: UUID
    type: str
    state: str
    payee: str | None
    notes: str | None
    tags: list[str] | None
    memos: list[str | None] | None
    metadata: str | None
    legs: Sequence[Posting] | None
    words: bytes | None

    def __init__(self) -> None:
        self.expired = False
        self.cleared: frozenset[UUID] = _NO_IDS
        self.reconciled: Mapping[UUID, UUID] = {}

    @classmethod
    def begun(cls, recorded: Recorded) -> Entry:
        """The entry that a first fact makes."""
        entry, terms = cls(), first_terms(recorded.fact)
        entry.id = recorded.stream_id
        entry.book_id = recorded.book_id
        entry.created_position = recorded.position
        entry.created_at = recorded.recorded_at
        entry.word(recorded.fact.text, len(terms.postings))
        entry.believe(recorded, terms)
        return entry

    @classmethod
    def taken(cls, row: tuple[Any, ...]) -> Entry:
        """The entry of a row of `transactions`, its columns in the order of COLUMNS."""
        entry = cls()
        for name, value in zip(COLUMNS, row, strict=True):
            if name not in ("cleared", "reconciled", "reconciliations"):
                setattr(entry, name, value)
        cleared, reconciled, reconciliations = row[-4:-1]
        entry.cleared = frozenset(cleared or ())
        entry.reconciled = dict(zip(reconciliations or (), reconciled or (), strict=True))
        entry.legs = None
        return entry

    def believe(self, recorded: Recorded, terms: Terms) -> None:
        """From this fact on, `terms` are in force."""
        self.touch(recorded)
        self.date, self.type, self.state = terms.date, terms.type, terms.state
        self.expires_at = terms.expires_at
        self.expired = False
        self.terms_version = recorded.version
        self.legs, self.words = terms.postings, None

    def touch(self, recorded: Recorded) -> None:
        """Notes the fact as the last one of the transaction."""
        self.version = recorded.version
        self.updated_position = recorded.position
        self.updated_at = recorded.recorded_at

    def word(self, words: Mapping[str, str], lines: int) -> None:
        """Takes over all words of a fact; `lines` is the number of postings."""
        self.payee, self.notes, self.tags, self.memos, self.metadata = _said(words, lines)

    def row(self) -> bytes:
        """The row as it goes into the table, packed for COPY."""
        cleared = reconciled = reconciliations = None
        if self.cleared:
            cleared = sorted(self.cleared)
        if self.reconciled:
            reconciliations = sorted(self.reconciled)
            reconciled = [self.reconciled[reconciliation_id] for reconciliation_id in reconciliations]
        day = self.date.toordinal() - DAY_ZERO
        lexemes = self.words or _words(
            self.book_id, self.payee, self.notes, self.tags, self.memos, self.legs or (), self.type
        )
        return b"".join((
            _positions(len(COLUMNS), 8, self.created_position, 8, self.updated_position),
            instant(self.created_at), instant(self.updated_at), instant(self.expires_at),
            _versions(4, day, 4, self.version, 4, self.terms_version, 1, self.expired),
            _UUID, self.id.int.to_bytes(16), identity(self.book_id.int), text(self.type), text(self.state),
            words(self.payee), words(self.notes), texts(self.tags), texts(self.memos), words(self.metadata),
            identities(cleared), identities(reconciled), identities(reconciliations),
            # In the binary form of a tsvector, which is bytes to everything in between.
            _size(len(lexemes)), lexemes,
        ))  # fmt: skip


def begun(recorded: Recorded) -> bytes:
    """The row that a first fact makes when no other of its window is about the same transaction, packed for COPY.
    What `Entry.begun(recorded).row()` is, in three quarters of the time."""
    fact, position, at = recorded.fact, recorded.position, instant(recorded.recorded_at)
    terms = first_terms(fact)
    payee, notes, tags, memos, metadata = _said(fact.text, len(terms.postings))
    lexemes = _words(recorded.book_id, payee, notes, tags, memos, terms.postings, terms.type)
    plain = tags is None and memos is None and metadata is None
    return b"".join((
        _positions(len(COLUMNS), 8, position, 8, position), at, at, instant(terms.expires_at),
        _versions(4, terms.date.toordinal() - DAY_ZERO, 4, 1, 4, 1, 1, False),
        _UUID, recorded.stream_id.int.to_bytes(16), identity(recorded.book_id.int),
        text(terms.type), text(terms.state), words(payee), words(notes),
        _NULLS if plain else b"".join((texts(tags), texts(memos), words(metadata))), _NULLS,
        _size(len(lexemes)), lexemes,
    ))  # fmt: skip


def _said(words: Mapping[str, str], lines: int) -> _Said:
    """Payee, notes, tags, memos and metadata of a fact's text; `lines` is the number of postings."""
    get = words.get
    payee, notes = get("payee"), get("notes")
    others = len(words) - (payee is not None) - (notes is not None)
    payee = clean(payee) if payee else None
    notes = clean(notes) if notes else None
    if not others:
        return payee, notes, None, None, None
    tags, metadata = get("tags"), get("metadata")
    memos = None
    if others > (tags is not None) + (metadata is not None):
        memos = [clean(get(f"memo.{line}", "")) or None for line in range(lines)]
    split = [tag for tag in clean(tags).split("\n") if tag] if tags else None
    return payee, notes, split or None, memos, clean(metadata) if metadata else None


def _words(
    book_id: UUID,
    payee: str | None,
    notes: str | None,
    tags: Sequence[str] | None,
    memos: Sequence[str | None] | None,
    legs: Sequence[Posting],
    type_: str,
) -> bytes:
    written = [memo for memo in memos if memo] if memos else ()
    return tsvector(book_id, payee or "", notes or "", tags or (), written, legs, type_)

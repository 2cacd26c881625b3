"""A transaction's row in the register while the facts of a window change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from struct import Struct
from typing import Any
from uuid import UUID

from ledger.postings import MAX_POSTINGS, Posting
from ledger.record import Recorded
from ledger.transactions.events import Terms
from projections.copying import clean
from projections.packing import DAY_ZERO, NULL, amount, identities, identity, instant, text, texts, words
from projections.words import tsvector

STILL = 2**63 - 1
"""believed_until of what is believed to this day."""

COLUMNS = (
    "created_position", "updated_position", "created_at", "updated_at", "expires_at", "date", "version",
    "terms_version", "expired", "id", "book_id", "type", "state", "payee", "notes", "tags", "memos", "metadata",
    "cleared", "reconciled", "reconciliations", "words",
)  # fmt: skip
"""The columns of `transactions`, as they are taken out and put back."""
# A row of `postings` up to version: of 12 columns, each with its length before it. Book and state, then the line.
_posting = Struct("!h iq iq iq ii ii".replace(" ", "")).pack
_LINES = [Struct("!ii").pack(4, line) for line in range(MAX_POSTINGS)]
# The beginning of a row of `transactions`, and its numbers after the instants.
_positions = Struct("!h iq iq".replace(" ", "")).pack
_versions = Struct("!ii ii ii i?".replace(" ", "")).pack
_size = Struct("!i").pack
_UUID = _size(16)

_NO_IDS: frozenset[UUID] = frozenset()


class Span:
    """Terms from the position when they came into force until that when they did no more."""

    __slots__ = ("since", "terms", "until", "version")

    def __init__(self, version: int, since: int, terms: Terms) -> None:
        self.version = version
        self.since = since
        self.until = STILL
        self.terms = terms


class Entry:
    """The columns of `transactions`, and what it takes to change them.

    `legs` are the postings last in force, None where only the table knows them; `stored` is the version of
    those that the table still believes in, None for none; `spans` are the terms that came into force in this
    window; `words` is None once it has to be made anew.
    """

    __slots__ = (
        "book_id", "cleared", "created_at", "created_position", "date", "expired", "expires_at", "id", "legs",
        "memos", "metadata", "notes", "payee", "reconciled", "spans", "state", "stored", "tags",
        "terms_version",
        "type", "updated_at", "updated_position", "version", "words",
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
        self.stored: int | None = None
        self.spans: list[Span] = []

    @classmethod
    def begun(cls, recorded: Recorded, terms: Terms, words: Mapping[str, str]) -> Entry:
        """The entry that a first fact makes."""
        entry = cls()
        entry.id = recorded.stream_id
        entry.book_id = recorded.book_id
        entry.created_position = recorded.position
        entry.created_at = recorded.recorded_at
        entry.word(words, len(terms.postings))
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
        if entry.state != "voided":
            entry.stored = entry.terms_version
        return entry

    def believe(self, recorded: Recorded, terms: Terms) -> None:
        """From this fact on, `terms` are in force."""
        self.touch(recorded)
        position, version, date = recorded.position, recorded.version, terms.date
        self.date, self.type, self.state = date, terms.type, terms.state
        self.expires_at = terms.expires_at
        self.expired = False
        self.terms_version = version
        self.legs, self.words = terms.postings, None
        self.spans.append(Span(version, position, terms))

    def touch(self, recorded: Recorded) -> None:
        """Notes the fact as the last one of the transaction."""
        self.version = recorded.version
        self.updated_position = recorded.position
        self.updated_at = recorded.recorded_at

    def disbelieve(self, position: int) -> int | None:
        """From `position` on the terms are in force no more. The version to stop believing in the table."""
        if self.spans and self.spans[-1].until == STILL:
            self.spans[-1].until = position
        stored, self.stored = self.stored, None
        return stored

    def word(self, words: Mapping[str, str], lines: int) -> None:
        """Takes over all words of a fact; `lines` is the number of postings."""
        get = words.get
        payee, notes, tags, metadata = get("payee"), get("notes"), get("tags"), get("metadata")
        self.payee = clean(payee) if payee else None
        self.notes = clean(notes) if notes else None
        self.tags = [tag for tag in clean(tags).split("\n") if tag] or None if tags else None
        self.metadata = clean(metadata) if metadata else None
        self.memos = None
        if len(words) > 4 - (payee, notes, tags, metadata).count(None):
            self.memos = [clean(get(f"memo.{line}", "")) or None for line in range(lines)]

    def postings(self) -> list[bytes]:
        """The rows of `postings` that this window adds, packed for COPY."""
        rows = []
        created, book_id = self.created_position, identity(self.book_id.int)
        for span in self.spans:
            terms = span.terms
            legs = terms.postings
            day = terms.date.toordinal() - DAY_ZERO
            begin = _posting(12, 8, created, 8, span.since, 8, span.until, 4, day, 4, span.version)
            begin += book_id + text(terms.state)
            accounts = [identity(p.account_id.int) for p in legs]
            others = accounts[::-1] if len(accounts) == 2 else [NULL] * len(accounts)
            for p, line, account, other in zip(legs, _LINES, accounts, others, strict=False):
                rows.append(b"".join((begin, line, account, other, text(p.currency), amount(p.amount))))
        return rows

    def row(self) -> bytes:
        """The row as it goes into the table, packed for COPY."""
        cleared = reconciled = reconciliations = None
        if self.cleared:
            cleared = sorted(self.cleared)
        if self.reconciled:
            reconciliations = sorted(self.reconciled)
            reconciled = [self.reconciled[reconciliation_id] for reconciliation_id in reconciliations]
        day = self.date.toordinal() - DAY_ZERO
        lexemes = self.words or self._words()
        return b"".join((
            _positions(len(COLUMNS), 8, self.created_position, 8, self.updated_position),
            instant(self.created_at), instant(self.updated_at), instant(self.expires_at),
            _versions(4, day, 4, self.version, 4, self.terms_version, 1, self.expired),
            _UUID, self.id.bytes, identity(self.book_id.int), text(self.type), text(self.state),
            words(self.payee), words(self.notes), texts(self.tags), texts(self.memos), words(self.metadata),
            identities(cleared), identities(reconciled), identities(reconciliations),
            # In the binary form of a tsvector, which is bytes to everything in between.
            _size(len(lexemes)), lexemes,
        ))  # fmt: skip

    def _words(self) -> bytes:
        return tsvector(
            self.book_id,
            self.payee or "",
            self.notes or "",
            self.tags or (),
            [memo for memo in self.memos if memo] if self.memos else (),
            self.legs or (),
            self.type,
        )

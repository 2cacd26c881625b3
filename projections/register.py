"""The register: every version of every posting, with the positions between which it was believed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from struct import Struct
from typing import LiteralString

from ledger.postings import MAX_POSTINGS
from ledger.record import Recorded
from ledger.transactions.effects import first_terms, transition
from ledger.transactions.events import Terms
from projections import sql
from projections.packing import DAY_ZERO, NULL, amount, copy_packed, identity, text
from projections.projection import Cursor, Window

SQL = sql.load(__file__)

STILL = 2**63 - 1
"""believed_until of what is believed to this day."""
# A row up to version: of 12 columns, each with its length before it. Book and state follow, then the line.
_begin = Struct("!h iq iq iq ii ii".replace(" ", "")).pack
_LINES = [Struct("!ii").pack(4, line) for line in range(MAX_POSTINGS)]
_FIRST, _SECOND = _LINES[:2]


class Register:
    """The projection that keeps `postings`."""

    name = "register"
    version = 1
    tables: tuple[str, ...] = ("postings",)
    schema: LiteralString = SQL["schema"]
    indexes: LiteralString = SQL["indexes"]
    pipelined = False
    worded = False
    erase: tuple[LiteralString, ...] = ()

    def apply(self, window: Window, cursor: Cursor) -> None:
        alone, others = window.transactions
        spans, stopped = _spans(others, _beginnings(others, cursor)) if others else ((), ())
        if stopped:
            created, positions = map(list, zip(*stopped, strict=True))
            cursor.execute(SQL["stop_believing"], {"created": created, "positions": positions})
        if alone or spans:
            copy_packed(cursor, SQL["copy"], chain(map(_begun, alone), map(_rows, spans)))


class Span:
    """Terms from the position when they came into force until that when they did no more."""

    __slots__ = ("book", "created", "since", "terms", "until", "version")

    def __init__(self, recorded: Recorded, created: int, terms: Terms) -> None:
        self.created = created
        self.since = recorded.position
        self.until = STILL
        self.version = recorded.version
        self.book = recorded.book_id.int
        self.terms = terms


def _beginnings(facts: Sequence[Recorded], cursor: Cursor) -> dict[int, int]:
    """Where the transactions began that these facts are about, by the number of their id."""
    began = {r.stream_id: r.position for r in facts if r.version == 1}
    missing = {r.stream_id for r in facts} - began.keys()
    if missing:
        began.update(cursor.execute(SQL["beginnings"], {"ids": list(missing)}, binary=True).fetchall())
    return {stream_id.int: position for stream_id, position in began.items()}


def _spans(
    facts: Sequence[Recorded], began: dict[int, int]
) -> tuple[Sequence[Span], Sequence[tuple[int, int]]]:
    """The terms that come into force, and the transactions (by where they began) whose stored postings are in force
    no more, with the position from which on."""
    spans: list[Span] = []
    stopped: list[tuple[int, int]] = []
    present: dict[int, Span] = {}
    for recorded in facts:
        before, after = transition(recorded.fact)
        if before is not None:
            ended = present.get(recorded.stream_id.int)
            if ended is not None:
                ended.until = recorded.position
            else:
                stopped.append((began[recorded.stream_id.int], recorded.position))
        if after is not None:
            span = Span(recorded, began[recorded.stream_id.int], after)
            spans.append(span)
            present[recorded.stream_id.int] = span
    return spans, stopped


def _begun(recorded: Recorded) -> bytes:
    """The rows that a first fact makes and no other of its window changes, packed for COPY."""
    position = recorded.position
    return _packed(position, position, STILL, 1, recorded.book_id.int, first_terms(recorded.fact))


def _rows(span: Span) -> bytes:
    """The rows of a span, packed for COPY."""
    return _packed(span.created, span.since, span.until, span.version, span.book, span.terms)


def _packed(created: int, since: int, until: int, version: int, book: int, terms: Terms) -> bytes:
    legs = terms.postings
    day = terms.date.toordinal() - DAY_ZERO
    begin = (
        _begin(12, 8, created, 8, since, 8, until, 4, day, 4, version) + identity(book) + text(terms.state)
    )
    if len(legs) == 2:
        p, q = legs
        one, other = identity(p.account_id.int), identity(q.account_id.int)
        return b"".join((
            begin, _FIRST, one, other, text(p.currency), amount(p.amount),
            begin, _SECOND, other, one, text(q.currency), amount(q.amount),
        ))  # fmt: skip
    return b"".join([
        part
        for p, line in zip(legs, _LINES, strict=False)
        for part in (begin, line, identity(p.account_id.int), NULL, text(p.currency), amount(p.amount))
    ])  # fmt: skip

"""A projection turns windows of facts into tables that may be dropped and rebuilt to the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, LiteralString, Protocol, overload

import psycopg

from ledger.record import Fact, Recorded
from ledger.transactions.effects import Effect, effects

Cursor = psycopg.Cursor[Any]


class Window(Sequence[Recorded]):
    """Some facts of the record, rising by position, text unsealed; never empty when applied.

    They are consecutive, or the consecutive ones of one book (the auditor looks at books one by one).

    What several projections need of them is worked out once and kept here.
    """

    def __init__(self, facts: Sequence[Recorded]) -> None:
        self._facts = facts

    def __len__(self) -> int:
        return len(self._facts)

    def __iter__(self) -> Iterator[Recorded]:
        return iter(self._facts)

    @overload
    def __getitem__(self, index: int) -> Recorded: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Recorded]: ...
    def __getitem__(self, index: int | slice) -> Recorded | Sequence[Recorded]:
        return self._facts[index]

    @property
    def last(self) -> int:
        """The position of the last fact."""
        return self._facts[-1].position

    @cached_property
    def by_noun(self) -> dict[str, list[Recorded]]:
        """The facts by the first word of their topic ("account", "transaction" ...), each list rising."""
        nouns: dict[str, list[Recorded]] = {}
        known: dict[type[Fact], list[Recorded]] = {}
        for recorded in self._facts:
            kind = type(recorded.fact)
            group = known.get(kind)
            if group is None:
                group = known[kind] = nouns.setdefault(kind.topic.split(".", 1)[0], [])
            group.append(recorded)
        return nouns

    @cached_property
    def transactions(self) -> tuple[Sequence[Recorded], Sequence[Recorded]]:
        """The facts that begin a transaction about which there is no other in the window, which are nearly all; and
        the other facts of transactions. Each list rising."""
        facts = self.by_noun.get("transaction", [])
        changed = {recorded.stream_id.int for recorded in facts if recorded.version > 1}
        if not changed:
            return facts, ()
        alone = [recorded for recorded in facts if recorded.stream_id.int not in changed]
        return alone, [recorded for recorded in facts if recorded.stream_id.int in changed]

    @cached_property
    def effects(self) -> list[tuple[Recorded, Effect]]:
        """Every change of a balance with the fact that makes it, in order."""
        return [
            (recorded, effect)
            for recorded in self.by_noun.get("transaction", ())
            for effect in effects(recorded.fact)
        ]


class Projection(Protocol):
    """What the projector asks of a projection; `projections/all.py` lists them.

    `tables` are all that it owns, named without a schema: live they stand in `views`, during a rebuild in a
    scratch schema, and search_path says which. `schema` creates them with the keys that `apply` needs,
    `indexes` (may be empty) adds what only reading needs, after a rebuild has filled them. A higher
    `version` has the tables rebuilt at the next start. A `pipelined` one does without COPY, so that its
    statements may be sent before the answers to earlier ones are there. A `worded` one reads the text of facts;
    to the others a fact may come without. `erase` (empty for one that keeps no words) empties all words that it
    keeps of some `subjects`, the books and persons under whose keys they were sealed, so that its rows are what facts
    without text would have made; `projections.forgetting` calls it.

    Every table has a column `book_id`, unless it is about the record as a whole; a row is a function of the
    facts of its book alone, whatever the windows they came in.
    """

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def tables(self) -> tuple[str, ...]: ...
    @property
    def schema(self) -> LiteralString: ...
    @property
    def indexes(self) -> LiteralString: ...
    @property
    def pipelined(self) -> bool: ...
    @property
    def worded(self) -> bool: ...
    @property
    def erase(self) -> tuple[LiteralString, ...]: ...

    def apply(self, window: Window, cursor: Cursor) -> None:
        """Brings the tables from before `window` to after it, in the transaction that `cursor` is in.

        Keeps nothing in memory between windows: the transaction may be rolled back, and another process may
        apply the next one. A few set-based statements a window, never one a fact.
        """

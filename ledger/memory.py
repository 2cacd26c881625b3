"""What the writer remembers of the record: the state that decisions see, and what a batch changes in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from ledger.command import Balance, Claim, Day, DayRange, Draft
from ledger.entities import evolve
from ledger.money import EXACT, ZERO
from ledger.record import Recorded
from ledger.transactions.effects import Effect, effects

E = TypeVar("E")
Key = tuple[UUID, str]

NOTHING = Balance(ZERO, ZERO, ZERO)
_ABSENT: Any = object()
_plus = EXACT.add


class NotLoaded(Exception):
    """The decision asked for something that was not read before; `needs` says what to read."""


class Applied(NamedTuple):
    """A draft with its place: the version it takes in its stream."""

    draft: Draft
    version: int


class Memory:
    """A cache of folded streams and registers, changed fact by fact, with a journal to take changes back.

    Everything in it is as of the last fact that this process knows of; who else wrote in between is learned
    from the head of the log (`forget`). Sizes are bounded by `trim`.
    """

    def __init__(self, limit: int = 50_000) -> None:
        self.limit = limit
        self.streams: dict[UUID, tuple[int, Any]] = {}
        self.sums: dict[Key, Balance] = {}
        self.dates: dict[Key, tuple[date, dict[date, Day]]] = {}
        self.names: dict[Claim, UUID | None] = {}
        self.recorded: dict[tuple[int, int], Sequence[Recorded]] = {}
        self._journal: list[tuple[dict[Any, Any], Any, Any]] = []
        # What the batch has changed, for the registers' statements: the value before the batch by key.
        self.sums_before: dict[Key, Balance] = {}
        self.day_changes: dict[tuple[UUID, str, date], Day] = {}
        self.name_changes: dict[Claim, UUID | None] = {}

    # What a decision may ask.

    def entity(self, kind: type[E], stream_id: UUID) -> E | None:
        known = self.streams.get(stream_id)
        if known is None:
            raise NotLoaded(f"stream {stream_id}")
        found = known[1]
        return found if isinstance(found, kind) else None

    def version(self, stream_id: UUID) -> int:
        known = self.streams.get(stream_id)
        if known is None:
            raise NotLoaded(f"stream {stream_id}")
        return known[0]

    def balance(self, account_id: UUID, currency: str) -> Balance:
        try:
            return self.sums[account_id, currency]
        except KeyError:
            raise NotLoaded(f"balance {account_id} {currency}") from None

    def days(self, account_id: UUID, currency: str, start: date) -> Sequence[Day]:
        known = self.dates.get((account_id, currency))
        if known is None or known[0] > start:
            raise NotLoaded(f"days of {account_id} {currency}")
        return sorted(known[1].values())

    def holder(self, scope: UUID, kind: str, text: str) -> UUID | None:
        try:
            return self.names[Claim(scope, kind, text)]
        except KeyError:
            raise NotLoaded(f"claim {kind}") from None

    def facts(self, first: int, last: int) -> Sequence[Recorded]:
        try:
            return self.recorded[first, last]
        except KeyError:
            raise NotLoaded(f"facts {first} to {last}") from None

    def learn_days(self, wanted: DayRange, stored: Iterable[Day]) -> None:
        """Takes in the stored days of a range, with what the batch has already changed in it."""
        days = {day.date: day for day in stored}
        for (account_id, currency, date_), change in self.day_changes.items():
            if (account_id, currency) == wanted[:2] and date_ >= wanted.start:
                old = days.get(date_, Day(date_, ZERO, ZERO))
                days[date_] = Day(
                    date_, _plus(old.posted, change.posted), _plus(old.reserved, change.reserved)
                )
        self._set(self.dates, wanted[:2], (wanted.start, days))

    def covers(self, wanted: DayRange) -> bool:
        """Whether the days from `wanted.start` on are in memory."""
        known = self.dates.get((wanted.account_id, wanted.currency))
        return known is not None and known[0] <= wanted.start

    # What a decision leads to.

    def apply(self, draft: Draft, book_id: UUID) -> int:
        """Changes the state as `draft` says; the version that the fact takes in its stream."""
        stream_id, fact = draft
        version, entity = self.streams.get(stream_id, (0, None))
        after = evolve(entity, fact, stream_id, book_id)
        self._set(self.streams, stream_id, (version + 1, after))
        for effect in effects(fact):
            self._add(effect)
        if (fact.text and fact.topic.split(".", 1)[0] != "transaction") or entity is not None:
            self._exchange_names(entity, after, stream_id)
        return version + 1

    def _add(self, effect: Effect) -> None:
        key = (effect.account_id, effect.currency)
        before = self.balance(*key)
        if key not in self.sums_before:
            self._set(self.sums_before, key, before)
        after = Balance(
            _plus(before.posted, effect.posted),
            _plus(before.pending, effect.pending),
            _plus(before.reserved, effect.reserved),
        )
        self._set(self.sums, key, after)
        known = self.streams.get(effect.account_id)
        if known is None or not known[1].keeps_days:
            return
        place = (effect.account_id, effect.currency, effect.date)
        self._set(self.day_changes, place, _later(self.day_changes.get(place), effect))
        dates = self.dates.get(key)
        if dates is not None and effect.date >= dates[0]:
            self._set(dates[1], effect.date, _later(dates[1].get(effect.date), effect))

    def _exchange_names(self, before: Any, after: Any, holder: UUID) -> None:
        claims = getattr(after, "claims", None)
        if claims is None:
            return
        old = set(before.claims()) if before is not None else set()
        new = set(claims())
        for gone in old - new:
            self._name(Claim(*gone), None)
        for taken in new - old:
            self._name(Claim(*taken), holder)

    def _name(self, claim: Claim, holder: UUID | None) -> None:
        self._set(self.names, claim, holder)
        self._set(self.name_changes, claim, holder)

    def _set(self, mapping: dict[Any, Any], key: Any, value: Any) -> None:
        self._journal.append((mapping, key, mapping.get(key, _ABSENT)))
        mapping[key] = value

    # Taking back, finishing, forgetting.

    def mark(self) -> int:
        """A point to roll back to."""
        return len(self._journal)

    def roll_back(self, mark: int) -> None:
        """Takes back every change since `mark`."""
        while len(self._journal) > mark:
            mapping, key, value = self._journal.pop()
            if value is _ABSENT:
                mapping.pop(key, None)
            else:
                mapping[key] = value

    def begin(self) -> None:
        """A new batch: nothing changed yet."""
        self._journal.clear()
        self.sums_before.clear()
        self.day_changes.clear()
        self.name_changes.clear()
        self.recorded.clear()
        self.trim()

    def forget(self, stream_ids: Iterable[UUID] | None = None) -> None:
        """Another process wrote: its streams and all registers must be read again; None forgets everything."""
        if stream_ids is None:
            self.streams.clear()
        else:
            for stream_id in stream_ids:
                self.streams.pop(stream_id, None)
        self.sums.clear()
        self.dates.clear()
        self.names.clear()

    def trim(self) -> None:
        """Keeps each cache below its limit, forgetting the whole of one that is full: it refills from two
        indexed reads a batch, and nothing has to be kept in order of use on the hot path."""
        caches: tuple[dict[Any, Any], ...] = (self.streams, self.sums, self.dates, self.names)
        for cache in caches:
            if len(cache) > self.limit:
                cache.clear()


def _later(day: Day | None, effect: Effect) -> Day:
    if day is None:
        return Day(effect.date, effect.posted, effect.reserved)
    return Day(day.date, _plus(day.posted, effect.posted), _plus(day.reserved, effect.reserved))

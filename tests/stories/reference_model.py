"""What the ledger should do, written down once more in the fewest words: no log, no caches, no batches, only what
is true now and what each command changed. Amounts are whole cents, debit positive; dates are days of a month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Leg = tuple[str, int]
Key = tuple[str, str]


class Refused(Exception):
    """What the model expects to be refused; its argument is the problem's code."""


class Entry(NamedTuple):
    """A transaction: pending, posted or voided. A voided one has no legs any more."""

    state: str
    day: int
    legs: tuple[Leg, ...]
    payee: str


class Assertion(NamedTuple):
    """What somebody says an account has at the end of a day."""

    account: str
    day: int
    posted: int


class Balance(NamedTuple):
    posted: int
    pending: int
    available: int


Change = tuple[object, object]


@dataclass
class Model:
    """One book. `entries` are all transactions, `archived` the accounts closed to new postings, `asserted` what is
    to stay true, and `commands` what each command changed: by thing, what it was before and after."""

    floors: dict[str, int | None] = field(default_factory=dict)
    archived: dict[str, bool] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    asserted: dict[str, Assertion] = field(default_factory=dict)
    undone: dict[str, bool] = field(default_factory=dict)
    commands: dict[str, dict[Key, Change]] = field(default_factory=dict)

    def balance(self, account: str, until: int = 31) -> Balance:
        """At the end of a day; holds count from their day on, and only those that take money are reserved."""
        return balance(self.entries.values(), account, until)

    def put(self, entry: Entry, before: Entry | None = None) -> None:
        """Whether an entry may take the place of another (None: none). Raises Refused."""
        if sum(cents for _, cents in entry.legs):
            raise Refused("unbalanced")
        if not _only_words(before, entry):
            for account, _ in entry.legs:
                if self.archived[account]:
                    raise Refused("account_archived")
        self.guard([(before, entry)])

    def guard(self, changes: Sequence[tuple[Entry | None, Entry | None]]) -> None:
        """Raises Refused when the changes, taken together, lower what is available on an account on a day on
        which it is then below its floor, or make an assertion untrue; naming both where both are so."""
        gone = [before for before, _ in changes if before is not None]
        added = [after for _, after in changes if after is not None]
        then = list(self.entries.values())
        for entry in gone:
            then.remove(entry)
        then += added
        broken = set()
        for account, floor in self.floors.items():
            for day in range(1, 32) if floor is not None else ():
                before, after = self.balance(account, day).available, balance(then, account, day).available
                if after < before and after < (floor or 0):
                    broken.add("floor_breached")
        for account, day, posted in self.asserted.values():
            if self.balance(account, day).posted == posted != balance(then, account, day).posted:
                broken.add("assertion_broken")
        if broken:
            raise Refused("|".join(sorted(broken)))

    def agree(self, assertion: Assertion) -> None:
        """Whether an assertion may be made. Raises Refused."""
        if self.balance(assertion.account, assertion.day).posted != assertion.posted:
            raise Refused("assertion_failed")

    def change(self, command: str, changes: Mapping[Key, Change]) -> None:
        """A command was carried out."""
        real = {key: change for key, change in changes.items() if change[0] != change[1]}
        for (kind, name), (_, after) in real.items():
            self._set(kind, name, after)
        if real:
            self.commands[command] = real
            self.undone[command] = False

    def undoing(self, command: str) -> dict[Key, Change]:
        """What undoing a command would change. Raises Refused."""
        if command not in self.commands:
            raise Refused("unknown_command")
        if self.undone[command]:
            raise Refused("already_undone")
        changes = self.commands[command]
        if any(self._get(*key) != after for key, (_, after) in changes.items()):
            raise Refused("changed_since")
        back: dict[Key, Change] = {
            key: (after, self._back(before, after)) for key, (before, after) in changes.items()
        }
        for _, (_, again) in back.items():
            if isinstance(again, Assertion):
                self.agree(again)
        entries = [change for (kind, _), change in back.items() if kind == "entry"]
        self.guard([(_entry(before), _entry(after)) for before, after in entries])
        return back | {("command", command): (False, True)}

    def _back(self, before: object, after: object) -> object:
        """What a thing becomes again: what never was is voided, and keeps its words."""
        return (
            after._replace(state="voided", legs=()) if before is None and isinstance(after, Entry) else before
        )

    def _get(self, kind: str, name: str) -> object:
        return self._things(kind).get(name)

    def _set(self, kind: str, name: str, value: object) -> None:
        things = self._things(kind)
        if value is None:
            things.pop(name)
        else:
            things[name] = value

    def _things(self, kind: str) -> dict[str, Any]:
        return {
            "entry": self.entries,
            "command": self.undone,
            "archived": self.archived,
            "assertion": self.asserted,
        }[kind]


def balance(entries: Iterable[Entry], account: str, until: int) -> Balance:
    """The balance of an account at the end of a day, from nothing but the entries."""
    sums: dict[str, int] = defaultdict(int)
    for entry in entries:
        if entry.day > until:
            continue
        for name, cents in entry.legs:
            if name == account:
                sums[entry.state] += cents
                if entry.state == "pending" and cents < 0:
                    sums["reserved"] += cents
    return Balance(sums["posted"], sums["pending"], sums["posted"] + sums["reserved"])


def part_of(legs: Sequence[Leg], part: int) -> tuple[Leg, ...]:
    """The legs of a hold when a part of it is posted: shared out in proportion on either side, what is left over
    in cents going to the largest remainders, the earlier first."""
    held = sum(cents for _, cents in legs if cents > 0)
    shares = [abs(cents) * part // held for _, cents in legs]
    for sign in (1, -1):
        side = [number for number, (_, cents) in enumerate(legs) if cents * sign > 0]
        left = part - sum(shares[number] for number in side)
        for number in sorted(side, key=lambda n: -(abs(legs[n][1]) * part % held))[:left]:
            shares[number] += 1
    return tuple(
        (name, share if cents > 0 else -share)
        for (name, cents), share in zip(legs, shares, strict=True)
        if share
    )


def _only_words(before: Entry | None, after: Entry) -> bool:
    """Whether the same money stays where it was on its day."""
    if before is None or (before.state, before.day) != (after.state, after.day):
        return False
    return sorted(before.legs) == sorted(after.legs)


def _entry(value: object) -> Entry | None:
    return value if isinstance(value, Entry) else None

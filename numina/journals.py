"""Plain-text journals: how a book's accounts and transactions are written for hledger and for beancount.

Both are read back by those programs, whose grammars give meaning to characters that people put into names and
notes: what would be misread is replaced by its nearest harmless neighbour. Amounts, dates and ids are exact.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol
from uuid import UUID

ROOTS = {
    "asset": "Assets",
    "liability": "Liabilities",
    "equity": "Equity",
    "income": "Income",
    "expense": "Expenses",
}
_NOT_IN_A_TAG = re.compile(r"[^\w-]+")
_HLEDGER_TYPES = {"asset": "A", "liability": "L", "equity": "E", "income": "R", "expense": "X"}


@dataclass(frozen=True)
class JournalAccount:
    """An account with the names from the top of the tree to its own, and the day it is first needed."""

    id: UUID
    kind: str
    path: Sequence[str]
    since: dt.date


@dataclass(frozen=True)
class Leg:
    """A posting; `account` as the journal names it."""

    account: str
    amount: Decimal
    currency: str
    memo: str | None


@dataclass(frozen=True)
class JournalEntry:
    """A transaction in force; `pending` where it is a hold."""

    id: UUID
    date: dt.date
    pending: bool
    payee: str
    notes: str
    tags: Sequence[str]
    legs: Sequence[Leg]


@dataclass(frozen=True)
class Head:
    """The book as a whole: its name, the position of the record that it is shown at, each account with the name
    that it has in the journal, and how many decimals each commodity has."""

    title: str
    position: int
    accounts: Sequence[tuple[str, JournalAccount]]
    decimals: Mapping[str, int]


class Journal(Protocol):
    """A way to write a book. Every method gives whole lines, each with its line end."""

    def account_name(self, account: JournalAccount) -> str:
        """The account's name by this grammar, not yet told from others that read alike."""

    def head(self, book: Head) -> Iterator[str]:
        """What stands before the first transaction."""

    def entry(self, entry: JournalEntry) -> Iterator[str]:
        """One transaction."""


class Hledger:
    """The journal format of hledger: https://hledger.org/hledger.html#journal"""

    def account_name(self, account: JournalAccount) -> str:
        parts = (re.sub(r"[\s:;]+", " ", part).strip() or "unnamed" for part in account.path)
        return ":".join((ROOTS[account.kind], *parts))

    def head(self, book: Head) -> Iterator[str]:
        yield f"; {_line(book.title)}, as the record stood at position {book.position}\n"
        yield "; * is posted, ! is pending: hledger balance --cleared gives the posted balances\n"
        yield "decimal-mark .\n\n"
        for code, decimals in sorted(book.decimals.items()):
            yield f"commodity 1000.{'0' * decimals} {self._commodity(code)}\n"
        for name, account in book.accounts:
            yield f"account {name}  ; type:{_HLEDGER_TYPES[account.kind]}, id:{account.id}\n"

    def entry(self, entry: JournalEntry) -> Iterator[str]:
        payee, notes = (
            _line(text).replace(";", ",").replace("|", "/") for text in (entry.payee, entry.notes)
        )
        words = " | ".join(text for text in (payee, notes) if text) if payee else notes and f" | {notes}"
        code = "() " if words.startswith("(") else ""
        yield f"\n{entry.date} {'!' if entry.pending else '*'} {code}{words}".rstrip() + "\n"
        yield f"    ; id:{entry.id}\n"
        for tag in entry.tags:
            yield f"    ; {_NOT_IN_A_TAG.sub('-', tag)}:\n"
        for leg in entry.legs:
            memo = f"  ; {self._comment(leg.memo)}" if leg.memo else ""
            yield f"    {leg.account}  {leg.amount:f} {self._commodity(leg.currency)}{memo}\n"

    def _comment(self, text: str) -> str:
        """Free text: hledger looks for tags, and for dates in brackets, in comments too."""
        return _line(text).replace(":", " ").replace("[", "(").replace("]", ")")

    def _commodity(self, code: str) -> str:
        return code if code.isalpha() else f'"{code}"'


class Beancount:
    """The language of beancount: https://beancount.github.io/docs/beancount_language_syntax.html"""

    def account_name(self, account: JournalAccount) -> str:
        return ":".join((ROOTS[account.kind], *map(self._component, account.path)))

    def head(self, book: Head) -> Iterator[str]:
        yield f"; {_line(book.title)}, as the record stood at position {book.position}\n"
        yield "; * is posted, ! is pending; beancount counts both\n"
        yield f'option "title" {self._string(book.title)}\n\n'
        for name, account in book.accounts:
            yield f'{account.since} open {name}\n  id: "{account.id}"\n'
            yield f"  name: {self._string(account.path[-1])}\n"

    def entry(self, entry: JournalEntry) -> Iterator[str]:
        flag = "!" if entry.pending else "*"
        tags = "".join(f" #{re.sub(r'[^A-Za-z0-9_/.-]+', '-', tag)}" for tag in entry.tags)
        yield f"\n{entry.date} {flag} {self._string(entry.payee)} {self._string(entry.notes)}{tags}\n"
        yield f'  id: "{entry.id}"\n'
        for leg in entry.legs:
            yield f"  {leg.account}  {leg.amount:f} {leg.currency}\n"
            if leg.memo:
                yield f"    memo: {self._string(leg.memo)}\n"

    def _component(self, name: str) -> str:
        """Letters, digits and hyphens, beginning with a capital or a digit."""
        plain = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")
        return plain[:1].upper() + plain[1:] if plain else "X"

    def _string(self, text: str) -> str:
        return '"' + _line(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def named(journal: Journal, accounts: Iterable[JournalAccount]) -> dict[UUID, str]:
    """The name of each account; where two would read alike, the later one gets the end of its id."""
    names: dict[UUID, str] = {}
    taken: set[str] = set()
    for account in accounts:
        name = journal.account_name(account)
        if name.casefold() in taken:
            name = f"{name}-{account.id.hex[-6:]}"
        taken.add(name.casefold())
        names[account.id] = name
    return names


def _line(text: str) -> str:
    """The text on one line, without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())

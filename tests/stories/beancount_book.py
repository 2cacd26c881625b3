"""A beancount ledger as a Numina book: which accounts are opened for it, and which transactions posted.

Quantities are posted on the accounts that hold them. Where something is bought or sold for something else, what
each commodity lacks to sum to zero goes on the book's conversion account; what beancount tolerates as rounding
stays there too, so that every account has what beancount gives it, to the last digit.
"""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from beancount import loader
from beancount.core import account
from beancount.core.data import Balance, Open, Transaction
from beancount.parser import printer

from ledger.money import known_exponent
from tests.stories.serving import Person

KINDS = {
    "Assets": "asset",
    "Liabilities": "liability",
    "Equity": "equity",
    "Income": "income",
    "Expenses": "expense",
}


def generated(file: Path, seed: int) -> Path:
    """Three years of a household as the program `bean-example` makes them up, the same for the same seed."""
    dates = ("--date-begin", "2021-01-01", "--date-end", "2023-12-31", "--date-birth", "1980-05-12")
    program = Path(sys.executable).with_name("bean-example")
    subprocess.run([program, *dates, "--seed", str(seed), "--output", file], check=True, capture_output=True)
    return file


@dataclass
class Book:
    """A beancount ledger, and the ids that its accounts have in Numina."""

    entries: list[Any]
    person: Person
    ids: dict[str, str] = field(default_factory=dict)
    conversion: str = ""
    decimals: dict[str, int] = field(default_factory=dict)

    @property
    def transactions(self) -> list[Transaction]:
        return [entry for entry in self.entries if isinstance(entry, Transaction)]

    @property
    def assertions(self) -> list[Balance]:
        return [entry for entry in self.entries if isinstance(entry, Balance)]

    @property
    def opened(self) -> list[Open]:
        return [entry for entry in self.entries if isinstance(entry, Open)]

    def open_accounts(self) -> None:
        """Opens every account, parents first; those that only group others are opened too."""
        for transaction in self.transactions:
            for posting in transaction.postings:
                scale = max(0, -posting.units.number.as_tuple().exponent)
                code = posting.units.currency
                self.decimals[code] = max(self.decimals.get(code, 0), scale)
        listed = self.person.get("/accounts")["items"]
        self.conversion = next(item["id"] for item in listed if item["role"] == "conversion")
        currencies = {entry.account: entry.currencies for entry in self.opened}
        for name in sorted({n for entry in self.opened for n in _upwards(entry.account)}):
            self.ids[name] = self.person.post("/accounts", self._account(name, currencies.get(name)))["id"]

    def requests(self) -> Iterator[dict[str, Any]]:
        """Each transaction as POST /v1/transactions takes it."""
        for transaction in self.transactions:
            body = {
                "date": transaction.date.isoformat(),
                "payee": transaction.payee or "",
                "notes": transaction.narration or "",
                "tags": sorted(transaction.tags | {f"^{link}" for link in transaction.links}),
                "metadata": {"line": transaction.meta["lineno"], "flag": transaction.flag},
            }
            yield body | (self._friendly(transaction) or {"postings": self._postings(transaction)})

    def _account(self, name: str, currencies: Sequence[str] | None) -> dict[str, Any]:
        code, *more = currencies or ["USD"]
        body: dict[str, Any] = {
            "name": account.leaf(name),
            "kind": KINDS[name.split(":")[0]],
            "currency": code,
            "currencies": more,
            "any_currency": not currencies,
        }
        if known_exponent(code) is None:
            body["exponent"] = self.decimals.get(code, 0)
        if ":" in name:
            body["parent_id"] = self.ids[account.parent(name)]
        return body

    def _postings(self, transaction: Transaction) -> list[dict[str, str]]:
        left: dict[str, Decimal] = defaultdict(Decimal)
        postings = []
        for posting in transaction.postings:
            postings.append(_leg(self.ids[posting.account], posting.units.number, posting.units.currency))
            left[posting.units.currency] += posting.units.number
        converted = any(posting.cost or posting.price for posting in transaction.postings)
        assert converted or not any(left.values()), printer.format_entry(transaction)
        return postings + [_leg(self.conversion, -rest, code) for code, rest in left.items() if rest]

    def _friendly(self, transaction: Transaction) -> dict[str, str] | None:
        """What a person would type in, where money of one's own pays one category or another account."""
        if len(transaction.postings) != 2 or any(p.cost or p.price for p in transaction.postings):
            return None
        own, other = sorted(transaction.postings, key=lambda p: p.units.number)
        kinds = [KINDS[p.account.split(":")[0]] for p in (own, other)]
        amount = {"amount": f"{other.units.number:f}", "currency": other.units.currency}
        if other.units.number <= 0:
            return None
        match kinds:
            case ["asset" | "liability", "expense"]:
                places = {"type": "expense", "account_id": own.account, "category_id": other.account}
            case ["income", "asset" | "liability"]:
                places = {"type": "income", "account_id": other.account, "category_id": own.account}
            case ["asset" | "liability", "asset" | "liability"]:
                places = {"type": "transfer", "account_id": own.account, "to_account_id": other.account}
            case _:
                return None
        return amount | {key: self.ids.get(value, value) for key, value in places.items()}


def loaded(file: Path, person: Person) -> Book:
    """The ledger in `file` with its pads resolved, nothing posted yet."""
    entries, errors, _ = loader.load_file(str(file))
    assert errors == [], errors[:3]
    return Book(entries, person)


def _upwards(name: str) -> Iterator[str]:
    while name:
        yield name
        name = account.parent(name) if ":" in name else ""


def _leg(account_id: str, amount: Decimal, currency: str) -> dict[str, str]:
    return {"account_id": account_id, "amount": f"{amount:f}", "currency": currency}

"""A book with a few accounts, for tests of what is posted on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from httpx2 import Response

from tests.support.service import Person


@dataclass
class Household:
    """Somebody's accounts: ids by what they are for; all in USD but `euros`."""

    person: Person
    checking: str
    savings: str
    card: str
    euros: str
    food: str
    home: str
    salary: str

    def expense(self, amount: str = "10.00", **more: Any) -> dict[str, Any]:
        """A body in the friendly form."""
        return {
            "date": "2026-03-01",
            "type": "expense",
            "amount": amount,
            "currency": "USD",
            "account_id": self.checking,
            "category_id": self.food,
        } | more

    def full(self, amount: str = "10.00", **more: Any) -> dict[str, Any]:
        """The same in the full form."""
        negative = amount.removeprefix("-") if amount.startswith("-") else f"-{amount}"
        return {
            "date": "2026-03-01",
            "postings": [
                {"account_id": self.checking, "amount": negative, "currency": "USD"},
                {"account_id": self.food, "amount": amount, "currency": "USD"},
            ],
        } | more

    def post(self, body: Any, **options: Any) -> Response:
        return self.person.post("/transactions", body, **options)

    def posted(self, body: Any) -> dict[str, Any]:
        """Posts, and the answer's JSON."""
        made = self.post(body)
        assert made.status_code == 201, made.text
        answer: dict[str, Any] = made.json()
        return answer

    def balance(self, account_id: str, currency: str = "USD") -> tuple[str, str, str]:
        """Posted, pending and available, as a dry run of posting nothing tells them."""
        probe = {
            "date": "2026-03-01",
            "postings": [
                {"account_id": account_id, "amount": "0", "currency": currency},
                {"account_id": account_id, "amount": "0", "currency": currency},
            ],
        }
        answer = self.person.post("/transactions?dry_run=true", probe)
        assert answer.status_code == 200, answer.text
        found = answer.json()["balances"][0]
        posted, pending, available = (found[name]["amount"] for name in ("posted", "pending", "available"))
        return posted, pending, available


def household(person: Person) -> Household:
    """Opens the accounts."""
    return Household(
        person=person,
        checking=person.account("Checking"),
        savings=person.account("Savings"),
        card=person.account("Card", "liability"),
        euros=person.account("Euros", currency="EUR"),
        food=person.account("Food", "expense"),
        home=person.account("Home", "expense"),
        salary=person.account("Salary", "income"),
    )

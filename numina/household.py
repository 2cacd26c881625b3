"""A household's money: accounts, categories and years of plausible transactions; one seed, one life."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

Item = dict[str, Any]
"""A transaction as POST /v1/transactions takes it, with names in the place of account and category ids."""

CHECKING, SAVINGS, CARD, CASH = "Joint checking", "Rainy day savings", "Credit card", "Cash"
MORTGAGE, HOUSE, PENSION, WALLET = "Mortgage", "House", "Retirement plan", "Travel wallet"

ACCOUNTS: Sequence[dict[str, Any]] = (
    {
        "name": CHECKING,
        "kind": "asset",
        "type": "checking",
        "opening_balance": "4200.00",
        "floor": "-1500.00",
    },
    {"name": SAVINGS, "kind": "asset", "type": "savings", "opening_balance": "12500.00", "floor": "0"},
    {"name": CARD, "kind": "liability", "type": "credit_card", "credit_limit": "9000.00"},
    {"name": CASH, "kind": "asset", "type": "cash", "opening_balance": "400.00"},
    {"name": HOUSE, "kind": "asset", "type": "property", "opening_balance": "318000.00"},
    {"name": MORTGAGE, "kind": "liability", "type": "loan", "opening_balance": "-236400.00"},
    {"name": PENSION, "kind": "asset", "type": "retirement", "opening_balance": "41800.00"},
    {"name": WALLET, "kind": "asset", "type": "cash", "currency": "EUR"},
)

CATEGORIES: dict[str, dict[str, Sequence[str]]] = {
    "income": {
        "Work": ("Salary", "Second salary", "Bonus", "Employer contribution"),
        "Other income": ("Interest received", "Tax refund"),
    },
    "expense": {
        "Housing": ("Mortgage interest", "Electricity", "Water", "Internet", "Home insurance", "Repairs"),
        "Food": ("Groceries", "Restaurants", "Coffee"),
        "Transport": ("Fuel", "Public transport", "Car insurance", "Car repairs"),
        "Health": ("Pharmacy", "Dentist", "Health insurance"),
        "Family": ("Childcare", "School", "Clothing", "Gifts"),
        "Leisure": ("Streaming", "Books", "Sports club", "Cinema"),
        "Travel": ("Flights", "Lodging", "Holiday spending"),
        "Fees": ("Bank fees", "Taxes"),
    },
}


class Regular(NamedTuple):
    """Paid on a day of certain months: cents of today's money, and how far they vary up and down."""

    day: int
    months: Sequence[int]
    payee: str
    category: str
    account: str
    cents: int
    spread: int = 0


class Habit(NamedTuple):
    """Bought about so many times a month, for something between two sums in cents."""

    times: float
    payees: Sequence[str]
    category: str
    account: str
    least: int
    most: int


MONTHLY = tuple(range(1, 13))
REGULARS = (
    Regular(3, MONTHLY, "City Power and Light", "Electricity", CHECKING, 11800, 4200),
    Regular(4, MONTHLY, "Fibre to the Home", "Internet", CHECKING, 5999),
    Regular(6, (1, 4, 7, 10), "Water Works", "Water", CHECKING, 9400, 1200),
    Regular(7, MONTHLY, "Kindergarten", "Childcare", CHECKING, 62000),
    Regular(8, MONTHLY, "Health Fund", "Health insurance", CHECKING, 31200),
    Regular(9, MONTHLY, "Sports Club", "Sports club", CHECKING, 6400),
    Regular(12, (2,), "Mutual Home Insurance", "Home insurance", CHECKING, 118000),
    Regular(14, (3, 9), "Mutual Car Insurance", "Car insurance", CHECKING, 48600),
    Regular(15, MONTHLY, "Film and Series Stream", "Streaming", CARD, 1599),
    Regular(16, MONTHLY, "Music Stream", "Streaming", CARD, 1099),
    Regular(18, (9, 2), "Primary School", "School", CHECKING, 21500, 4000),
    Regular(20, (4,), "Tax Office", "Taxes", CHECKING, 74000, 30000),
    Regular(21, (5, 11), "Dental Practice", "Dentist", CARD, 14500, 6000),
    Regular(24, (6, 10), "Garage", "Car repairs", CARD, 38000, 22000),
    Regular(28, (3, 8, 11), "Hardware Store", "Repairs", CARD, 21000, 16000),
    Regular(31, MONTHLY, "Bank", "Bank fees", CHECKING, 450),
)
HABITS = (
    Habit(9, ("Green Market", "Corner Grocery", "Superstore"), "Groceries", CARD, 1800, 14500),
    Habit(3.5, ("Noodle House", "Trattoria", "Burger Bar", "Tea Garden"), "Restaurants", CARD, 2400, 9800),
    Habit(5, ("Coffee Roasters", "Station Bakery"), "Coffee", CASH, 320, 980),
    Habit(2.5, ("Filling Station East", "Filling Station West"), "Fuel", CARD, 3200, 6900),
    Habit(2, ("Transit Authority",), "Public transport", CARD, 275, 2200),
    Habit(1, ("Pharmacy on Main",), "Pharmacy", CARD, 600, 4800),
    Habit(0.8, ("Bookshop",), "Books", CARD, 900, 4200),
    Habit(0.7, ("Picture House",), "Cinema", CASH, 1200, 4800),
    Habit(1.2, ("Outfitters", "Shoe Shop"), "Clothing", CARD, 1900, 16500),
    Habit(0.6, ("Toy Shop", "Florist"), "Gifts", CARD, 1500, 9000),
)


@dataclass
class Household:
    """Lives from the first day of a month, `years` before the month of `last`, to `last` (inclusive)."""

    last: dt.date
    years: int
    random: Random

    def __post_init__(self) -> None:
        self.first = self.last.replace(year=self.last.year - self.years, day=1)
        self._checking, self._card, self._owed, self._wallet = 420_000, 0, 23_640_000, 0

    def transactions(self) -> Iterator[Item]:
        """Everything that was posted, by date."""
        month = self.first
        while month <= self.last:
            following = (month + dt.timedelta(days=32)).replace(day=1)
            lived = [*self._earn(month), *self._pay(month), *self._buy(month), *self._travel(month)]
            items = [*lived, *self._settle(month, lived)]
            yield from sorted(
                (i for i in items if i["date"] <= self.last.isoformat()), key=lambda i: i["date"]
            )
            month = following

    def holds(self) -> Iterator[Item]:
        """What is reserved but not yet posted at the end."""
        until = dt.datetime.combine(self.last + dt.timedelta(days=7), dt.time(12), dt.UTC).isoformat()
        for payee, category, cents in (
            ("Seaside Hotel", "Lodging", 42000),
            ("Filling Station East", "Fuel", 8000),
        ):
            yield self._spend(self.last, payee, category, CARD, cents) | {
                "state": "pending",
                "expires_at": until,
            }

    def _earn(self, month: dt.date) -> Iterator[Item]:
        rise = self._grown(month, 100_000, 0.03)
        salary, second = 4_450 * rise // 100_000, 1_980 * rise // 100_000
        for day, payee, category, cents in (
            (25, "Engineering Works", "Salary", salary * 100),
            (26, "Public Library", "Second salary", second * 100),
        ):
            yield self._income(_on(month, day), payee, category, CHECKING, cents)
        yield self._income(_on(month, 25), "Engineering Works", "Employer contribution", PENSION, salary * 8)
        if month.month == 12:
            yield self._income(_on(month, 12), "Engineering Works", "Bonus", CHECKING, salary * 80)
        if month.month == 7:
            yield self._income(
                _on(month, 10), "Tax Office", "Tax refund", CHECKING, self._vary(52_000, 20_000)
            )
        if month.month % 3 == 0:
            yield self._income(_on(month, 31), "Bank", "Interest received", SAVINGS, self._vary(6_500, 2_500))

    def _pay(self, month: dt.date) -> Iterator[Item]:
        for r in REGULARS:
            if month.month in r.months:
                cents = self._grown(month, self._vary(r.cents, r.spread), 0.025)
                yield self._spend(_on(month, r.day), r.payee, r.category, r.account, cents)
        interest = self._owed * 345 // 120_000
        principal = 128_400 - interest
        self._owed -= principal
        yield {
            "date": _on(month, 1).isoformat(),
            "payee": "Building Society",
            "postings": [
                _leg(CHECKING, -128_400),
                _leg("Mortgage interest", interest),
                _leg(MORTGAGE, principal),
            ],
        }
        yield self._transfer(_on(month, 2), CHECKING, CASH, 6_000) | {"payee": "Cash machine"}

    def _buy(self, month: dt.date) -> Iterator[Item]:
        for habit in HABITS:
            times = int(habit.times) + (self.random.random() < habit.times % 1)
            for _ in range(times):
                day = _on(month, self.random.randint(1, 31))
                cents = self._grown(month, self.random.randint(habit.least, habit.most), 0.025)
                item = self._spend(
                    day, self.random.choice(habit.payees), habit.category, habit.account, cents
                )
                if habit.category == "Groceries" and self.random.random() < 0.15:
                    part = cents // 5
                    item["splits"] = [
                        {"category_id": "Groceries", "amount": _amount(cents - part)},
                        {"category_id": "Pharmacy", "amount": _amount(part), "memo": "household goods"},
                    ]
                    del item["category_id"]
                yield item
                if habit.category == "Clothing" and self.random.random() < 0.2:
                    yield item | {"refund": True, "notes": "Returned: did not fit"}

    def _travel(self, month: dt.date) -> Iterator[Item]:
        if month.month == 6:
            yield self._spend(
                _on(month, 2), "Airline", "Flights", CARD, self._vary(124_000, 30_000), "holiday"
            )
        if month.month == 8:
            euros = self._vary(90_000, 15_000)
            yield self._transfer(_on(month, 3), CHECKING, WALLET, euros * 109 // 100) | {
                "to_amount": _amount(euros),
                "to_currency": "EUR",
                "payee": "Bureau de change",
            }
            for day in range(5, 17):
                cents = min(self.random.randint(1_500, 8_000), euros)
                euros -= cents
                spent = self._spend(
                    _on(month, day), "On holiday", "Holiday spending", WALLET, cents, "holiday"
                )
                yield spent | {"currency": "EUR"}
                if euros < 1_000:
                    break

    def _settle(self, month: dt.date, items: Sequence[Item]) -> Iterator[Item]:
        """Pays last month's card bill, and keeps checking near six thousand with the savings."""
        if self._card:
            yield self._transfer(_on(month, 5), CHECKING, CARD, self._card) | {"payee": "Card bill"}
        paid, self._card = self._card, -_flow(items, CARD)
        self._checking += _flow(items, CHECKING) - paid
        surplus = self._checking - 600_000
        if surplus > 100_000:
            self._checking -= surplus
            yield self._transfer(_on(month, 27), CHECKING, SAVINGS, surplus) | {"payee": "Savings plan"}
        elif surplus < -100_000:
            self._checking -= surplus
            yield self._transfer(_on(month, 1), SAVINGS, CHECKING, -surplus) | {"payee": "Savings plan"}

    def _spend(self, date: dt.date, payee: str, category: str, account: str, cents: int, *tags: str) -> Item:
        item = self._friendly("expense", date, account, cents) | {"payee": payee, "category_id": category}
        return item | {"tags": list(tags)} if tags else item

    def _income(self, date: dt.date, payee: str, category: str, account: str, cents: int) -> Item:
        return self._friendly("income", date, account, cents) | {"payee": payee, "category_id": category}

    def _transfer(self, date: dt.date, source: str, target: str, cents: int) -> Item:
        return self._friendly("transfer", date, source, cents) | {"to_account_id": target}

    def _friendly(self, kind: str, date: dt.date, account: str, cents: int) -> Item:
        shown = {"type": kind, "date": date.isoformat(), "account_id": account}
        return shown | {"amount": _amount(cents), "currency": "USD"}

    def _vary(self, cents: int, spread: int) -> int:
        return cents + self.random.randint(-spread, spread)

    def _grown(self, month: dt.date, cents: int, a_year: float) -> int:
        """Today's money as it was then: prices and pay rise by a share a year."""
        years_ago = (self.last - month).days / 365.25
        growth: float = (1 + a_year) ** years_ago
        return round(cents / growth)


def _on(month: dt.date, day: int) -> dt.date:
    """The day of the month, or its last one."""
    last = ((month + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)).day
    return month.replace(day=min(day, last))


def _amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}" if cents >= 0 else f"-{_amount(-cents)}"


def _leg(account: str, cents: int) -> dict[str, str]:
    return {"account_id": account, "amount": _amount(cents), "currency": "USD"}


def _flow(items: Sequence[Item], account: str) -> int:
    """What the items change on the account, in cents."""
    total = 0
    for item in items:
        if "postings" in item:
            total += sum(_cents(p["amount"]) for p in item["postings"] if p["account_id"] == account)
            continue
        sign = 1 if (item["type"] == "income") != item.get("refund", False) else -1
        if item["account_id"] == account:
            total += sign * _cents(item["amount"])
        if item.get("to_account_id") == account:
            total += _cents(item["amount"])
    return total


def _cents(amount: str) -> int:
    return int(amount.replace(".", ""))

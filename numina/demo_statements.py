"""The demo household checks its book: each bank statement is reconciled, and balances are asserted for ever."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence

from httpx2 import Client

from numina.demo_client import checked

LEFT_OPEN = 2
"""Months up to the present whose statements have not been looked at yet."""


def reconcile(
    client: Client,
    account_id: str,
    first: dt.date,
    last: dt.date,
    tell: Callable[[int, int | None], None],
) -> None:
    """Reconciles the account's statement of every month from `first` on, but for the latest."""
    months = list(_months(first, last))[:-LEFT_OPEN]
    for number, (begin, end) in enumerate(months, 1):
        query = {"from": begin.isoformat(), "to": end.isoformat(), "limit": "500"}
        statement = checked(client.get(f"/accounts/{account_id}/statement", params=query), 200)
        body = {
            "account_id": account_id,
            "date": end.isoformat(),
            "closing_balance": statement["closing"],
            "transaction_ids": [line["transaction_id"] for line in statement["lines"]],
            "notes": f"Statement {begin:%m/%Y}",
        }
        checked(client.post("/reconciliations", json=body), 201)
        tell(number, len(months))


def assert_year_ends(client: Client, accounts: Sequence[str], first: dt.date, last: dt.date) -> None:
    """Asserts what each account had at the end of each year: a later change that would falsify it is refused."""
    for year in range(first.year, last.year):
        end = dt.date(year, 12, 31).isoformat()
        for account_id in accounts:
            balance = checked(client.get(f"/accounts/{account_id}/balance", params={"as_of": end}), 200)
            body = {"account_id": account_id, "date": end, "amount": balance["posted"], "notes": "Year end"}
            checked(client.post("/assertions", json=body), 201)


def _months(first: dt.date, last: dt.date) -> Iterator[tuple[dt.date, dt.date]]:
    """The first and last day of each month from that of `first` to that of `last`."""
    begin = first.replace(day=1)
    while begin <= last:
        following = (begin + dt.timedelta(days=31)).replace(day=1)
        yield begin, following - dt.timedelta(days=1)
        begin = following

"""The demonstration: a household with five years of history, filled in over HTTP as any client would."""

import datetime as dt
import secrets
import time
from collections.abc import Callable, Mapping
from random import Random

from httpx2 import Client, HTTPError
from rich.console import Console
from rich.table import Table

from numina.checking import progress
from numina.demo_client import DemoFailed, checked
from numina.demo_statements import assert_year_ends, reconcile
from numina.household import ACCOUNTS, CARD, CATEGORIES, CHECKING, SAVINGS, Household, Item

YEARS = 5
SEED = 1494
"""The year in which Pacioli described the double entry."""

BATCH = 500
ZONE = "America/New_York"

NEXT = (
    ("the month at a glance", "/v1/reports/monthly?month={month}"),
    ("income and spending by year", "/v1/reports/income-statement?from={first}&to={last}&by=year"),
    ("net worth over time", "/v1/reports/net-worth?from={first}&to={last}&interval=quarter"),
    ("every refund of clothes", "/v1/transactions?q=returned"),
    ("what is reserved but not yet paid", "/v1/transactions?state=pending"),
)
"""Worth a look, once the book is filled."""


def fill(base_url: str, today: dt.date, console: Console) -> None:
    """Registers a demo household of its own at the service and posts its history, up to and with `today`.

    Raises DemoFailed where the service cannot be reached or refuses something.
    """
    email, password = f"demo-{secrets.token_hex(3)}@example.com", secrets.token_urlsafe(12)
    with Client(base_url=f"{base_url}/v1", timeout=60, trust_env=False) as client:
        try:
            _sign_up(client, email, password)
            household = Household(today, YEARS, Random(SEED))  # noqa: S311 - shopping, not secrets
            ids = _open_accounts(client, household.first)
            items = [_with_ids(item, ids) for item in (*household.transactions(), *household.holds())]
            began = time.perf_counter()
            with progress(console, "Posting") as tell:
                _post(client, items, tell)
            with progress(console, "Reconciling") as tell:
                reconcile(client, ids[CHECKING], household.first, today, tell)
                assert_year_ends(client, [ids[name] for name in (SAVINGS, CARD)], household.first, today)
            _show(client, console, f"{len(items):,} transactions in {time.perf_counter() - began:.1f} s")
        except HTTPError as error:
            raise DemoFailed(f"{base_url} does not answer ({error}); start it with: numina serve") from error
    _say_what_next(base_url, email, password, household, console)


def _say_what_next(base_url: str, email: str, password: str, household: Household, console: Console) -> None:
    console.print(f"Sign in with {email} and the password {password}")
    login = (
        f"curl -s {base_url}/v1/auth/login -H 'Content-Type: application/json' "
        f"""-d '{{"email": "{email}", "password": "{password}"}}'"""
    )
    first, last = household.first.isoformat(), household.last.isoformat()
    lines = [
        f'TOKEN=$({login} | sed \'s/.*"access_token":"\\([^"]*\\).*/\\1/\')',
        *(
            f'curl -s -H "Authorization: Bearer $TOKEN" '
            f"'{base_url}{path.format(month=last[:7], first=first, last=last)}'  # {what}"
            for what, path in NEXT
        ),
    ]
    console.print("Then try:")
    for line in lines:
        console.print(f"  {line}", soft_wrap=True, markup=False)


def _sign_up(client: Client, email: str, password: str) -> None:
    person = {"email": email, "password": password}
    more = {"name": "Demo household", "currency": "USD", "time_zone": ZONE}
    checked(client.post("/auth/register", json=person | more), 201)
    token = checked(client.post("/auth/login", json=person), 200)["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"


def _open_accounts(client: Client, opening: dt.date) -> Mapping[str, str]:
    """Opens accounts and categories; their ids by name."""
    ids = {}
    for account in ACCOUNTS:
        body = {"currency": "USD"} | account
        if "opening_balance" in body:
            body["opening_date"] = opening.isoformat()
        ids[account["name"]] = checked(client.post("/accounts", json=body), 201)["id"]
    for kind, groups in CATEGORIES.items():
        for group, names in groups.items():
            parent = checked(client.post("/categories", json={"name": group, "kind": kind}), 201)["id"]
            for name in names:
                body = {"name": name, "kind": kind, "parent_id": parent}
                ids[name] = checked(client.post("/categories", json=body), 201)["id"]
    return ids


def _with_ids(item: Item, ids: Mapping[str, str]) -> Item:
    """The item with ids in the place of names, wherever a field says that it holds one."""
    found: Item = {}
    for field, value in item.items():
        if isinstance(value, list) and field in ("postings", "splits"):
            found[field] = [_with_ids(part, ids) for part in value]
        else:
            found[field] = ids[value] if field.endswith("_id") else value
    return found


def _post(client: Client, items: list[Item], tell: Callable[[int, int | None], None]) -> None:
    for start in range(0, len(items), BATCH):
        body = {"items": items[start : start + BATCH], "atomic": True}
        key = {"Idempotency-Key": f"demo-{start}"}
        checked(client.post("/transactions/bulk", json=body, headers=key), 207)
        tell(min(start + BATCH, len(items)), len(items))


def _show(client: Client, console: Console, title: str) -> None:
    table = Table("Account", title=title, title_justify="left")
    for column in ("Posted", "Pending", "Available"):
        table.add_column(column, justify="right")
    for account in checked(client.get("/accounts", params={"kind": "asset,liability"}), 200)["items"]:
        balance = checked(client.get(f"/accounts/{account['id']}/balance"), 200)
        shown = (balance[part] for part in ("posted", "pending", "available"))
        table.add_row(account["name"], *(f"{part['amount']} {part['currency']}" for part in shown))
    console.print(table)

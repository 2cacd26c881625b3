"""The demonstration: a household with five years of history, filled in over HTTP as any client would."""

import datetime as dt
import secrets
import time
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from httpx2 import Client, HTTPError, Response
from rich.console import Console
from rich.table import Table

from numina.checking import progress
from numina.household import ACCOUNTS, CATEGORIES, Household, Item
from numina.trouble import Trouble

YEARS = 5
SEED = 1494
"""The year in which Pacioli described the double entry."""

BATCH = 500
EMAIL = "demo@example.com"
ZONE = "America/New_York"


class DemoFailed(Trouble):
    """The service refused something; the message is its answer."""


def fill(base_url: str, today: dt.date, console: Console) -> None:
    """Registers the demo household at the service and posts its history, up to and with `today`.

    Raises DemoFailed where the service cannot be reached, refuses something, or knows the household already.
    """
    password = secrets.token_urlsafe(12)
    with Client(base_url=f"{base_url}/v1", timeout=60, trust_env=False) as client:
        try:
            _sign_up(client, password)
            household = Household(today, YEARS, Random(SEED))  # noqa: S311 - shopping, not secrets
            ids = _open_accounts(client, household.first)
            items = [_with_ids(item, ids) for item in (*household.transactions(), *household.holds())]
            began = time.perf_counter()
            with progress(console, "Posting") as tell:
                _post(client, items, tell)
            _show(client, console, f"{len(items):,} transactions in {time.perf_counter() - began:.1f} s")
        except HTTPError as error:
            raise DemoFailed(f"{base_url} does not answer ({error}); start it with: numina serve") from error
    console.print(f"Sign in with {EMAIL} and the password {password}")
    console.print(
        f"curl {base_url}/v1/auth/login -H 'Content-Type: application/json' "
        f"""-d '{{"email": "{EMAIL}", "password": "{password}"}}'""",
        soft_wrap=True,
        markup=False,
    )


def _sign_up(client: Client, password: str) -> None:
    person = {"email": EMAIL, "password": password}
    made = client.post("/auth/register", json=person | {"currency": "USD", "time_zone": ZONE})
    if made.status_code == 409:
        raise DemoFailed(f"the demo household is there already ({EMAIL}); a new home (NUMINA_HOME) has none")
    _checked(made, 201)
    token = _checked(client.post("/auth/login", json=person), 200)["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"


def _open_accounts(client: Client, opening: dt.date) -> Mapping[str, str]:
    """Opens accounts and categories; their ids by name."""
    ids = {}
    for account in ACCOUNTS:
        body = {"currency": "USD"} | account
        if "opening_balance" in body:
            body["opening_date"] = opening.isoformat()
        ids[account["name"]] = _checked(client.post("/accounts", json=body), 201)["id"]
    for kind, groups in CATEGORIES.items():
        for group, names in groups.items():
            parent = _checked(client.post("/categories", json={"name": group, "kind": kind}), 201)["id"]
            for name in names:
                body = {"name": name, "kind": kind, "parent_id": parent}
                ids[name] = _checked(client.post("/categories", json=body), 201)["id"]
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
        _checked(client.post("/transactions/bulk", json=body, headers=key), 207)
        tell(min(start + BATCH, len(items)), len(items))


def _show(client: Client, console: Console, title: str) -> None:
    table = Table("Account", title=title, title_justify="left")
    for column in ("Posted", "Pending", "Available"):
        table.add_column(column, justify="right")
    for account in _checked(client.get("/accounts", params={"kind": "asset,liability"}), 200)["items"]:
        balance = _checked(client.get(f"/accounts/{account['id']}/balance"), 200)
        shown = (balance[part] for part in ("posted", "pending", "available"))
        table.add_row(account["name"], *(f"{part['amount']} {part['currency']}" for part in shown))
    console.print(table)


def _checked(answer: Response, status: int) -> Any:
    """The answer's body. Raises DemoFailed with what the service said when the status is another."""
    if answer.status_code != status:
        raise DemoFailed(f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}")
    return answer.json()

"""django-hordak 2.0 moving money with `Account.transfer_to`, one transfer a commit."""

from __future__ import annotations

import random
import time
from threading import Barrier

from psycopg.conninfo import conninfo_to_dict

from tests.bench.children import in_child, together

ACCOUNTS = 100


def transfers(url: str, clients: int, each: int) -> float:
    """Transfers a second by `clients` processes, each doing `each` of them one at a time."""
    spans = together(clients, _move, url, each)
    return clients * each / (max(end for _, end in spans) - min(start for start, _ in spans))


def prepare(url: str) -> None:
    """Migrates, and opens the accounts that money moves between."""
    in_child(_prepare, url)


def _configure(url: str) -> None:
    import django
    from django.conf import settings

    parts = conninfo_to_dict(url)
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts["dbname"],
                "USER": parts["user"],
                "HOST": parts["host"],
                "PORT": parts["port"],
                "CONN_MAX_AGE": None,
            }
        },
        INSTALLED_APPS=["django.contrib.contenttypes", "mptt", "djmoney", "hordak"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DEFAULT_CURRENCY="USD",
        HORDAK_INTERNAL_CURRENCY="USD",
        USE_TZ=True,
        SECRET_KEY="bench",
    )
    django.setup()


def _prepare(url: str) -> None:
    _configure(url)
    from django.core.management import call_command
    from hordak.models import Account

    call_command("migrate", verbosity=0)
    for number in range(ACCOUNTS):
        Account.objects.create(name=f"Account {number}", type="AS", code=f"{number:03}", currencies=["USD"])


def _move(ready: Barrier, index: int, url: str, count: int) -> tuple[float, float]:
    _configure(url)
    from django.db import connection
    from hordak.models import Account
    from moneyed import Money

    accounts = list(Account.objects.all())
    chance = random.Random(index)
    pairs = [chance.sample(accounts, 2) for _ in range(count + 10)]
    for source, target in pairs[count:]:
        source.transfer_to(target, Money("1.00", "USD"))
    ready.wait()
    start = time.time()
    for source, target in pairs[:count]:
        source.transfer_to(target, Money("12.34", "USD"))
    end = time.time()
    connection.close()
    return start, end

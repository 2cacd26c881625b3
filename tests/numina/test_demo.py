"""The demonstration fills a book over HTTP, and other programs agree with what that book then says."""

import csv
import json
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from beancount import loader
from beancount.core import realization

from numina.cli import Format
from tests.numina.serving import Service

Balances = Mapping[tuple[str, str], Decimal]
"""The posted and pending balance by account name and currency."""


@dataclass(frozen=True)
class Demo:
    """A running service with the demo household: what the demo said, and what its owner can do."""

    service: Service
    said: str
    url: str
    token: str

    def get(self, path: str) -> Any:
        return json.loads(fetch(self.url + path, self.token))

    def balances(self) -> Balances:
        """What the service states for assets and debts."""
        found = {}
        for account in self.get("/accounts?kind=asset,liability")["items"]:
            stated = self.get(f"/accounts/{account['id']}/balance")
            both = Decimal(stated["posted"]["amount"]) + Decimal(stated["pending"]["amount"])
            found[account["name"], stated["posted"]["currency"]] = both
        return found


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with TemporaryDirectory(prefix="numina-test-") as folder:
        Path(folder).chmod(0o755)
        service = Service(Path(folder) / "home")
        try:
            said = numina(service, "demo", "--url", service.url())
            told = re.search(r"Sign in with (\S+) and the password (\S+)", said)
            assert told
            person = {"email": told[1], "password": told[2]}
            url = f"{service.url()}/v1"
            token = json.loads(fetch(f"{url}/auth/login", body=person))["access_token"]
            yield Demo(service, said, url, token)
        finally:
            service.end()


def numina(service: Service, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "numina", *arguments],
        env={"NUMINA_HOME": str(service.home), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def fetch(url: str, token: str | None = None, body: Any = None) -> bytes:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as answer:
        return bytes(answer.read())


def exported(demo: Demo, form: Format, folder: Path) -> Path:
    """The demo's book as a journal."""
    [book] = demo.get("/books")["items"]
    file = folder / f"book.{form}"
    numina(demo.service, "export", "--book", book["id"], "--format", form, "--output", str(file))
    return file


def test_the_demo_says_how_to_sign_in(demo: Demo) -> None:
    assert "transactions in" in demo.said
    assert "/v1/auth/login" in demo.said


def test_what_the_demo_says_to_try_works(demo: Demo) -> None:
    lines = [line.strip() for line in demo.said.splitlines() if "curl -s" in line]
    assert len(lines) > 4
    ran = subprocess.run(["sh", "-ec", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert "access_token" not in ran.stdout
    assert ran.stdout.count("problems#") == 0
    assert '"savings_rate"' in ran.stdout
    assert '"state":"pending"' in ran.stdout


def test_statements_are_reconciled_and_balances_asserted(demo: Demo) -> None:
    assert len(demo.get("/reconciliations?limit=100")["items"]) == 59
    assert len(demo.get("/assertions?limit=100")["items"]) == 10


def test_another_household_moves_in_beside_the_first(demo: Demo) -> None:
    said = numina(demo.service, "demo", "--url", demo.service.url())
    assert demo.said.splitlines()[0].split(" in ")[0] == said.splitlines()[0].split(" in ")[0]


def test_beancount_computes_the_same_balances(demo: Demo, tmp_path: Path) -> None:
    entries, errors, _ = loader.load_file(str(exported(demo, Format.beancount, tmp_path)))
    assert errors == []
    computed = {}
    for account in realization.iter_children(realization.realize(entries)):
        for position in account.balance:
            name = account.account.split(":")[-1].replace("-", " ")
            computed[name, position.units.currency] = position.units.number
    stated = demo.balances()
    assert {place: computed.get(place, Decimal(0)) for place in stated} == stated


@pytest.mark.skipif(shutil.which("hledger") is None, reason="hledger is not installed")
def test_hledger_computes_the_same_balances(demo: Demo, tmp_path: Path) -> None:
    file = exported(demo, Format.hledger, tmp_path)

    def hledger(*arguments: str) -> str:
        return subprocess.run(
            ["hledger", "-f", str(file), *arguments],
            env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert hledger("check", "--strict") == ""
    listed = hledger("balance", "type:AL", "--no-total", "--output-format=csv", "--layout=bare", "--empty")
    computed = {}
    for account, currency, amount in list(csv.reader(listed.splitlines()))[1:]:
        computed[account.split(":")[-1], currency] = Decimal(amount)
    stated = demo.balances()
    assert {place: computed.get(place, Decimal(0)) for place in stated} == stated


def test_the_live_service_verifies(demo: Demo) -> None:
    assert numina(demo.service, "verify").rstrip().endswith("verified")


def test_the_whole_record_proves_itself_offline(demo: Demo, tmp_path: Path) -> None:
    export, checkpoint = tmp_path / "record.jsonl", tmp_path / "checkpoint"
    checkpoint.write_bytes(fetch(f"{demo.url}/audit/checkpoint", demo.token))
    numina(demo.service, "export", "--output", str(export))
    said = numina(demo.service, "verify", "--export", str(export), "--checkpoint", str(checkpoint))
    assert said.rstrip().endswith("\nverified")

"""Parts of the running service are killed at random moments while clients load it: nothing is lost, nothing
happens twice, and every law holds afterwards."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import psutil
import pytest

from numina.offline import verify_export
from tests.stories.crash_clients import Client, Witness, commands_of, definite, signed_in, transactions_of
from tests.stories.serving import PASSWORD, Person, Serving, home

pytestmark = pytest.mark.crash

CLIENTS = 4
VICTIMS = ("api", "project", "scheduler", "postgres", "a backend", "numina", "api and postgres")
FEWEST_KILLS = 5
SEED = 1788
FLOOR = "0.00"


@pytest.fixture
def crashing() -> Iterator[Serving]:
    """A service of one's own, for killing."""
    with home() as place:
        service = Serving(place)
        service.start()
        try:
            yield service
        finally:
            service.stop()


def test_killing_any_part_at_any_moment_loses_and_repeats_nothing(
    crashing: Serving, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    seconds = float(request.config.getoption("--crash-seconds"))
    email = f"{uuid4().hex}@example.com"
    owner = crashing.register(email=email, password=PASSWORD, currency="USD")
    shared, category = _open(owner, "Shared", "asset", floor=FLOOR), _open(owner, "Spending", "expense")
    before = _head(owner)
    until = time.monotonic() + seconds
    clients = [
        Client(
            Person(signed_in(crashing.url, email), owner.book_id, owner.user_id, email),
            shared,
            category,
            n,
            until,
        )
        for n in range(CLIENTS)
    ]
    witness = Witness(signed_in(crashing.url, email), until)
    for thread in (*clients, witness):
        thread.start()
    killed = _kill_until(crashing, until)
    for client in clients:
        client.join(180)
        assert not client.is_alive(), f"{client.name} hangs: {client.statuses}"
    statuses: Counter[int | str] = sum((client.statuses for client in clients), Counter())
    print(f"{killed.total()} kills {dict(killed)}, answers {dict(statuses)}")
    for client in clients:
        if client.failure is not None:
            raise AssertionError(
                f"{client.name}: {client.failure!r:.2000}\n{statuses}, {killed}\n{_told(crashing)}"
            ) from client.failure
    assert killed.total() >= min(FEWEST_KILLS, seconds // 5)
    assert statuses[500] == 0, _told(crashing)
    assert statuses[409], "nothing was refused: the floor was not put to the test"
    for client in clients:
        client.repeat_some(40)
        client.check_own_balances()
    changes = _changes(owner)
    _check_every_answer_is_in_the_record_once(clients, [c for c in changes if c["position"] > before])
    _check_streams_have_no_gaps(changes)
    _check_floor(changes, shared)
    verified = crashing.cli("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    _check_every_checkpoint_still_holds(crashing, witness.notes, tmp_path / "record.jsonl")


def test_a_database_that_dies_again_while_it_recovers_comes_back(crashing: Serving) -> None:
    owner = crashing.register()
    made = _open(owner, "Kept", "asset")
    killed: set[int] = set()
    deadline = time.monotonic() + 60
    while len(killed) < 3 and time.monotonic() < deadline:
        server = crashing.postmaster()
        if server is not None and server.pid not in killed and server.is_running():
            with suppress(psutil.NoSuchProcess):
                server.kill()
                killed.add(server.pid)
        time.sleep(0.01)
    assert len(killed) == 3
    status, found = definite(owner.client, "GET", f"/accounts/{made}", None, None, Counter())
    assert status == 200, found
    assert found["name"] == "Kept"


def _kill_until(service: Serving, until: float) -> Counter[str]:
    """Kills something every few seconds; the supervisor is started again by us, all else by the supervisor."""
    random = Random(SEED)
    killed: Counter[str] = Counter()
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, random.uniform(0.2, 3.5)))
        victim = random.choice(VICTIMS)
        if victim == "numina":
            service.kill()
            service.start()
            killed[victim] += 1
            continue
        with suppress(psutil.NoSuchProcess):
            for process in _processes(service, victim, random):
                process.kill()
                killed[victim] += 1
    return killed


def _processes(service: Serving, victim: str, random: Random) -> list[psutil.Process]:
    server = service.postmaster()
    found: list[psutil.Process | None]
    match victim:
        case "postgres":
            found = [server]
        case "api and postgres":
            found = [server, service.worker("api")]
        case "a backend":
            # The server then ends all the others, too, and recovers.
            found = [random.choice(server.children())] if server is not None and server.children() else []
        case _:
            found = [service.worker(victim)]
    return [process for process in found if process is not None]


def _check_every_answer_is_in_the_record_once(clients: list[Client], changes: list[dict[str, Any]]) -> None:
    made = Counter(c["id"] for c in changes if c["topic"] in ("transaction.posted", "transaction.held"))
    answered = Counter(
        str(identifier) for client in clients for a in client.accepted for identifier in transactions_of(a)
    )
    # Every request was repeated until its answer was definite: what nobody was told of should not exist.
    assert made == answered
    assert set(made.values()) <= {1}
    commands = Counter(
        str(command) for client in clients for a in client.accepted for command in commands_of(a)
    )
    recorded = {c["command_id"] for c in changes if c["type"] != "account"}
    assert set(commands) == recorded
    assert set(commands.values()) <= {1}


def _check_streams_have_no_gaps(changes: list[dict[str, Any]]) -> None:
    positions = [change["position"] for change in changes]
    assert positions == sorted(set(positions))
    versions: dict[str, list[int]] = defaultdict(list)
    for change in changes:
        versions[change["id"]].append(change["version"])
    for identifier, known in versions.items():
        assert known == list(range(1, len(known) + 1)), identifier


def _check_floor(changes: list[dict[str, Any]], shared: str) -> None:
    """What all drew on was never below its floor, at no position and on no day."""
    days: dict[str, Decimal] = defaultdict(Decimal)
    checked = 0
    for change in changes:
        if change["topic"] != "transaction.posted":
            continue
        terms = change["data"]["terms"]
        legs = [leg for leg in terms["postings"] if leg["account_id"] == shared]
        for leg in legs:
            days[terms["date"]] += Decimal(leg["amount"])
        checked += len(legs)
        running = Decimal()
        for day in sorted(days) if legs else ():
            running += days[day]
            assert running >= Decimal(FLOOR), (change["position"], day)
    assert checked


def _check_every_checkpoint_still_holds(service: Serving, notes: list[str], record: Path) -> None:
    """What was signed between two crashes is a beginning of the record as it is now."""
    exported = service.cli("export", "--output", str(record))
    assert exported.returncode == 0, exported.stderr
    assert len(notes) > 3
    for note in notes[:: max(1, len(notes) // 8)]:
        report = verify_export(record, note)
        assert report.ok, str(report)


def _changes(person: Person) -> list[dict[str, Any]]:
    """Every fact of the book."""
    found: list[dict[str, Any]] = []
    after = 0
    while True:
        path = f"/changes?after={after}&limit=1000"
        status, page = definite(person.client, "GET", path, None, None, Counter())
        assert status == 200, page
        found += page["items"]
        if not page["more"]:
            return found
        after = page["next"]


def _head(person: Person) -> int:
    return int(person.get("/changes", limit=1000)["next"])


def _open(person: Person, name: str, kind: str, **more: Any) -> str:
    body = {"name": name, "kind": kind, "currency": "USD", **more}
    return str(person.post("/accounts", body)["id"])


def _told(service: Serving) -> str:
    return service.said()[-8000:]

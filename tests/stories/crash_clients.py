"""Clients that keep a ledger busy while it is being killed, and remember every answer that they were given."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

import httpx2

from tests.stories.serving import PASSWORD, Person

PATIENCE = 120.0
"""Seconds after which a request that gets no definite answer counts as lost."""

AGAIN = 0.05


@dataclass(frozen=True)
class Accepted:
    """A command that was answered with success, under its idempotency key: what was asked, and what was said."""

    key: str
    method: str
    path: str
    body: Any
    answer: dict[str, Any]


@dataclass
class Client(threading.Thread):
    """Posts, holds, settles, voids, amends and undoes on accounts of its own and on one that all share, with a
    key on each request that it repeats until the answer is definite."""

    person: Person
    shared: str
    category: str
    number: int
    until: float
    accepted: list[Accepted] = field(default_factory=list)
    statuses: Counter[int | str] = field(default_factory=Counter)
    failure: BaseException | None = None

    def __post_init__(self) -> None:
        super().__init__(name=f"client {self.number}", daemon=True)
        self._random = Random(self.number)
        self._count = 0
        self._holds: list[str] = []
        self._posted: list[dict[str, Any]] = []
        self._own: dict[str, int] = defaultdict(int)
        self._accounts = [self._open(name) for name in ("one", "two")]

    # Threads are told apart by what they are, not by what they hold.
    __hash__ = threading.Thread.__hash__
    __eq__ = threading.Thread.__eq__

    def run(self) -> None:
        try:
            while time.monotonic() < self.until:
                self._step()
        except BaseException as error:
            self.failure = error

    def repeat_some(self, count: int) -> None:
        """Sends some of what was accepted again: the answer must be the one that was given before."""
        for accepted in self._random.sample(self.accepted, min(count, len(self.accepted))):
            status, answer = self._send(accepted.method, accepted.path, accepted.body, accepted.key)
            assert status // 100 == 2, (accepted, status, answer)
            assert _kept(answer) == _kept(accepted.answer), (accepted, answer)

    def check_own_balances(self) -> None:
        """Nobody else posts on these accounts: they must have what the answers add up to, at once."""
        for account in self._accounts:
            status, answer = self._send("GET", f"/accounts/{account}/balance", None, None)
            assert status == 200, answer
            assert answer["posted"]["amount"] == _written(self._own[account]), (answer, self._own[account])

    def _step(self) -> None:
        choice = self._random.random()
        if choice < 0.45:
            self._post()
        elif choice < 0.6:
            self._hold()
        elif choice < 0.75 and self._holds:
            self._settle(self._holds.pop())
        elif choice < 0.85 and self._posted:
            self._void(self._posted.pop(self._random.randrange(len(self._posted))))
        elif choice < 0.93:
            self._bulk()
        else:
            self.check_own_balances()

    def _post(self) -> None:
        if self._random.random() < 0.3:
            # What all draw on has a floor: many of these are refused, and none may get through wrongly.
            draws = self._random.random() < 0.6
            self._command("/transactions", self._between(self.shared, self.category, draws))
            return
        body = self._transfer()
        if (answer := self._command("/transactions", body)) is not None:
            self._count_in(body, 1)
            self._posted.append({"id": answer["id"], "body": body, "command_id": answer["command_id"]})

    def _hold(self) -> None:
        body = self._transfer() | {"state": "pending"}
        if (answer := self._command("/transactions", body)) is not None:
            self._holds.append(answer["id"])

    def _settle(self, hold: str) -> None:
        answer = self._command(f"/transactions/{hold}/post", {})
        if answer is not None:
            self._count_in({"postings": answer["postings"]}, 1)

    def _void(self, posted: dict[str, Any]) -> None:
        if self._random.random() < 0.5:
            path = f"/transactions/{posted['id']}/void"
        else:
            path = f"/commands/{posted['command_id']}/undo"
        if self._command(path, {}) is not None:
            self._count_in(posted["body"], -1)

    def _bulk(self) -> None:
        items = [self._transfer() for _ in range(self._random.randint(2, 25))]
        atomic = self._random.random() < 0.5
        answer = self._command("/transactions/bulk", {"items": items, "atomic": atomic})
        assert answer is not None
        for item, result in zip(items, answer["results"], strict=True):
            assert result["status"] == 201, result
            self._count_in(item, 1)

    def _transfer(self) -> dict[str, Any]:
        one, two = self._random.sample(self._accounts, 2)
        return self._legs(one, two, self._random.randint(1, 50_000))

    def _between(self, one: str, two: str, draws: bool) -> dict[str, Any]:
        amount = self._random.randint(1, 2_000)
        return self._legs(one, two, -amount if draws else amount)

    def _legs(self, one: str, two: str, cents: int) -> dict[str, Any]:
        self._count += 1
        day = self._random.randint(1, 28)
        return {
            "date": f"2026-{self._random.randint(1, 12):02d}-{day:02d}",
            "payee": f"client {self.number} number {self._count}",
            "postings": [
                {"account_id": one, "amount": _written(cents), "currency": "USD"},
                {"account_id": two, "amount": _written(-cents), "currency": "USD"},
            ],
        }

    def _count_in(self, body: dict[str, Any], sign: int) -> None:
        for posting in body["postings"]:
            self._own[posting["account_id"]] += sign * int(posting["amount"].replace(".", ""))

    def _open(self, name: str) -> str:
        body = {"name": f"{name} of client {self.number}", "kind": "asset", "currency": "USD"}
        return str(self.person.post("/accounts", body)["id"])

    def _command(self, path: str, body: Any) -> dict[str, Any] | None:
        """The answer if it was carried out, None if it was refused."""
        self._count += 1
        key = f"client-{self.number}-{self._count}"
        status, answer = self._send("POST", path, body, key)
        if status // 100 == 2:
            self.accepted.append(Accepted(key, "POST", path, body, answer))
            return answer
        assert status == 409, (path, body, status, answer)
        return None

    def _send(self, method: str, path: str, body: Any, key: str | None) -> tuple[int, Any]:
        return definite(self.person.client, method, path, body, key, self.statuses)


@dataclass
class Witness(threading.Thread):
    """Keeps every signed checkpoint that it can get."""

    client: httpx2.Client
    until: float
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(name="witness", daemon=True)

    __hash__ = threading.Thread.__hash__
    __eq__ = threading.Thread.__eq__

    def run(self) -> None:
        while time.monotonic() < self.until:
            with suppress(httpx2.TransportError):
                answer = self.client.get("/audit/checkpoint")
                if answer.status_code == 200:
                    self.notes.append(answer.json()["checkpoint"])
            time.sleep(0.5)


def definite(
    client: httpx2.Client,
    method: str,
    path: str,
    body: Any,
    key: str | None,
    statuses: Counter[int | str],
) -> tuple[int, Any]:
    """The first definite answer. Lost connections and 503 are no answers: the same is sent again."""
    deadline = time.monotonic() + PATIENCE
    headers = {"idempotency-key": key} if key else {}
    while True:
        assert time.monotonic() < deadline, f"no answer to {method} {path}: {statuses}"
        try:
            answer = client.request(method, path, json=body, headers=headers)
        except httpx2.TransportError as error:
            statuses[type(error).__name__] += 1
            time.sleep(AGAIN)
            continue
        statuses[answer.status_code] += 1
        if answer.status_code != 503:
            return answer.status_code, answer.json()
        assert "retry-after" in answer.headers, answer.text
        time.sleep(AGAIN)


def signed_in(url: str, email: str) -> httpx2.Client:
    """A connection of one's own for a person who is registered."""
    client = httpx2.Client(base_url=f"{url}/v1", timeout=20)
    token = client.post("/auth/login", json={"email": email, "password": PASSWORD}).json()["access_token"]
    client.headers["authorization"] = f"Bearer {token}"
    return client


def transactions_of(accepted: Accepted) -> list[UUID]:
    """The transactions that a command was said to have made."""
    if accepted.path == "/transactions":
        return [UUID(accepted.answer["id"])]
    if accepted.path == "/transactions/bulk":
        return [UUID(result["id"]) for result in accepted.answer["results"]]
    return []


def commands_of(accepted: Accepted) -> list[UUID]:
    """The commands that were said to have been carried out."""
    if accepted.path == "/transactions/bulk":
        return [UUID(result["command_id"]) for result in accepted.answer["results"]]
    return [UUID(accepted.answer["command_id"])]


def _kept(answer: dict[str, Any]) -> Any:
    """What a repeated answer must say again."""
    if "results" in answer:
        return [(result["status"], result["id"], result["command_id"]) for result in answer["results"]]
    return answer["command_id"], answer.get("id"), answer.get("position"), answer.get("balances")


def _written(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"

"""A machine makes up what people do, and a small model says what should come of it: the service must agree."""

from __future__ import annotations

from copy import deepcopy
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import Response
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.stories.reference_model import (
    Assertion,
    Change,
    Entry,
    Key,
    Leg,
    Model,
    Refused,
    part_of,
)
from tests.stories.serving import Person, Serving

EXAMPLES = 20
"""Lives of books, unless --fuzz-examples says otherwise."""

STEPS = 30
FLOOR = -20_00
KINDS = (
    ("Bank", "asset", FLOOR),
    ("Card", "liability", None),
    ("Food", "expense", None),
    ("Pay", "income", None),
)

DAYS = st.integers(1, 6)
CENTS = st.integers(1, 30_00)
PAYEES = st.sampled_from(["Café", "Kiosk"])
ANY = st.integers(0, 10_000)
# Whom it comes from first: mostly the account with the floor.
ORDERS = st.sampled_from([(0, 2, 1, 3), (0, 1, 2, 3), (0, 3, 2, 1), (1, 0, 2, 3), (3, 0, 1, 2), (2, 0, 3, 1)])


class Household(RuleBasedStateMachine):
    """One book and its owner."""

    service: Serving
    person: Person

    @initialize()
    def open_book(self) -> None:
        self.person = self.service.register(currency="USD")
        self.model = Model()
        self.sent: list[tuple[str, str, Any, Response]] = []
        self.history: list[tuple[int, Model]] = []
        self.positions: dict[str, int] = {}
        for name, kind, floor in KINDS:
            body: dict[str, Any] = {"name": name, "kind": kind, "currency": "USD"}
            if floor is not None:
                body["floor"] = _written(floor)
            identifier = self.person.post("/accounts", body)["id"]
            self.model.floors[identifier] = floor
            self.model.archived[identifier] = False
        self.accounts = list(self.model.floors)

    def teardown(self) -> None:
        if hasattr(self, "person"):
            self.person.client.close()

    @rule(
        day=DAYS,
        cents=st.lists(CENTS, min_size=1, max_size=2),
        accounts=ORDERS,
        payee=PAYEES,
        pending=st.booleans(),
        uneven=st.integers(0, 9),
        dry=st.integers(0, 4),
    )
    def post(
        self,
        day: int,
        cents: list[int],
        accounts: tuple[int, ...],
        payee: str,
        pending: bool,
        uneven: int,
        dry: int,
    ) -> None:
        entry = Entry(
            "pending" if pending else "posted", day, self._legs(cents, accounts, uneven == 0), payee
        )
        expected = self._expect(lambda: self.model.put(entry))
        if dry == 0:
            tried = self.person.client.post("/transactions?dry_run=true", json=_body(entry))
            self._agrees(tried, expected, 200)
            return
        answer = self._send("POST", "/transactions", _body(entry))
        if self._agrees(answer, expected, 201):
            self._done(answer, {("entry", answer.json()["id"]): (None, entry)})

    @rule(
        amounts=st.lists(CENTS, min_size=1, max_size=4),
        day=DAYS,
        accounts=ORDERS,
        atomic=st.booleans(),
        wrong=st.integers(0, 12),
    )
    def post_many(
        self, amounts: list[int], day: int, accounts: tuple[int, ...], atomic: bool, wrong: int
    ) -> None:
        entries = [
            Entry("posted", day, self._legs([cents], accounts, number == wrong), f"Item {number}")
            for number, cents in enumerate(amounts)
        ]
        ahead = deepcopy(self.model)
        expected: list[str | None] = []
        for number, entry in enumerate(entries):
            code = self._expect(lambda entry=entry: ahead.put(entry))
            expected.append(code)
            if code is None:
                ahead.entries[f"ahead {number}"] = entry
        body = {"items": [_body(entry) for entry in entries], "atomic": atomic}
        answer = self._send("POST", "/transactions/bulk", body)
        if atomic and any(expected):
            assert answer.status_code == 422, answer.text
            first = next(number for number, code in enumerate(expected) if code)
            problem = answer.json()
            assert (problem["code"], problem["item"]) == ("bulk_refused", first)
            assert problem["problem"]["code"] in _codes(expected[first])
            return
        assert answer.status_code == 207, answer.text
        position = int(answer.headers["numina-position"])
        for entry, code, result in zip(entries, expected, answer.json()["results"], strict=True):
            assert result.get("problem", {}).get("code") in _codes(code), (result, code)
            if code is None:
                self._carried_out(result["command_id"], {("entry", result["id"]): (None, entry)})
        self._remember(position)

    @precondition(lambda self: self.model.entries)
    @rule(which=ANY, part=st.none() | st.integers(1, 8_00))
    def settle(self, which: int, part: int | None) -> None:
        name, entry = self._some_entry(which)
        held = sum(cents for _, cents in entry.legs if cents > 0)
        legs = part_of(entry.legs, part) if part is not None and part <= held else entry.legs
        after = entry._replace(state="posted", legs=legs)
        if entry.state == "voided":
            expected: str | None = "already_voided"
        elif entry.state == "posted":
            expected = "not_pending"
        elif part is not None and part > held:
            expected = "more_than_held"
        else:
            expected = self._expect(lambda: self.model.put(after, entry))
        body = {} if part is None else {"amount": _written(part)}
        answer = self._send("POST", f"/transactions/{name}/post", body)
        if self._agrees(answer, expected, 200):
            posted = [(leg["account_id"], leg["amount"]) for leg in answer.json()["postings"]]
            assert posted == [(account, _written(cents)) for account, cents in legs]
            self._done(answer, {("entry", name): (entry, after)})

    @precondition(lambda self: self.model.entries)
    @rule(
        which=ANY,
        day=DAYS,
        cents=CENTS,
        accounts=ORDERS,
        payee=PAYEES,
        same=st.booleans(),
        stale=st.integers(0, 5),
    )
    def amend(
        self, which: int, day: int, cents: int, accounts: tuple[int, ...], payee: str, same: bool, stale: int
    ) -> None:
        name, entry = self._some_entry(which)
        legs = entry.legs if same and entry.legs else self._legs([cents], accounts, False)
        after = Entry(entry.state, day, legs, payee)
        if stale == 0:
            answer = self.person.client.put(
                f"/transactions/{name}", json=_body(after, state=False), headers={"if-match": '"999"'}
            )
            assert answer.status_code == 412, answer.text
            return
        voided = entry.state == "voided"
        expected = "already_voided" if voided else self._expect(lambda: self.model.put(after, entry))
        answer = self._send("PUT", f"/transactions/{name}", _body(after, state=False))
        if self._agrees(answer, expected, 200):
            self._done(answer, {("entry", name): (entry, after)})

    @precondition(lambda self: self.model.entries)
    @rule(which=ANY, delete=st.booleans())
    def void(self, which: int, delete: bool) -> None:
        name, entry = self._some_entry(which)
        after = entry._replace(state="voided", legs=())
        voided = entry.state == "voided"
        expected = "already_voided" if voided else self._expect(lambda: self.model.guard([(entry, after)]))
        if delete:
            answer = self._send("DELETE", f"/transactions/{name}", None)
        else:
            answer = self._send("POST", f"/transactions/{name}/void", {})
        if self._agrees(answer, expected, 200):
            self._done(answer, {("entry", name): (entry, after)})

    @precondition(lambda self: self.model.commands)
    @rule(back=st.integers(0, 6))
    def undo(self, back: int) -> None:
        commands = list(self.model.commands)
        command = commands[-1 - back % len(commands)]
        changes: dict[Key, Change] = {}
        expected = self._expect(lambda: changes.update(self.model.undoing(command)))
        answer = self._send("POST", f"/commands/{command}/undo", None)
        if self._agrees(answer, expected, 200):
            self._done(answer, changes)

    @rule(card=st.booleans(), day=DAYS, off=st.sampled_from([0, 0, 0, 1]))
    def assert_balance(self, card: bool, day: int, off: int) -> None:
        account = self.accounts[1 if card else 0]
        assertion = Assertion(account, day, self.model.balance(account, day).posted + off)
        expected = self._expect(lambda: self.model.agree(assertion))
        body = {"account_id": account, "date": _date(day), "amount": _written(assertion.posted)}
        answer = self._send("POST", "/assertions", body)
        if self._agrees(answer, expected, 201):
            self._done(answer, {("assertion", answer.json()["id"]): (None, assertion)})

    @precondition(lambda self: self.model.asserted)
    @rule(which=ANY)
    def withdraw_an_assertion(self, which: int) -> None:
        name, assertion = list(self.model.asserted.items())[which % len(self.model.asserted)]
        answer = self._send("DELETE", f"/assertions/{name}", None)
        assert answer.status_code == 200, answer.text
        self._done(answer, {("assertion", name): (assertion, None)})

    @rule(which=ANY, archive=st.integers(0, 3))
    def archive_or_reopen(self, which: int, archive: int) -> None:
        name = self.accounts[which % len(self.accounts)]
        wanted = archive == 0
        if self.model.archived[name] == wanted:
            return
        answer = self._send("PATCH", f"/accounts/{name}", {"archived": wanted})
        assert answer.status_code == 200, answer.text
        self._done(answer, {("archived", name): (not wanted, wanted)})

    @precondition(lambda self: self.sent)
    @rule(which=ANY, other=st.integers(0, 3))
    def repeat(self, which: int, other: int) -> None:
        """The same key and request again has the same answer and no effect; another request is refused."""
        key, method_path, body, first = self.sent[which % len(self.sent)]
        method, path = method_path.split(" ")
        if other == 0 and body:
            answer = self._request(method, path, body | {"notes": uuid4().hex}, key)
            assert answer.status_code == 422, answer.text
            assert answer.json()["code"] in ("idempotency_key_reused", "invalid_request", "bulk_refused")
            return
        answer = self._request(method, path, body, key)
        assert answer.status_code == first.status_code, (method_path, answer.text)
        again, before = answer.json(), first.json()
        if before.get("position") == 0:
            # It changed nothing, so that there is nothing to be told again but how things are.
            again, before = again["command_id"], before["command_id"]
        assert again == before, method_path

    @precondition(lambda self: self.history)
    @rule(which=ANY, day=st.none() | DAYS)
    def look_back(self, which: int, day: int | None) -> None:
        """Any balance can be asked for as it was known at any position."""
        position, model = self.history[which % len(self.history)]
        query: dict[str, Any] = {"known_at": position} | ({} if day is None else {"as_of": _date(day)})
        for account in self.accounts:
            self._check_balance(account, model, day or 31, query)

    @invariant()
    def balances_are_the_model_s(self) -> None:
        if not hasattr(self, "model"):
            return
        for account in self.accounts:
            self._check_balance(account, self.model, 31, {})
        day = 1 + len(self.sent) % 6
        self._check_balance(self.accounts[0], self.model, day, {"as_of": _date(day)})
        listed = self.person.get("/transactions", state="any", limit=500)["items"]
        assert {item["id"]: item["state"] for item in listed} == {
            name: entry.state for name, entry in self.model.entries.items()
        }

    def _check_balance(self, account: str, model: Model, until: int, query: dict[str, Any]) -> None:
        answer = self.person.get(f"/accounts/{account}/balance", **query)
        found = [answer[part]["amount"] for part in ("posted", "pending", "available")]
        assert found == [_written(cents) for cents in model.balance(account, until)], (account, query, answer)

    def _legs(self, cents: list[int], accounts: tuple[int, ...], uneven: bool) -> tuple[Leg, ...]:
        names = [self.accounts[number] for number in accounts]
        paid = sum(cents) + (1 if uneven else 0)
        return (*((name, amount) for name, amount in zip(names[1:], cents, strict=False)), (names[0], -paid))

    def _some_entry(self, which: int) -> tuple[str, Entry]:
        # The latest ones are the most interesting.
        names = list(self.model.entries)
        name = names[-1 - which % min(len(names), 8)]
        return name, self.model.entries[name]

    def _expect(self, decide: Any) -> str | None:
        """The code of the refusal that the model gives; None if it agrees."""
        try:
            decide()
        except Refused as refusal:
            return str(refusal)
        return None

    def _send(self, method: str, path: str, body: Any) -> Response:
        key = uuid4().hex
        answer = self._request(method, path, body, key)
        # What was refused left nothing behind, so that a repetition is decided anew.
        if answer.status_code < 400 and '"problem"' not in answer.text:
            self.sent.append((key, f"{method} {path}", body, answer))
        return answer

    def _request(self, method: str, path: str, body: Any, key: str) -> Response:
        return self.person.client.request(method, path, json=body, headers={"idempotency-key": key})

    def _agrees(self, answer: Response, expected: str | None, status: int) -> bool:
        """Whether the service and the model both carried it out; both must agree."""
        found = answer.json()
        code = found.get("code") if answer.status_code >= 400 else None
        assert code in _codes(expected), f"expected {expected}, got {answer.status_code} {answer.text}"
        assert answer.status_code == status or code is not None, answer.text
        return code is None

    def _done(self, answer: Response, changes: dict[Key, Change]) -> None:
        self._carried_out(answer.json()["command_id"], changes)
        self._remember(int(answer.headers["numina-position"]))

    def _carried_out(self, command: str, changes: dict[Key, Change]) -> None:
        self.model.change(command, changes)

    def _remember(self, position: int) -> None:
        self.history.append((position, deepcopy(self.model)))


@pytest.mark.story
def test_the_service_does_what_the_model_says(service: Serving, request: pytest.FixtureRequest) -> None:
    more = request.config.getoption("--fuzz-examples")
    Household.service = service
    run_state_machine_as_test(
        Household,
        settings=settings(
            max_examples=more or EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=not more,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    verified = service.cli("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def _body(entry: Entry, state: bool = True) -> dict[str, Any]:
    legs = [{"account_id": name, "amount": _written(cents), "currency": "USD"} for name, cents in entry.legs]
    body = {"date": _date(entry.day), "payee": entry.payee, "postings": legs}
    return body | {"state": entry.state} if state else body


def _codes(expected: str | None) -> list[str | None]:
    """What may be said: where several rules are broken, any of them is named."""
    return [None] if expected is None else [*expected.split("|")]


def _date(day: int) -> str:
    return f"2026-03-{day:02d}"


def _written(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"

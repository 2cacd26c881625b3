"""A member of a shared book tries every operation there is, and nothing tells of what is private to another."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest
from starlette.testclient import TestClient

from ledger.accounts.account import private_side
from tests.support.service import Person, refused, register
from tests.support.shared_book import join

WORDS = (
    "Zanzibar", "Xylobank", "QX99881", "hushnotes", "Jewellerquartz", "Surprisenote", "velvettag", "secretmemo",
    "Holdpayee", "Guiltyword", "legmemo", "Oncesharedname", "Renamedtwice", "assertednote", "voidreason",
)  # fmt: skip
AMOUNTS = ("8713131.17", "4242.42", "31337.31", "616.16", "77.07", "9119.91")


class Secrets:
    """What Ada keeps from Bob in her book, with all ids and words that must not reach him."""

    def __init__(self, ada: Person, bob: Person) -> None:
        self.ada, self.bob = ada, bob
        self.joint = ada.account("Joint", opening_balance="5000.00")
        self.food = ada.account("Food", "expense")
        self.commands: list[str] = []
        opened = self.did(
            ada.post(
                "/accounts",
                {
                    "name": "Zanzibar", "kind": "asset", "currency": "USD", "private": True, "notes": "hushnotes",
                    "institution": "Xylobank", "number": "QX99881", "opening_balance": "8713131.17",
                },
            )
        )  # fmt: skip
        self.account = opened["id"]
        self.child = ada.account("Child", parent_id=self.account)
        self.spent = self.post("4242.42", self.food, self.account, payee="Jewellerquartz", notes="Surprisenote",
                               tags=["velvettag"], memo="secretmemo")  # fmt: skip
        self.held = self.post("31337.31", self.food, self.account, payee="Holdpayee", state="pending")
        self.voided = self.post("77.07", self.food, self.account)
        self.did(ada.post(f"/transactions/{self.voided}/void", {"reason": "voidreason"}))
        self.mixed = self.post(
            "200.20", self.account, self.joint, keep=False, payee="Transfer", memo="legmemo"
        )
        self.did(ada.post(f"/transactions/{self.mixed}/clear", {"account_id": self.account}))
        self.moved = self.post("11.11", self.food, self.joint, keep=False, payee="Innocent")
        self.did(
            ada.put(f"/transactions/{self.moved}", self.body("616.16", self.food, self.account, "Guiltyword"))
        )
        # That it is gone, and by which command, is told to whoever saw it.
        self.commands.pop()
        asserted = {
            "account_id": self.account,
            "date": "2025-12-31",
            "amount": "8713131.17",
            "notes": "assertednote",
        }
        self.assertion = self.did(ada.post("/assertions", asserted))["id"]
        self.did(ada.post(f"/transactions/{self.spent}/clear", {"account_id": self.account}))
        statement = {"account_id": self.account, "date": "2026-03-31", "closing_balance": "-4242.42",
                     "transaction_ids": [self.spent]}  # fmt: skip
        self.reconciliation = self.did(ada.post("/reconciliations", statement))["id"]
        renamed = self.did(ada.patch(f"/accounts/{self.account}", {"name": "Renamedtwice"}))
        self.did(ada.post(f"/commands/{renamed['command_id']}/undo"))
        self.once = ada.account("Oncesharedname")
        self.early = self.post("9119.91", self.food, self.once)
        self.did(ada.patch(f"/accounts/{self.once}", {"private": True}))
        self.shared = self.post("20.00", self.food, self.joint, keep=False)
        self.ids = [self.account, self.once, self.spent, self.held, self.voided, self.early, self.assertion]
        self.ids += [self.reconciliation, *self.commands]
        self.side = str(private_side(UUID(ada.book_id)))

    def did(self, answer: Any) -> dict[str, Any]:
        """What was answered to Ada; the command is one that Bob may not know of."""
        assert answer.status_code in (200, 201), answer.text
        said: dict[str, Any] = answer.json()
        self.commands.append(said["command_id"])
        return said

    def body(self, amount: str, to: str, by: str, payee: str, memo: str | None = None) -> dict[str, Any]:
        return {
            "date": "2026-03-05",
            "payee": payee,
            "postings": [
                {"account_id": to, "amount": amount, "currency": "USD", "memo": memo},
                {"account_id": by, "amount": f"-{amount}", "currency": "USD"},
            ],
        }

    def post(self, amount: str, to: str, by: str, *, keep: bool = True, payee: str = "", **more: Any) -> str:
        memo = more.pop("memo", None)
        answer = self.ada.post("/transactions", {**self.body(amount, to, by, payee, memo), **more})
        assert answer.status_code == 201, answer.text
        if keep:
            self.commands.append(answer.json()["command_id"])
        return str(answer.json()["id"])

    def told(self, answer: Any, asked: str = "") -> list[str]:
        """What must not be in an answer and is; what was asked is not told by repeating it."""
        whole = answer.text + str(answer.headers)
        return [each for each in (*self.ids, *WORDS, *AMOUNTS) if each in whole and each not in asked]


@pytest.fixture
def secrets(client: TestClient, api_database: str) -> Secrets:
    ada = register(client, name="Ada")
    [bob] = join(api_database, client, ada, bob="editor")
    return Secrets(ada, bob)


def _operations(client: TestClient, *methods: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            if method in methods:
                yield method.upper(), path, operation


def _queries(secrets: Secrets, position: int) -> list[dict[str, Any]]:
    span = {"from": "2025-01-01", "to": "2026-12-31"}
    every = [{}, {"limit": 1}, {"limit": 500}, {"known_at": position}, {"known_at": position // 2}, span]
    every += [{"state": state} for state in ("any", "pending", "voided")]
    every += [{"q": word} for word in WORDS] + [{"payee": "Jewellerquartz"}, {"tag": "velvettag"}]
    every += [
        {"account_id": secrets.account},
        {"category_id": secrets.account},
        {"category_id": secrets.food},
    ]
    every += [{"account_id": secrets.side}, {"min_amount": "4000"}, {"archived": "all"}, {"month": "2026-03"}]
    every += [{"entity_id": i} for i in (secrets.account, secrets.spent, secrets.mixed, secrets.ada.book_id)]
    every += [{"command_id": i} for i in secrets.commands] + [{"actor_id": secrets.ada.user_id}]
    every += [{"topic": "account.opened"}, {"command": "account.amend"}, {"after": 0, "limit": 1000}]
    every += [
        {**span, "interval": "day"},
        {**span, "by": "month", "known_at": position},
        {"as_of": "2026-12-31"},
    ]
    return every


def test_no_read_tells_of_anything_private(client: TestClient, secrets: Secrets) -> None:
    bob = secrets.bob
    position = int(bob.get("/accounts").headers["numina-position"])
    facts = secrets.ada.get("/changes", params={"limit": 1000}).json()["items"]
    names = {
        "account_id": [secrets.account, secrets.once, secrets.joint, secrets.food, secrets.child, secrets.side],
        "category_id": [secrets.account, secrets.food],
        "transaction_id": [
            secrets.spent, secrets.held, secrets.voided, secrets.early, secrets.mixed, secrets.moved, secrets.shared
        ],
        "assertion_id": [secrets.assertion],
        "reconciliation_id": [secrets.reconciliation],
        "command_id": [*secrets.commands, *(fact["command_id"] for fact in facts)],
        "position": [str(fact["position"]) for fact in facts],
        "book_id": [secrets.ada.book_id],
    }  # fmt: skip
    asked = 0
    for _, path, _ in _operations(client, "get"):
        if not path.startswith("/v1/") or path == "/v1/stream":
            continue
        wanted = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        queries = [{}] if wanted and "account_id" not in wanted else _queries(secrets, position)
        for values in product(*(names.get(name, [str(uuid4())]) for name in wanted)):
            address = path.removeprefix("/v1").format(**dict(zip(wanted, values, strict=True)))
            for query in queries:
                answer = bob.get(address, params=query)
                assert answer.status_code < 500, (address, query, answer.text)
                assert not secrets.told(answer, f"{address} {query}"), (address, query, answer.text)
                asked += 1
    assert asked > 500
    for word in WORDS:
        assert bob.get("/transactions", params={"q": word, "state": "any"}).json()["items"] == []


def test_what_is_private_is_not_found_by_its_id(secrets: Secrets) -> None:
    bob = secrets.bob
    for account_id in (secrets.account, secrets.once):
        for part in ("", "/balance", "/statement?from=2026-01-01&to=2026-12-31"):
            refused(bob.get(f"/accounts/{account_id}{part}"), 404, "unknown_account")
    for transaction_id in (secrets.spent, secrets.held, secrets.voided, secrets.early, secrets.moved):
        for part in ("", "/history"):
            refused(bob.get(f"/transactions/{transaction_id}{part}"), 404, "unknown_transaction")
    refused(bob.get(f"/assertions/{secrets.assertion}"), 404, "unknown_assertion")
    refused(bob.get(f"/reconciliations/{secrets.reconciliation}"), 404, "unknown_reconciliation")
    for command_id in secrets.commands:
        refused(bob.get(f"/commands/{command_id}"), 404, "unknown_command")
    assert bob.get("/accounts/" + secrets.child).json()["parent_id"] is None


def test_no_write_reaches_what_is_private(client: TestClient, secrets: Secrets) -> None:
    bob, ada = secrets.bob, secrets.ada
    before = [ada.get(f"/accounts/{i}").json() for i in (secrets.account, secrets.once)]
    figures = [
        ada.get(f"/accounts/{i}/balance").json() for i in (secrets.account, secrets.once, secrets.joint)
    ]
    names = {
        "account_id": [secrets.account, secrets.once],
        "category_id": [secrets.account],
        "transaction_id": [secrets.spent, secrets.held, secrets.voided, secrets.moved],
        "assertion_id": [secrets.assertion],
        "reconciliation_id": [secrets.reconciliation],
        "command_id": secrets.commands,
    }
    tried = 0
    for method, path, operation in _operations(client, "post", "put", "patch", "delete"):
        wanted = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        if len(wanted) != 1 or wanted[0] not in names:
            continue
        for value in names[wanted[0]]:
            address = path.removeprefix("/v1").format(**{wanted[0]: value})
            for body in _bodies(operation):
                answer = bob.request(method, address, json=body)
                assert answer.status_code == 404, (method, address, answer.text)
                assert not secrets.told(answer, address), (method, address, answer.text)
                tried += 1
    assert tried > 20
    assert before == [ada.get(f"/accounts/{i}").json() for i in (secrets.account, secrets.once)]
    assert figures == [
        ada.get(f"/accounts/{i}/balance").json() for i in (secrets.account, secrets.once, secrets.joint)
    ]


def _bodies(operation: dict[str, Any]) -> Iterator[Any]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    yield from (example["value"] for example in content.get("examples", {}).values())
    if "example" in content or not content:
        yield content.get("example")


def test_no_body_names_what_is_private(secrets: Secrets) -> None:
    bob, hidden = secrets.bob, secrets.account
    paid = secrets.body("5.00", secrets.food, hidden, "x")
    bodies: list[tuple[str, str, Any, str]] = [
        ("POST", "/transactions", paid, "unknown_account"),
        ("POST", "/transactions", secrets.body("5.00", hidden, secrets.joint, "x"), "unknown_account"),
        ("POST", "/transactions", secrets.body("5.00", secrets.side, secrets.joint, "x"), "unknown_account"),
        ("POST", "/transactions?dry_run=true", paid, "unknown_account"),
        ("PUT", f"/transactions/{secrets.shared}", paid, "unknown_account"),
        ("POST", f"/transactions/{secrets.mixed}/clear", {"account_id": hidden}, "not_on_account"),
        ("POST", "/accounts", {"name": "Below", "kind": "asset", "currency": "USD", "parent_id": hidden},
         "unknown_account"),
        ("PATCH", f"/accounts/{secrets.joint}", {"parent_id": hidden}, "unknown_account"),
        ("POST", "/assertions", {"account_id": hidden, "date": "2026-01-01", "amount": "1.00"}, "unknown_account"),
        ("POST", "/reconciliations", {"account_id": hidden, "date": "2026-03-31", "closing_balance": "1.00"},
         "unknown_account"),
        ("POST", "/reconciliations", {"account_id": secrets.joint, "date": "2026-03-31", "closing_balance": "1.00",
                                      "transaction_ids": [secrets.spent]}, "unknown_transaction"),
    ]  # fmt: skip
    for method, path, body, code in bodies:
        answer = bob.request(method, path, json=body)
        assert answer.json()["code"] == code, (path, answer.text)
        assert not secrets.told(answer, str(body)), (path, answer.text)
    [result] = bob.post("/transactions/bulk", {"items": [paid]}).json()["results"]
    assert (result["status"], result["problem"]["code"]) == (404, "unknown_account")
    answer = bob.post("/transactions/bulk", {"items": [paid], "atomic": True})
    assert answer.json()["problem"]["code"] == "unknown_account"


def test_the_names_of_private_accounts_are_free_for_others(secrets: Secrets) -> None:
    made = secrets.bob.post("/accounts", {"name": "Zanzibar", "kind": "asset", "currency": "USD"})
    assert made.status_code == 201, made.text
    again = secrets.ada.post(
        "/accounts", {"name": "zanzibar", "kind": "asset", "currency": "USD", "private": True}
    )
    refused(again, 409, "name_taken")


def test_the_money_of_a_private_leg_is_moved_by_its_owner_alone(secrets: Secrets) -> None:
    bob, address = secrets.bob, f"/transactions/{secrets.mixed}"
    read = bob.get(address).json()
    legs = [{key: p[key] for key in ("account_id", "amount", "currency")} for p in read["postings"]]
    refused(bob.post(f"{address}/void", {}), 409, "private_leg")
    refused(bob.delete(address), 409, "private_leg")
    more = [{**leg, "amount": leg["amount"].replace("200.20", "300.20")} for leg in legs]
    refused(bob.put(address, {"date": read["date"], "postings": more}), 409, "private_leg")
    refused(bob.put(address, secrets.body("1.00", secrets.food, secrets.joint, "x")), 409, "private_leg")
    undo = secrets.ada.get(f"{address}/history").json()["items"][0]["command_id"]
    refused(bob.post(f"/commands/{undo}/undo"), 409, "private_leg")
    changed = bob.put(address, {"date": read["date"], "payee": "To Ada", "postings": legs})
    assert changed.status_code == 200, changed.text
    assert not secrets.told(changed)
    assert {b["account_id"] for b in changed.json()["balances"]} == {secrets.joint}
    mine = secrets.ada.get(address).json()
    assert mine["payee"] == "To Ada"
    assert [(p["account_id"], p.get("memo")) for p in mine["postings"]] == [
        (secrets.account, "legmemo"),
        (secrets.joint, None),
    ]


def test_pages_are_full_whatever_is_left_out(secrets: Secrets) -> None:
    for path, whole in (("/transactions?state=any", 500), ("/audit/logs", 500)):
        items = secrets.bob.get(path, params={"limit": whole}).json()["items"]
        one_by_one, query = [], {"limit": "1"}
        while True:
            page = secrets.bob.get(path, params=query).json()
            assert len(page["items"]) == 1
            one_by_one += page["items"]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert one_by_one == items
    after, found = 0, []
    while True:
        page = secrets.bob.get("/changes", params={"after": after, "limit": 1}).json()
        found += page["items"]
        after = page["next"]
        if not page["more"]:
            break
        assert len(page["items"]) == 1
    assert found == secrets.bob.get("/changes", params={"limit": 1000}).json()["items"]


def test_the_stream_tells_nothing(secrets: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = iter([True, False])

    async def once(*_: Any) -> bool:
        return next(turns)

    monkeypatch.setattr("api.routes.changes._may_go_on", once)
    answer = secrets.bob.get("/stream", params={"after": 0})
    assert "transaction.posted" in answer.text
    assert not secrets.told(answer)


def test_what_was_answered_once_is_not_repeated_when_it_became_private(
    client: TestClient, api_database: str
) -> None:
    ada = register(client, name="Ada")
    [bob] = join(api_database, client, ada, bob="editor")
    purse, food = ada.account("Purse"), ada.account("Food", "expense")
    legs = [
        {"account_id": food, "amount": "3.00", "currency": "USD"},
        {"account_id": purse, "amount": "-3.00", "currency": "USD"},
    ]
    sent = [
        ("POST", "/transactions", {"date": "2026-03-01", "postings": legs}, "unknown_transaction"),
        ("PATCH", f"/accounts/{purse}", {"name": "Wallet"}, "unknown_account"),
        (
            "POST",
            "/assertions",
            {"account_id": purse, "date": "2026-03-01", "amount": "-3.00"},
            "unknown_account",
        ),
    ]
    for number, (method, path, body, _) in enumerate(sent):
        answer = bob.request(method, path, json=body, headers={"idempotency-key": f"k{number}"})
        assert answer.status_code in (200, 201), answer.text
    bulk = {"items": [{"date": "2026-03-02", "postings": legs}]}
    assert bob.post("/transactions/bulk", bulk, headers={"idempotency-key": "kb"}).json()["results"][0]["id"]
    assert ada.patch(f"/accounts/{purse}", {"private": True}).status_code == 200
    for number, (method, path, body, code) in enumerate(sent):
        answer = bob.request(method, path, json=body, headers={"idempotency-key": f"k{number}"})
        refused(answer, 404, code)
    [result] = bob.post("/transactions/bulk", bulk, headers={"idempotency-key": "kb"}).json()["results"]
    assert (result["status"], result["problem"]["code"]) == (404, "unknown_transaction")
    assert ada.patch(f"/accounts/{purse}", {"private": False}).status_code == 200
    assert bob.get(f"/accounts/{purse}").json()["name"] == "Wallet"

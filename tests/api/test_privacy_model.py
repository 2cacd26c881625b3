"""Random lives of a shared book: what each member is told agrees with a naive reading of the facts they may know."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from gateways.vault import Vault
from ledger.log import LogReader
from ledger.record import Recorded
from projections.verify import verify
from tests.support.seen import OWN, Key, Seen
from tests.support.service import MASTER_KEY, Person, register
from tests.support.shared_book import join

FIRST, LAST = dt.date(2026, 1, 10), dt.date(2026, 4, 20)


class Life:
    """Three people who do things at random in one book. What is refused is refused; nothing may fail."""

    def __init__(self, client: TestClient, url: str, seed: int) -> None:
        self.chance = random.Random(seed)
        ada = register(client, name="Ada")
        self.people = [ada, *join(url, client, ada, bob="editor", eve="editor")]
        self.book_id = UUID(ada.book_id)
        self.opened: list[tuple[str, str]] = []
        self.made: list[str] = []
        self.commands: list[str] = []
        for person in self.people:
            self.open(person, "asset", private=True)
        self.open(ada, "asset")
        self.open(ada, "liability")
        self.open(ada, "expense")
        self.open(ada, "income")

    def live(self, steps: int) -> None:
        deeds = (
            [self.post] * 8 + [self.amend] * 3 + [self.void, self.settle, self.toggle, self.toggle, self.undo]
        )
        for _ in range(steps):
            self.chance.choice(deeds)(self.chance.choice(self.people))

    def open(self, person: Person, kind: str, **more: Any) -> None:
        name = f"{kind} {len(self.opened)}"
        made = person.post("/accounts", {"name": name, "kind": kind, "currency": "USD", **more})
        assert made.status_code == 201, made.text
        self.opened.append((made.json()["id"], kind))

    def post(self, person: Person) -> None:
        state = "pending" if self.chance.random() < 0.2 else "posted"
        answer = self._sent(person.post("/transactions", {**self._said(), "state": state}))
        if answer is not None:
            self.made.append(answer["id"])

    def amend(self, person: Person) -> None:
        if not self.made:
            return
        transaction_id = self.chance.choice(self.made)
        if self.chance.random() < 0.5:
            self._sent(person.put(f"/transactions/{transaction_id}", self._said()))
            return
        # As it was read, with another payee: legs on the private side are given back as they were shown.
        read = person.get(f"/transactions/{transaction_id}")
        if read.status_code == 200 and read.json()["state"] != "voided":
            legs = [
                {key: p[key] for key in ("account_id", "amount", "currency", "memo") if key in p}
                for p in read.json()["postings"]
            ]
            body = {"date": read.json()["date"], "payee": f"again {self.chance.random()}", "postings": legs}
            changed = person.put(f"/transactions/{transaction_id}", body)
            assert changed.status_code == 200, changed.text

    def void(self, person: Person) -> None:
        if self.made:
            self._sent(person.post(f"/transactions/{self.chance.choice(self.made)}/void", {}))

    def settle(self, person: Person) -> None:
        for transaction_id in self.made[-5:]:
            self._sent(person.post(f"/transactions/{transaction_id}/post", {}))

    def toggle(self, person: Person) -> None:
        account_id, _ = self.chance.choice(self.opened)
        self._sent(person.patch(f"/accounts/{account_id}", {"private": self.chance.random() < 0.5}))

    def undo(self, person: Person) -> None:
        if self.commands:
            self._sent(person.post(f"/commands/{self.chance.choice(self.commands[-8:])}/undo"))

    def _said(self) -> dict[str, Any]:
        count = self.chance.choice((2, 2, 2, 3))
        places = self.chance.sample([account_id for account_id, _ in self.opened], count)
        amounts = [Decimal(self.chance.randrange(100, 9_999)) / 100 for _ in places[1:]]
        amounts.append(-sum(amounts, Decimal(0)))
        legs = [
            {
                "account_id": a,
                "amount": f"{n:.2f}",
                "currency": "USD",
                "memo": f"memo{self.chance.randrange(3)}",
            }
            for a, n in zip(places, amounts, strict=True)
        ]
        date = FIRST + dt.timedelta(days=self.chance.randrange(-20, 120))
        return {"date": date.isoformat(), "payee": f"payee{self.chance.randrange(5)}", "postings": legs}

    def _sent(self, answer: Any) -> dict[str, Any] | None:
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 300:
            return None
        said: dict[str, Any] = answer.json()
        self.commands.append(said["command_id"])
        return said


@settings(
    max_examples=5,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_each_member_is_told_what_they_may_know(client: TestClient, api_database: str, seed: int) -> None:
    life = Life(client, api_database, seed)
    for _ in range(2):
        life.live(25)
        facts = _facts(api_database)
        mine = [f.position for f in facts if f.book_id == life.book_id]
        for person in life.people:
            for known_at in (None, life.chance.choice(mine)):
                seen = Seen(facts, life.book_id, UUID(person.user_id), known_at)
                _compare(person, seen, known_at, life)
    with closing(Vault(api_database, MASTER_KEY)) as vault:
        assert not verify(api_database, vault).mismatches


def _facts(url: str) -> list[Recorded]:
    vault = Vault(url, MASTER_KEY)
    reader = LogReader(url, vault)
    try:
        return reader.window(0, 2**62)
    finally:
        reader.close()
        vault.close()


def _compare(person: Person, seen: Seen, known_at: int | None, life: Life) -> None:
    _accounts(person, seen, known_at)
    _listed(person, seen, known_at, life)
    _reports(person, seen, known_at)


def _asked(known_at: int | None, **more: Any) -> dict[str, Any]:
    return {**more, **({} if known_at is None else {"known_at": str(known_at)})}


def _accounts(person: Person, seen: Seen, known_at: int | None) -> None:
    listed = {item["id"] for item in person.get("/accounts").json()["items"]}
    assert listed == {str(a) for a, each in seen.accounts.items() if seen.visible(a) and not each.withdrawn}
    for account_id in seen.accounts:
        for as_of in (None, FIRST, LAST):
            asked = _asked(known_at, **({} if as_of is None else {"as_of": as_of.isoformat()}))
            answer = person.get(f"/accounts/{account_id}/balance", params=asked)
            if not seen.visible(account_id) or seen.accounts[account_id].withdrawn:
                assert answer.status_code == 404
                continue
            found = {
                each["currency"]: tuple(
                    Decimal(each[n]["amount"]) for n in ("posted", "pending", "available")
                )
                for each in answer.json()["balances"]
            }
            told = {currency: sums for currency, sums in found.items() if any(sums)}
            assert told == seen.balance(account_id, as_of or dt.date.max), (account_id, as_of)


def _listed(person: Person, seen: Seen, known_at: int | None, life: Life) -> None:
    states = ("posted", "pending") if known_at is not None else ("posted", "pending", "voided")
    expected = {
        str(t.transaction_id): t
        for t in seen.transactions(*states)
        if seen.shows(seen.today[t.transaction_id])
    }
    for asked in (
        {},
        {"q": "memo1"},
        {"q": "payee2"},
        {"account_id": life.opened[3][0]},
        {"min_amount": "60"},
    ):
        query = _asked(known_at, state="any", limit=500, **asked)
        items = person.get("/transactions", params=query).json()["items"]
        wanted = {i for i, t in expected.items() if _meets(seen, t, asked)}
        assert {item["id"] for item in items} == wanted, asked
        for item in items:
            legs = [(p["account_id"], Decimal(p["amount"])) for p in item["postings"]]
            shown = [
                (str(seen.side if p.account_id in seen.hidden else p.account_id), p.amount)
                for p in expected[item["id"]].terms.postings
            ]
            assert legs == shown
            if known_at is None:
                _one(person, item)
    for transaction_id, transaction in seen.today.items():
        if not seen.shows(transaction):
            assert person.get(f"/transactions/{transaction_id}").status_code == 404


def _one(person: Person, item: dict[str, Any]) -> None:
    read = person.get(f"/transactions/{item['id']}").json()
    assert {key: item[key] for key in read} == read


def _meets(seen: Seen, transaction: Any, asked: dict[str, str]) -> bool:
    terms = transaction.terms
    if "account_id" in asked:
        place = UUID(asked["account_id"])
        return place not in seen.hidden and any(p.account_id == place for p in terms.postings)
    if "min_amount" in asked:
        return any(abs(p.amount) >= Decimal(asked["min_amount"]) for p in terms.postings)
    today = seen.today[transaction.transaction_id]
    text = today.text
    said = [text.get("payee", "")]
    if not any(p.account_id in seen.hidden for p in today.terms.postings):
        said += [words for key, words in text.items() if key.startswith("memo.")]
    return any(word.startswith(asked.get("q", "")) for words in said for word in words.split() or [""])


def _reports(person: Person, seen: Seen, known_at: int | None) -> None:
    spans = ((FIRST, LAST), (dt.date(2026, 2, 1), dt.date(2026, 3, 31)))
    for first, last in spans:
        asked = _asked(known_at, **{"from": first.isoformat(), "to": last.isoformat()})
        sums = seen.sums(first, last)
        statement = person.get("/reports/income-statement", params=asked).json()
        told: dict[Key, Decimal] = {}
        for side, sign in (("income", -1), ("expense", 1)):
            for each in statement["currencies"]:
                for line in _lines(each[side]["lines"]):
                    told[UUID(line["account_id"]), each["currency"]] = sign * Decimal(line["total"]["amount"])
        kinds = {a: each.kind for a, each in seen.accounts.items()}
        moved = {
            (leg.account_id, leg.currency)
            for leg in seen.legs("posted")
            if first <= leg.date <= last and kinds.get(leg.account_id) in ("income", "expense")
        }
        assert told == {key: sums[key] for key in moved}
        _cash_flow(person, seen, asked, first, last)
    _sheet(person, seen, known_at)
    month = person.get("/reports/monthly", params=_asked(known_at, month="2026-03")).json()
    within = [t for t in seen.transactions("posted") if t.terms.date.isoformat()[:7] == "2026-03"]
    assert month["count"] == len(within)


def _cash_flow(person: Person, seen: Seen, asked: dict[str, Any], first: dt.date, last: dt.date) -> None:
    flow = person.get("/reports/cash-flow", params=asked).json()
    cash = {a for a, each in seen.accounts.items() if each.kind == "asset" and seen.visible(a)}
    assert {UUID(a) for a in flow["accounts"]} == cash
    end = sum((n for (a, _), n in seen.sums(last=last).items() if a in cash), Decimal(0))
    for each in flow["currencies"]:
        assert Decimal(each["closing"][-1]) == end
        net = sum((Decimal(c["total"]["amount"]) for c in each["counterparts"]), Decimal(0))
        assert net == sum(map(Decimal, each["net"]))
        assert {c["account_id"] for c in each["counterparts"]}.isdisjoint(map(str, seen.hidden))


def _sheet(person: Person, seen: Seen, known_at: int | None) -> None:
    asked = _asked(known_at, as_of=LAST.isoformat())
    told: dict[UUID, Decimal] = {}
    for each in person.get("/reports/balance-sheet", params=asked).json()["currencies"]:
        assert Decimal(each["difference"]["amount"]) == 0
        for side, sign in (("assets", 1), ("liabilities", -1), ("equity", -1)):
            for line in _lines(each[side]["lines"]):
                told[UUID(line["account_id"])] = sign * Decimal(line["own"][0])
    sums = seen.sums(last=LAST)
    kinds = {a: each.kind for a, each in seen.accounts.items()} | {seen.side: "equity"}
    assert told == {a: n for (a, _), n in sums.items() if n and kinds[a] in (*OWN, "equity")}
    asked = _asked(known_at, **{"from": FIRST.isoformat(), "to": LAST.isoformat()})
    for each in person.get("/reports/net-worth", params=asked).json()["currencies"]:
        owned = sum((n for (a, _), n in sums.items() if kinds[a] in OWN), Decimal(0))
        assert Decimal(each["net"][-1]) == owned


def _lines(lines: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for line in lines:
        yield line
        yield from _lines(line["lines"])

"""Whether the record and the registers of a database agree: everything derived again from the facts alone."""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from ledger.accounts.account import Account
from ledger.command import Claim
from ledger.entities import evolve
from ledger.loading import claim_digest
from ledger.log import LogReader
from ledger.record import Recorded
from ledger.sealing import Keys
from ledger.transactions.effects import effects

ZERO = Decimal(0)


def record(url: str, keys: Keys) -> list[Recorded]:
    """All facts in order of position."""
    reader = LogReader(url, keys)
    try:
        return reader.window(0, 10_000_000)
    finally:
        reader.close()


def rows(url: str, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(sql, parameters).fetchall()


def balance(url: str, account_id: UUID, currency: str = "USD") -> tuple[Decimal, Decimal, Decimal]:
    """posted, pending and reserved as the register has them."""
    found = rows(
        url,
        "SELECT posted, pending, reserved FROM registers.balances WHERE account_id = %s AND currency = %s",
        account_id,
        currency,
    )
    return found[0] if found else (ZERO, ZERO, ZERO)


def assert_sound(url: str, keys: Keys) -> list[Recorded]:
    """Laws 1 and 3, and that every register is what the facts make it; the facts, for further questions."""
    facts = record(url, keys)
    assert_gap_free(facts)
    head = rows(url, "SELECT position FROM record.head")[0][0]
    assert head == len(facts)
    assert_zero_sums(facts)
    assert_balances(url, facts)
    assert_claims(url, facts, keys)
    return facts


def assert_gap_free(facts: list[Recorded]) -> None:
    """Positions count from 1, versions from 1 in each stream, and time never falls."""
    assert [f.position for f in facts] == list(range(1, len(facts) + 1))
    versions: dict[UUID, int] = defaultdict(int)
    before: datetime | None = None
    for fact in facts:
        versions[fact.stream_id] += 1
        assert fact.version == versions[fact.stream_id]
        assert before is None or before <= fact.recorded_at
        before = fact.recorded_at


def assert_zero_sums(facts: list[Recorded]) -> None:
    """Each fact alone leaves every currency of its book at zero, so every prefix does."""
    for recorded in facts:
        left: dict[str, Decimal] = defaultdict(Decimal)
        for effect in effects(recorded.fact):
            left[effect.currency] += effect.posted + effect.pending
        assert not any(left.values()), recorded


def assert_balances(url: str, facts: list[Recorded]) -> None:
    sums: dict[tuple[UUID, str], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO, ZERO])
    days: dict[tuple[Any, ...], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    kept: set[UUID] = set()
    for recorded in facts:
        if recorded.topic == "account.opened" and recorded.fact.kind in ("asset", "liability"):
            kept.add(recorded.stream_id)
        for effect in effects(recorded.fact):
            for index, change in enumerate(effect[3:]):
                sums[effect.account_id, effect.currency][index] += change
            if effect.account_id in kept:
                days[effect.account_id, effect.currency, effect.date][0] += effect.posted
                days[effect.account_id, effect.currency, effect.date][1] += effect.reserved
    stored = rows(url, "SELECT account_id, currency, posted, pending, reserved FROM registers.balances")
    assert {row[:2]: list(row[2:]) for row in stored} == dict(sums)
    stored = rows(url, "SELECT account_id, currency, date, posted, reserved FROM registers.days")
    assert {row[:3]: list(row[3:]) for row in stored} == dict(days)


def assert_claims(url: str, facts: list[Recorded], keys: Keys) -> None:
    entities: dict[UUID, Any] = {}
    for recorded in facts:
        known = entities.get(recorded.stream_id)
        entities[recorded.stream_id] = evolve(known, recorded.fact, recorded.stream_id, recorded.book_id)
    expected = {
        (claim[0], claim[1], claim_digest(Claim(*claim), keys)): stream_id
        for stream_id, entity in entities.items()
        if hasattr(entity, "claims")
        for claim in entity.claims()
    }
    stored = rows(url, "SELECT scope, kind, digest, holder FROM registers.claims")
    assert {(scope, kind, bytes(digest)): holder for scope, kind, digest, holder in stored} == expected


def accounts(facts: list[Recorded]) -> dict[UUID, Account]:
    """The accounts as the facts make them."""
    found: dict[UUID, Any] = {}
    for recorded in facts:
        if recorded.topic.startswith("account."):
            found[recorded.stream_id] = evolve(
                found.get(recorded.stream_id), recorded.fact, recorded.stream_id, recorded.book_id
            )
    return found

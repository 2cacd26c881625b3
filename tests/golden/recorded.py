"""The golden record as it lies on disk, and what was known of it at the end of each chapter."""

import json
from collections import defaultdict
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from ledger.leaf import Leaf, from_json, leaf
from ledger.log import decode_row
from ledger.money import EXACT
from ledger.record import Recorded
from ledger.transactions.effects import effects
from projections import merkle
from tests.support.keys import MemoryKeys

FOLDER = Path(__file__).parent
RECORD = FOLDER / "record.jsonl"
CHECKPOINTS = FOLDER / "checkpoints.jsonl"


class Checkpoint(msgspec.Struct):
    """What the first `size` facts come to: the Merkle root over them, the balances (posted, pending, reserved) by
    account and currency, and a digest of every personal word, unsealed."""

    chapter: str
    size: int
    root: str
    balances: dict[str, list[str]]
    words: str


def leaves() -> list[Leaf]:
    return [from_json(json.loads(line)) for line in RECORD.read_text(encoding="utf-8").splitlines()]


def checkpoints() -> list[Checkpoint]:
    lines = CHECKPOINTS.read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Checkpoint) for line in lines]


def facts(stored: list[Leaf]) -> list[Recorded]:
    keys = MemoryKeys()
    return [decode_row(row, keys) for row in map(in_columns, stored)]


def in_columns(fact: Leaf) -> Any:
    """The fact in the order of ledger.log.COLUMNS."""
    return tuple(fact)


def checkpoint(chapter: str, stored: list[Leaf]) -> Checkpoint:
    """What is known of these facts."""
    tiles: dict[merkle.Tile, bytes] = {}
    hashes = [merkle.leaf_hash(leaf(*fact)) for fact in stored]
    tiles.update(merkle.append(0, hashes, tiles))
    root = merkle.digest(range(len(stored)), tiles)
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    words = sha256()
    for recorded in facts(stored):
        for field, text in sorted(recorded.fact.text.items()):
            words.update(f"{recorded.position} {field} {text}\n".encode())
        for effect in effects(recorded.fact):
            key = f"{effect.account_id} {effect.currency}"
            sums[key] = [EXACT.add(a, b) for a, b in zip(sums[key], effect[3:], strict=True)]
    balances = {key: [format(value.normalize(EXACT), "f") for value in sums[key]] for key in sorted(sums)}
    return Checkpoint(chapter, len(stored), root.hex(), balances, words.hexdigest())

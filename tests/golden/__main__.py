"""Adds the chapters that the golden record lacks, at its end; what is in it stays as it is."""

import json

import msgspec

from ledger.leaf import Leaf, to_json
from ledger.record import Recorded, encode
from ledger.sealing import nonces, sealed, subject
from tests.golden.chapters import CHAPTERS
from tests.golden.recorded import CHECKPOINTS, RECORD, checkpoint, checkpoints, leaves
from tests.support.keys import MemoryKeys
from tests.support.scenario import NOON, Scenario


def add() -> None:
    """Tells the missing chapters, each in a book of its own."""
    stored = leaves() if RECORD.exists() else []
    told = {known.chapter for known in checkpoints()} if CHECKPOINTS.exists() else set()
    for name, tell in CHAPTERS:
        if name in told:
            continue
        # Time never falls in a record.
        book = Scenario(name=f"golden {name}", now=max([NOON, *(fact.recorded_at for fact in stored[-1:])]))
        tell(book)
        more = [_stored(recorded, len(stored)) for recorded in book.ledger.record]
        stored += more
        with RECORD.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(to_json(fact), ensure_ascii=False) + "\n" for fact in more)
        with CHECKPOINTS.open("ab") as known:
            known.write(msgspec.json.encode(checkpoint(name, stored)) + b"\n")


def _stored(recorded: Recorded, offset: int) -> Leaf:
    """The fact as the writer would have stored it after `offset` others."""
    fact = recorded.fact
    if fact.text:
        key = MemoryKeys().of(subject(fact, recorded.stream_id, recorded.book_id))
        assert key is not None
        text = sealed(fact, recorded.stream_id, recorded.version, key, nonces())
        fact = msgspec.structs.replace(fact, text=text)
    return Leaf(
        recorded.position + offset,
        recorded.stream_id,
        recorded.version,
        recorded.topic,
        recorded.book_id,
        recorded.recorded_at,
        recorded.actor_id,
        recorded.command_id,
        recorded.command,
        encode(fact),
    )


if __name__ == "__main__":
    add()

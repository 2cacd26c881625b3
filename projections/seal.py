"""The seal: the record's Merkle tree in tiles, and the proofs and checkpoints that auditors ask of it."""

from collections.abc import Collection, Generator, Mapping, Sequence
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg.rows import tuple_row

from ledger.leaf import Leaf, leaf, to_json
from projections import merkle, sql
from projections.checkpoint import Signer
from projections.merkle import Tile, Tiles
from projections.projection import Cursor, Window

SQL = sql.load(__file__)

T = TypeVar("T")
Rows = list[tuple[Any, ...]]
Statement = tuple[LiteralString, Mapping[str, Any]]
Question = Generator[Statement, Rows, T]
"""A question asks for statements to be run and is sent their rows, so that it is written once for `ask` and
`ask_async`."""

# Checkpoints are not stored. Ed25519 is deterministic, so the note for any past size can be made again from
# the tiles; and a note kept beside the record would prove nothing, since whoever can change the one can
# change the other. A checkpoint is evidence in the hands of whoever fetched it.


class NotSealed(LookupError):
    """The position or size asked for is beyond what has been sealed so far.

    `sealed` is the number of facts that are.
    """

    def __init__(self, wanted: int, sealed: int) -> None:
        super().__init__(f"{wanted} is beyond the {sealed} facts sealed so far")
        self.sealed = sealed


class Seal:
    """The projection that keeps `seal_tiles`. Leaf i is the fact at position i + 1."""

    name = "seal"
    version = 1
    tables: tuple[str, ...] = ("seal_tiles",)
    schema: LiteralString = SQL["schema"]
    indexes: LiteralString = ""
    pipelined = True
    worded = False
    erase: tuple[LiteralString, ...] = ()

    def apply(self, window: Window, cursor: Cursor) -> None:
        """Appends a window of consecutive facts; sealing the same facts again changes nothing.

        Raises ValueError if the window skips a position, and merkle.MissingTile if facts before it are not
        sealed.
        """
        sealed = window[0].position - 1
        if window.last - sealed != len(window):
            raise ValueError(f"the window after position {sealed} skips positions")
        hashes = [
            merkle.leaf_hash(
                leaf(
                    f.position,
                    f.stream_id,
                    f.version,
                    f.topic,
                    f.book_id,
                    f.recorded_at,
                    f.actor_id,
                    f.command_id,
                    f.command,
                    f.state,
                )
            )
            for f in window
        ]
        edge = merkle.edge(sealed)
        rows = cursor.execute(*_select(edge), binary=True).fetchall() if edge else []
        changed = merkle.append(sealed, hashes, _tiles(rows))
        cursor.execute(
            SQL["write"],
            {
                "levels": [tile.level for tile in changed],
                "numbers": [tile.number for tile in changed],
                "hashes": list(changed.values()),
            },
        )


def ask(connection: psycopg.Connection[Any], question: Question[T]) -> T:
    """The answer to a question. Raises what the question raises."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows: Rows | None = None
        while True:
            try:
                statement = next(question) if rows is None else question.send(rows)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]  # typeshed leaves a generator's value untyped
            rows = cursor.execute(*statement, binary=True).fetchall()


async def ask_async(connection: psycopg.AsyncConnection[Any], question: Question[T]) -> T:
    """As `ask`, on an asynchronous connection."""
    async with connection.cursor(row_factory=tuple_row) as cursor:
        rows: Rows | None = None
        while True:
            try:
                statement = next(question) if rows is None else question.send(rows)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]  # typeshed leaves a generator's value untyped
            await cursor.execute(*statement, binary=True)
            rows = await cursor.fetchall()


def sealed_size() -> Question[int]:
    """How many facts are in the tree."""
    [(size,)] = yield SQL["size"], {}
    return int(size)


def tiles(wanted: Collection[Tile]) -> Question[Tiles]:
    """Those of the wanted tiles that there are."""
    return _tiles((yield _select(wanted)) if wanted else [])


def root(size: int | None = None) -> Question[bytes]:
    """The root of the tree of the first `size` facts; by default of all that are sealed. Raises NotSealed."""
    return (yield from _digests([range((yield from _within(size)))]))[0]


def inclusion(position: int, size: int | None = None) -> Question[list[bytes]]:
    """The path from the fact at `position` to the root of the first `size` facts. Raises NotSealed."""
    size = yield from _within(size)
    if not 1 <= position <= size:
        raise NotSealed(position, size)
    return (yield from _digests(merkle.inclusion_ranges(position - 1, size)))


def consistency(old: int, new: int | None = None) -> Question[list[bytes]]:
    """The proof that the tree of `old` facts is the beginning of the tree of `new`. Raises NotSealed."""
    new = yield from _within(new)
    if not 0 <= old <= new:
        raise NotSealed(old, new)
    return (yield from _digests(merkle.consistency_ranges(old, new)))


def checkpoint(signer: Signer, size: int | None = None) -> Question[str]:
    """The signed note over the first `size` facts; by default over all that are sealed. Raises NotSealed."""
    size = yield from _within(size)
    return signer.sign(size, (yield from root(size)))


def statement(signer: Signer, size: int | None = None) -> Question[dict[str, object]]:
    """The checkpoint with what a reader wants to know at once: JSON-ready. `verifier_key` is what an auditor
    keeps and compares; `root` is in hex. Raises NotSealed."""
    size = yield from _within(size)
    sealed_root = yield from root(size)
    return {
        "numina": "checkpoint/1",
        "origin": signer.name,
        "size": size,
        "root": sealed_root.hex(),
        "checkpoint": signer.sign(size, sealed_root),
        "verifier_key": str(signer.verifier),
    }


def proof(signer: Signer, position: int, size: int | None = None) -> Question[dict[str, object]]:
    """All that it takes to check, with no database, that a fact is in the record: JSON-ready.

    `leaf` is the fact as it is stored, `path` the sibling hashes in hex from the leaf upwards, `checkpoint`
    the signed note that the path leads to. The caller decides who may see the fact, by `leaf.book_id`.
    Raises NotSealed.
    """
    size = yield from _within(size)
    path = yield from inclusion(position, size)
    [row] = yield SQL["fact"], {"position": position}
    fact = Leaf(*row)
    return {
        "numina": "inclusion/1",
        "position": position,
        "leaf": to_json(fact),
        "leaf_hash": merkle.leaf_hash(leaf(*fact)).hex(),
        "index": position - 1,
        "size": size,
        "path": [sibling.hex() for sibling in path],
        "checkpoint": (yield from checkpoint(signer, size)),
    }


def growth(signer: Signer, old: int, new: int | None = None) -> Question[dict[str, object]]:
    """All that it takes to check that nothing under a kept checkpoint of size `old` was changed since:
    JSON-ready, with the newer `checkpoint` and the `path` to it in hex. Raises NotSealed."""
    new = yield from _within(new)
    path = yield from consistency(old, new)
    return {
        "numina": "consistency/1",
        "old": old,
        "new": new,
        "path": [node.hex() for node in path],
        "checkpoint": (yield from checkpoint(signer, new)),
    }


def _within(size: int | None) -> Question[int]:
    sealed = yield from sealed_size()
    if size is None:
        return sealed
    if not 0 <= size <= sealed:
        raise NotSealed(size, sealed)
    return size


def _digests(ranges: Sequence[range]) -> Question[list[bytes]]:
    found = yield from tiles(merkle.needed(ranges))
    return [merkle.digest(leaves, found) for leaves in ranges]


def _select(tiles: Collection[Tile]) -> Statement:
    return SQL["tiles"], {
        "levels": [tile.level for tile in tiles],
        "numbers": [tile.number for tile in tiles],
    }


def _tiles(rows: Rows) -> Tiles:
    return {Tile(level, number): hashes for level, number, hashes in rows}

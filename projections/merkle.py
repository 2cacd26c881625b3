"""The RFC 9162 Merkle tree (section 2.1, SHA-256) over leaf hashes kept in tiles; pure, no I/O.

A tile holds up to 256 consecutive hashes of one level, 32 bytes each; the hashes of level n+1 are the roots
of the full tiles of level n (the layout of C2SP tlog-tiles). Only the last tile of a level is ever rewritten,
and only by appending, so every tree that once was can still be read from the tiles of a later one.

Trees and proofs speak of `range(lo, hi)`, the leaves from lo up to but not including hi, counted from 0.
A proof is asked in three steps: its ranges, the tiles that those lie in, the digest of each range.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

HEIGHT = 8
WIDTH = 1 << HEIGHT
HASH = 32

EMPTY_ROOT = sha256().digest()


class Tile(NamedTuple):
    """The address of a tile: its level (0 holds leaf hashes) and its place in that level, both from 0."""

    level: int
    number: int


Tiles = Mapping[Tile, bytes]


class MissingTile(LookupError):
    """The tiles at hand are fewer or shorter than the tree of that size has."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf: SHA-256(0x00 || data)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def edge(size: int) -> list[Tile]:
    """The unfilled last tile of each level of the tree of `size` leaves: all that appending needs."""
    tiles = []
    level = 0
    while count := size >> (HEIGHT * level):
        if count % WIDTH:
            tiles.append(Tile(level, count // WIDTH))
        level += 1
    return tiles


def append(size: int, hashes: Sequence[bytes], tiles: Tiles) -> dict[Tile, bytes]:
    """The tiles that change when leaf hashes are appended to the tree of `size` leaves.

    `tiles` must hold `edge(size)`. The answer holds the changed tiles in full. Raises MissingTile.
    """
    changed: dict[Tile, bytes] = {}
    level, added = 0, b"".join(hashes)
    while added:
        before = size >> (HEIGHT * level)
        number, used = divmod(before, WIDTH)
        row = _prefix(tiles, Tile(level, number), used) + added
        roots = []
        for start in range(0, len(row), WIDTH * HASH):
            content = row[start : start + WIDTH * HASH]
            changed[Tile(level, number)] = content
            number += 1
            if len(content) == WIDTH * HASH:
                roots.append(_fold(content))
        level, added = level + 1, b"".join(roots)
    return changed


def inclusion_ranges(index: int, size: int) -> list[range]:
    """The ranges whose digests prove that leaf `index` is in the tree of `size` leaves (RFC 9162, 2.1.3.1),
    nearest the leaf first. Raises ValueError unless 0 <= index < size."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    ranges = []
    lo, hi = 0, size
    while hi - lo > 1:
        middle = lo + _split(hi - lo)
        if index < middle:
            ranges.append(range(middle, hi))
            hi = middle
        else:
            ranges.append(range(lo, middle))
            lo = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[range]:
    """The ranges whose digests prove that the tree of `new` leaves began with the tree of `old` leaves
    (RFC 9162, 2.1.4.1). Raises ValueError unless 0 <= old <= new.

    The RFC leaves old = 0 undefined; here its proof is empty, as everything begins with nothing.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves did not grow from one of {old}")
    if old in (0, new):
        return []
    ranges = []
    lo, hi = 0, new
    while old != hi:
        middle = lo + _split(hi - lo)
        if old <= middle:
            ranges.append(range(middle, hi))
            hi = middle
        else:
            ranges.append(range(lo, middle))
            lo = middle
    if lo:
        ranges.append(range(lo, hi))
    return ranges[::-1]


def needed(ranges: Iterable[range]) -> set[Tile]:
    """The tiles that `digest` reads for these ranges: at most two a level for any one proof."""
    return {_place(height, index)[0] for leaves in ranges for height, index in _subtrees(leaves)}


def digest(leaves: range, tiles: Tiles) -> bytes:
    """The Merkle tree hash of a range that is a tree of its own or belongs to a proof. Raises MissingTile."""
    subtrees = _subtrees(leaves)
    if not subtrees:
        return EMPTY_ROOT
    result = _subtree_hash(*subtrees[-1], tiles)
    for height, index in reversed(subtrees[:-1]):
        result = node_hash(_subtree_hash(height, index, tiles), result)
    return result


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` proves that the leaf hash stands at `index` in the tree of `size` leaves with that root
    (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last = index, size - 1
    result = leaf
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            result = node_hash(sibling, result)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            result = node_hash(result, sibling)
        place >>= 1
        last >>= 1
    return last == 0 and result == root


def verify_consistency(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether `path` proves that the tree of `new` leaves began with the tree of `old` leaves (RFC 9162,
    2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    if not path:
        return False
    # A tree of 2^k leaves is itself a node of the new one, so the proof leaves its root out.
    first, *rest = [old_root, *path] if old & (old - 1) == 0 else path
    place, last = old - 1, new - 1
    while place & 1:
        place >>= 1
        last >>= 1
    older = newer = first
    for sibling in rest:
        if last == 0:
            return False
        if place & 1 or place == last:
            older = node_hash(sibling, older)
            newer = node_hash(sibling, newer)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            newer = node_hash(newer, sibling)
        place >>= 1
        last >>= 1
    return last == 0 and older == old_root and newer == new_root


def _split(count: int) -> int:
    """The largest power of two below count: where RFC 9162 cuts a tree of count > 1 leaves in two."""
    return 1 << (count - 1).bit_length() - 1


def _subtrees(leaves: range) -> list[tuple[int, int]]:
    """The full subtrees that make up a range, as (height, index among the subtrees of that height), largest
    first. Every range of a proof starts at a multiple of the power of two that covers it."""
    subtrees = []
    start = leaves.start
    while start < leaves.stop:
        height = (leaves.stop - start).bit_length() - 1
        subtrees.append((height, start >> height))
        start += 1 << height
    return subtrees


def _place(height: int, index: int) -> tuple[Tile, int, int]:
    """Where a full subtree's hashes lie: the tile, the first entry, how many entries."""
    level, inside = divmod(height, HEIGHT)
    tile, entry = divmod(index << inside, WIDTH)
    return Tile(level, tile), entry, 1 << inside


def _subtree_hash(height: int, index: int, tiles: Tiles) -> bytes:
    tile, entry, count = _place(height, index)
    return _fold(_prefix(tiles, tile, entry + count)[entry * HASH :])


def _prefix(tiles: Tiles, tile: Tile, entries: int) -> bytes:
    """The first hashes of a tile, which may have grown since."""
    content = tiles.get(tile, b"")
    if len(content) < entries * HASH:
        raise MissingTile(f"tile {tile.level}/{tile.number} holds {len(content) // HASH} of {entries} hashes")
    return content[: entries * HASH]


def _fold(hashes: bytes) -> bytes:
    """The root over 2^k hashes laid end to end."""
    while len(hashes) > HASH:
        hashes = b"".join(
            [sha256(b"\x01" + hashes[at : at + 2 * HASH]).digest() for at in range(0, len(hashes), 2 * HASH)]
        )
    return hashes

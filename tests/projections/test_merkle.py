"""The Merkle tree against RFC 9162: published vectors, and its recursive definitions taken literally."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections import merkle
from projections.merkle import Tile

# The vectors that Certificate Transparency's implementations share.
LEAVES = [
    bytes.fromhex(data)
    for data in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def root_by_definition(hashes):
    """RFC 9162, 2.1.1, word for word."""
    if not hashes:
        return sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    cut = cut_by_definition(len(hashes))
    return merkle.node_hash(root_by_definition(hashes[:cut]), root_by_definition(hashes[cut:]))


def cut_by_definition(count):
    cut = 1
    while cut * 2 < count:
        cut *= 2
    return cut


def inclusion_by_definition(index, hashes):
    """RFC 9162, 2.1.3.1."""
    if len(hashes) == 1:
        return []
    cut = cut_by_definition(len(hashes))
    if index < cut:
        return [*inclusion_by_definition(index, hashes[:cut]), root_by_definition(hashes[cut:])]
    return [*inclusion_by_definition(index - cut, hashes[cut:]), root_by_definition(hashes[:cut])]


def consistency_by_definition(old, hashes, whole=True):
    """RFC 9162, 2.1.4.1."""
    if old == len(hashes):
        return [] if whole else [root_by_definition(hashes)]
    cut = cut_by_definition(len(hashes))
    if old <= cut:
        return [*consistency_by_definition(old, hashes[:cut], whole), root_by_definition(hashes[cut:])]
    return [*consistency_by_definition(old - cut, hashes[cut:], False), root_by_definition(hashes[:cut])]


def hashes_of(count):
    return [merkle.leaf_hash(str(number).encode()) for number in range(count)]


def tree_of(hashes, windows=()):
    """The tiles of a tree, appended to in windows of the given sizes and then all at once."""
    tiles, size = {}, 0
    for window in (*windows, len(hashes)):
        added = hashes[size : size + window]
        tiles |= merkle.append(size, added, {tile: tiles[tile] for tile in merkle.edge(size)})
        size += len(added)
    return tiles


def proof(ranges, tiles):
    return [merkle.digest(leaves, tiles) for leaves in ranges]


def test_the_published_roots_are_computed():
    tiles = tree_of([merkle.leaf_hash(data) for data in LEAVES])
    assert [merkle.digest(range(size), tiles).hex() for size in range(9)] == ROOTS


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_the_published_inclusion_proofs_are_computed_and_verified(index, size):
    tiles = tree_of([merkle.leaf_hash(data) for data in LEAVES])
    path = proof(merkle.inclusion_ranges(index, size), tiles)
    assert [sibling.hex() for sibling in path] == INCLUSION[index, size]
    leaf = merkle.leaf_hash(LEAVES[index])
    assert merkle.verify_inclusion(leaf, index, size, path, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_the_published_consistency_proofs_are_computed_and_verified(old, new):
    tiles = tree_of([merkle.leaf_hash(data) for data in LEAVES])
    path = proof(merkle.consistency_ranges(old, new), tiles)
    assert [node.hex() for node in path] == CONSISTENCY[old, new]
    assert merkle.verify_consistency(old, new, path, bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[new]))


@given(st.integers(0, 1300), st.data())
@settings(max_examples=60, deadline=None)
def test_every_tree_that_once_was_is_read_from_the_tiles_of_the_last(total, data):
    hashes = hashes_of(total)
    tiles = tree_of(hashes)
    size = data.draw(st.integers(0, total))
    assert merkle.digest(range(size), tiles) == root_by_definition(hashes[:size])


@given(st.integers(1, 1300), st.data())
@settings(max_examples=60, deadline=None)
def test_inclusion_at_any_size_is_as_the_standard_defines_it(total, data):
    size = data.draw(st.integers(1, total))
    index = data.draw(st.integers(0, size - 1))
    hashes = hashes_of(total)
    path = proof(merkle.inclusion_ranges(index, size), tree_of(hashes))
    assert path == inclusion_by_definition(index, hashes[:size])
    assert merkle.verify_inclusion(hashes[index], index, size, path, root_by_definition(hashes[:size]))


@given(st.integers(1, 1300), st.data())
@settings(max_examples=60, deadline=None)
def test_consistency_of_any_two_sizes_is_as_the_standard_defines_it(total, data):
    new = data.draw(st.integers(1, total))
    old = data.draw(st.integers(1, new))
    hashes = hashes_of(total)
    path = proof(merkle.consistency_ranges(old, new), tree_of(hashes))
    assert path == consistency_by_definition(old, hashes[:new])
    roots = root_by_definition(hashes[:old]), root_by_definition(hashes[:new])
    assert merkle.verify_consistency(old, new, path, *roots)


@given(st.lists(st.integers(0, 600), max_size=8))
@settings(deadline=None)
def test_the_tiles_are_the_same_bytes_whatever_the_windows(windows):
    hashes = hashes_of(sum(windows) + 3)
    assert tree_of(hashes, windows) == tree_of(hashes)


def test_a_third_level_grows_once_there_are_65536_leaves():
    hashes = hashes_of(65_536 + 300)
    tiles = tree_of(hashes, [65_000, 500])
    assert {tile.level for tile in tiles} == {0, 1, 2}
    assert tiles[Tile(2, 0)] == root_by_definition(hashes[:65_536])
    assert merkle.digest(range(len(hashes)), tiles) == root_by_definition(hashes)
    assert merkle.edge(65_536) == [Tile(2, 0)]


@given(st.integers(1, 2**40), st.data())
def test_a_proof_reads_at_most_two_tiles_of_each_level(size, data):
    index = data.draw(st.integers(0, size - 1))
    levels = -(-(size - 1).bit_length() // 8) + 1
    assert len(merkle.needed([range(size)])) <= levels
    assert len(merkle.needed(merkle.inclusion_ranges(index, size))) <= 2 * levels
    assert len(merkle.needed(merkle.consistency_ranges(index + 1, size))) <= 2 * levels


@given(st.integers(2, 300), st.data())
@settings(deadline=None)
def test_no_altered_inclusion_proof_is_believed(size, data):
    index = data.draw(st.integers(0, size - 1))
    hashes = hashes_of(size)
    tiles = tree_of(hashes)
    path = proof(merkle.inclusion_ranges(index, size), tiles)
    root = merkle.digest(range(size), tiles)
    flipped = data.draw(st.integers(0, len(path) - 1))
    altered = [sha256(node).digest() if at == flipped else node for at, node in enumerate(path)]
    other = data.draw(st.integers(0, size - 1).filter(lambda place: place != index))
    leaf = hashes[index]
    assert not merkle.verify_inclusion(leaf, index, size, altered, root)
    assert not merkle.verify_inclusion(leaf, index, size, path[:-1], root)
    assert not merkle.verify_inclusion(leaf, index, size, [*path, path[0]], root)
    assert not merkle.verify_inclusion(leaf, other, size, path, root)
    assert not merkle.verify_inclusion(hashes[other], index, size, path, root)
    assert not merkle.verify_inclusion(leaf, size, size, path, root)
    assert not merkle.verify_inclusion(leaf, -1, size, path, root)


@given(st.integers(2, 300), st.data())
@settings(deadline=None)
def test_no_history_rewritten_before_the_old_checkpoint_is_believed(new, data):
    old = data.draw(st.integers(1, new - 1))
    hashes = hashes_of(new)
    old_root = root_by_definition(hashes[:old])
    rewritten = data.draw(st.integers(0, old - 1))
    hashes[rewritten] = merkle.leaf_hash(b"rewritten")
    tiles = tree_of(hashes)
    path = proof(merkle.consistency_ranges(old, new), tiles)
    new_root = merkle.digest(range(new), tiles)
    assert not merkle.verify_consistency(old, new, path, old_root, new_root)
    assert not merkle.verify_consistency(old, new, path[:-1], old_root, new_root)
    assert not merkle.verify_consistency(old, new, [*path, path[0]], old_root, new_root)


def test_a_tree_is_consistent_with_itself_and_with_nothing():
    root = merkle.leaf_hash(b"one")
    assert merkle.verify_consistency(1, 1, [], root, root)
    assert not merkle.verify_consistency(1, 1, [], root, merkle.leaf_hash(b"other"))
    assert merkle.verify_consistency(0, 1, [], merkle.EMPTY_ROOT, root)
    assert not merkle.verify_consistency(0, 1, [], root, root)
    assert not merkle.verify_consistency(2, 1, [], root, root)
    assert not merkle.verify_consistency(1, 2, [], root, root)


def test_a_missing_or_short_tile_is_named_rather_than_guessed():
    tiles = tree_of(hashes_of(300))
    with pytest.raises(merkle.MissingTile, match="0/1"):
        merkle.digest(range(301), tiles)
    with pytest.raises(merkle.MissingTile, match="0/1"):
        merkle.append(300, hashes_of(1), {})


def test_questions_outside_the_tree_are_refused():
    for index, size in ((0, 0), (3, 3), (-1, 3)):
        with pytest.raises(ValueError, match="no leaf"):
            merkle.inclusion_ranges(index, size)
    for old, new in ((4, 3), (-1, 3)):
        with pytest.raises(ValueError, match="did not grow"):
            merkle.consistency_ranges(old, new)

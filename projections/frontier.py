"""The growing edge of a Merkle tree in memory: enough to append for ever and to know the root."""

from collections.abc import Sequence

from projections import merkle
from projections.merkle import Tiles


class Frontier:
    """Keeps the unfilled last tile of each level: a few kilobytes, however large the tree."""

    def __init__(self) -> None:
        self.size = 0
        self._tiles: Tiles = {}

    def append(self, hashes: Sequence[bytes]) -> None:
        """Appends leaf hashes; cheapest a few thousand at a time."""
        changed = merkle.append(self.size, hashes, self._tiles)
        self.size += len(hashes)
        known = {**self._tiles, **changed}
        self._tiles = {tile: known[tile] for tile in merkle.edge(self.size)}

    def root(self) -> bytes:
        """The root of the tree as it stands."""
        return merkle.digest(range(self.size), self._tiles)

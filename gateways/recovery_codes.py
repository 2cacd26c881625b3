"""Recovery codes: words for a drawer, each good for once, of which no copy is kept."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

NUMBER = 10
# The alphabet of Crockford's base 32: no I, L, O and U.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_MEANT = str.maketrans("ilo", "110", "- ")
CHARACTERS = 16
Mac = Callable[[bytes, bytes], bytes]


class RecoveryCodes:
    """Makes and knows the codes of one installation: 80 bits each, which nobody can guess."""

    def __init__(self, mac: Mac) -> None:
        """`mac` gives 32 bytes that depend on a purpose, a message and the installation's key."""
        self._mac = mac

    def make(self, user_id: UUID, command_id: UUID) -> tuple[str, ...]:
        """The codes that a command gives a person: a client that missed the answer is told the same ones again."""
        about = user_id.bytes + command_id.bytes
        return tuple(_written(self._mac(b"recovery codes", about + bytes([n]))) for n in range(NUMBER))

    def digest(self, user_id: UUID, code: str) -> bytes:
        """What is kept of a code: 32 bytes under the installation's key, others for everybody. However it is typed:
        in capitals, without hyphens, with an O for a 0."""
        plain = code.lower().translate(_MEANT)
        return self._mac(b"recovery code", user_id.bytes + plain.encode())


def _written(random: bytes) -> str:
    number = int.from_bytes(random[:10], "big")
    letters = [_ALPHABET[number >> 5 * place & 31] for place in range(CHARACTERS)]
    return "-".join("".join(letters[at : at + 4]) for at in range(0, CHARACTERS, 4))

"""A checkpoint states the size and the root of the record's Merkle tree, signed as a C2SP tlog-checkpoint.

The form is a signed note (c2sp.org/signed-note, c2sp.org/tlog-checkpoint): origin, size and base64 root on a
line each, a blank line, then one line a signature. Signatures are Ed25519, which is deterministic: the same
record under the same key gives the same note, so none has to be stored to be given again.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\x01"
_LONGEST_NOTE = 64 * 1024
_MOST_SIGNATURES = 64
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class CheckpointError(ValueError):
    """A checkpoint, a signature or a key is not to be trusted."""


class MalformedNote(CheckpointError):
    """The text is no checkpoint in the form of a signed note."""


class MalformedKey(CheckpointError):
    """The text is no verifier key (name+hash+key) or signer key (PRIVATE+KEY+name+hash+key)."""


class UnknownSigner(CheckpointError):
    """The note bears no signature of the trusted key."""


class WrongSignature(CheckpointError):
    """The note bears the trusted key's name, but the text is not what that key signed."""


class WrongOrigin(CheckpointError):
    """The signature is right, but the checkpoint is that of another log."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A claim about a log: its first `size` leaves have this 32-byte root. Not to be believed unsigned.

    `extensions` are further lines as C2SP allows them; Numina writes none and keeps those that it reads.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The signed text, its last newline included."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Raises MalformedNote."""
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop() or not all(lines):
            raise MalformedNote("a checkpoint has an origin, a size and a root, each on a line")
        origin, size, root, *extensions = lines
        if not _SIZE.fullmatch(size):
            raise MalformedNote("the second line must be the number of leaves in decimal")
        digest = _unbase64(root, MalformedNote, "the third line must be the root in base64")
        if len(digest) != 32:
            raise MalformedNote("the root must have 32 bytes")
        return cls(origin, int(size), digest, tuple(extensions))


def parse(note: str) -> Checkpoint:
    """What a note claims, WITHOUT looking at its signatures. Raises MalformedNote."""
    return Checkpoint.from_text(_open(note)[0])


@dataclass(frozen=True, slots=True)
class Verifier:
    """The public half of a log's key: what an auditor keeps. `name` is the origin of the log."""

    name: str
    key: Ed25519PublicKey

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Reads "name+hash+key". Raises MalformedKey."""
        name, raw, stated = _key_parts(text, "")
        verifier = cls(name, Ed25519PublicKey.from_public_bytes(raw))
        if verifier.key_id.hex() != stated:
            raise MalformedKey("the key's hash does not fit its name and key: was it cut short or mistyped?")
        return verifier

    @property
    def key_id(self) -> bytes:
        """The four bytes that, with the name, say which key made a signature."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.key.public_bytes_raw()).digest()[:4]

    def __str__(self) -> str:
        encoded = base64.b64encode(_ED25519 + self.key.public_bytes_raw()).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def verify(self, note: str) -> Checkpoint:
        """The checkpoint that this key signed. Signatures of other keys (witnesses) are passed over.

        Raises MalformedNote, UnknownSigner, WrongSignature, WrongOrigin.
        """
        checkpoint = Checkpoint.from_text(self.verify_text(note))
        if checkpoint.origin != self.name:
            raise WrongOrigin(f"the checkpoint is of {checkpoint.origin}, the key of {self.name}")
        return checkpoint

    def verify_text(self, note: str) -> str:
        """The text of any signed note, checkpoint or not. Raises MalformedNote, UnknownSigner and
        WrongSignature."""
        text, signatures = _open(note)
        known = [s for name, key_id, s in signatures if (name, key_id) == (self.name, self.key_id)]
        if not known:
            raise UnknownSigner(f"the note bears no signature by {self.name}+{self.key_id.hex()}")
        for signature in known:
            try:
                self.key.verify(signature, text.encode())
            except InvalidSignature:
                raise WrongSignature(f"the text is not what {self.name} signed") from None
        return text


@dataclass(frozen=True, slots=True)
class Signer:
    """The private half of a log's key. `name` is the log's origin: unique, without spaces or plus signs."""

    name: str
    key: Ed25519PrivateKey

    def __post_init__(self) -> None:
        if not _is_key_name(self.name):
            raise MalformedKey("a key's name must be non-empty, without spaces, control characters or '+'")

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> Self:
        """From 32 secret bytes. Raises MalformedKey."""
        if len(seed) != 32:
            raise MalformedKey("an Ed25519 seed has 32 bytes")
        return cls(name, Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Reads "PRIVATE+KEY+name+hash+key", the form of Go's sumdb tools. Raises MalformedKey."""
        name, raw, stated = _key_parts(text, "PRIVATE+KEY+")
        signer = cls.from_seed(name, raw)
        if signer.verifier.key_id.hex() != stated:
            raise MalformedKey("the key's hash does not fit its name and key: was it cut short or mistyped?")
        return signer

    def secret_text(self) -> str:
        """The text that `from_text` reads. A method, not `str()`, so that no log prints it by accident."""
        encoded = base64.b64encode(_ED25519 + self.key.private_bytes_raw()).decode()
        return f"PRIVATE+KEY+{self.name}+{self.verifier.key_id.hex()}+{encoded}"

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, self.key.public_key())

    def sign(self, size: int, root: bytes) -> str:
        """The signed note for this log at `size` leaves."""
        return self.sign_text(Checkpoint(self.name, size, root).text())

    def sign_text(self, text: str) -> str:
        """The signed note over any text that ends in a newline. Raises MalformedNote."""
        if not text.endswith("\n") or _CONTROL.search(text):
            raise MalformedNote("a note's text ends in a newline and has no other control characters")
        signature = base64.b64encode(self.verifier.key_id + self.key.sign(text.encode())).decode()
        return f"{text}\n— {self.name} {signature}\n"


def _open(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """A note's text and its signatures as (name, key id, signature)."""
    if len(note) > _LONGEST_NOTE or _CONTROL.search(note):
        raise MalformedNote("a note has no control characters and at most 64 KiB")
    text, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise MalformedNote("a note is a text, a blank line and signature lines, the last newline included")
    try:
        note.encode()
    except UnicodeEncodeError as error:
        raise MalformedNote("a note is valid Unicode") from error
    return text + "\n", list(_signatures(lines.removesuffix("\n").split("\n")))


def _signatures(lines: list[str]) -> Iterator[tuple[str, bytes, bytes]]:
    if len(lines) > _MOST_SIGNATURES:
        raise MalformedNote(f"a note has at most {_MOST_SIGNATURES} signatures")
    form = "a signature line is: em dash, space, key name, space, base64"
    for line in lines:
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "—" or not _is_key_name(parts[1]):
            raise MalformedNote(form)
        raw = _unbase64(parts[2], MalformedNote, form)
        if len(raw) < 5:
            raise MalformedNote(form)
        yield parts[1], raw[:4], raw[4:]


def _key_parts(text: str, prefix: str) -> tuple[str, bytes, str]:
    """Name, 32 raw bytes and stated hash of a key in text form."""
    parts = text.strip().removeprefix(prefix).split("+", 2)
    if not text.strip().startswith(prefix) or len(parts) != 3 or not _is_key_name(parts[0]):
        raise MalformedKey(f"a key is written {prefix}name+hash+key")
    raw = _unbase64(parts[2], MalformedKey, "the key must be in base64")
    if raw[:1] != _ED25519 or len(raw) != 33:
        raise MalformedKey("only Ed25519 keys of 32 bytes are supported")
    return parts[0], raw[1:], parts[1]


def _is_key_name(name: str) -> bool:
    return bool(name) and "+" not in name and name.isprintable() and not any(map(str.isspace, name))


def _unbase64(text: str, error: type[CheckpointError], message: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as cause:
        raise error(message) from cause

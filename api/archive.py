"""A ZIP archive that is written while it is sent: no file, no temporary copy, memory for one chunk."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import orjson

_LINES = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
# Level 6 takes twice as long for a twentieth less.
_LEVEL = 3


class Member(NamedTuple):
    """A file of the archive: how many lines it has (1 for one that has none), its bytes, and their SHA-256."""

    name: str
    lines: int
    bytes: int
    sha256: str


class Archive:
    """Files are written one after the other; `taken` hands over the bytes made since it was last called.

    `zipfile` writes to what cannot be rewound by itself: sizes follow the content (APPNOTE 4.3.9), in 64 bits. For
    one thread at a time.
    """

    def __init__(self, made_at: datetime) -> None:
        self._sink = _Sink()
        self._zip = ZipFile(self._sink, "w", ZIP_DEFLATED, compresslevel=_LEVEL)  # type: ignore[call-overload]  # it writes and flushes
        self._made_at = made_at
        self._open: Any = None
        self._name = ""
        self._digest = sha256()
        self._lines = self._bytes = 0
        self.members: list[Member] = []

    def begin(self, name: str) -> None:
        """Begins the next file, which ends the one before."""
        self.end()
        information = ZipInfo(name, self._made_at.timetuple()[:6])
        information.compress_type = ZIP_DEFLATED
        information.external_attr = 0o600 << 16
        self._open = self._zip.open(information, "w", force_zip64=True)
        self._name, self._digest, self._lines, self._bytes = name, sha256(), 0, 0

    def write(self, lines: Iterable[object]) -> None:
        """Appends JSON lines to the file."""
        made = [orjson.dumps(line, option=_LINES) for line in lines]
        self._append(b"".join(made), len(made))

    def whole(self, name: str, content: bytes) -> None:
        """A file at once."""
        self.begin(name)
        self._append(content, 1)

    def end(self) -> None:
        """Ends the file, if one was begun."""
        if self._open is not None:
            self._open.close()
            self._open = None
            self.members.append(Member(self._name, self._lines, self._bytes, self._digest.hexdigest()))

    def close(self) -> None:
        """Ends the archive, after which `taken` gives the last of it."""
        self.end()
        self._zip.close()

    def taken(self) -> bytes:
        """What is to be sent next; perhaps nothing yet, as the compressor gathers."""
        return self._sink.taken()

    def _append(self, content: bytes, lines: int) -> None:
        self._open.write(content)
        self._digest.update(content)
        self._lines += lines
        self._bytes += len(content)


class _Sink:
    """What the archive writes to: it can neither be rewound nor asked for a place."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)

"""Pictures checked by their bytes, and rid of what they say beside the picture: place, camera, time, comments.

What is not needed to show a picture is left out, and so is anything behind its end: PNG (W3C, third edition), JPEG
(ITU-T T.81) and WebP (RFC 9649) are all made of pieces that say what they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import error as StructError  # it is named like a module's function
from struct import unpack_from
from typing import NamedTuple
from zlib import crc32

from ledger.refusals import Refusal

MOST_BYTES = 256 * 1024
MOST_PIXELS = 4096
"""Of the width, and of the height."""

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = {
    b"IHDR",
    b"PLTE",
    b"IDAT",
    b"IEND",
    b"tRNS",
    b"gAMA",
    b"cHRM",
    b"sRGB",
    b"sBIT",
    b"acTL",
    b"fcTL",
    b"fdAT",
}
_WEBP_KEPT = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"}
# Start of frame, by each of the ways to code one; APP0 and APP14 say how colours are meant.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_KEPT = _JPEG_FRAMES | {0xC4, 0xCC, 0xDB, 0xDD, 0xE0, 0xEE}
_SOS, _EOI = 0xDA, 0xD9


class NotAPicture(Refusal):
    """This is no PNG, JPEG or WebP picture that can be kept."""

    code = "not_a_picture"


class Picture(NamedTuple):
    """`media` is the type of `content`, which holds the picture and nothing else."""

    media: str
    content: bytes


def picture(raw: bytes) -> Picture:
    """The picture in `raw`, whatever it was called. Raises NotAPicture."""
    try:
        if raw.startswith(_PNG):
            return Picture("image/png", _png(raw))
        if raw.startswith(b"\xff\xd8\xff"):
            return Picture("image/jpeg", _jpeg(raw))
        if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
            return Picture("image/webp", _webp(raw))
    except (StructError, IndexError):
        raise NotAPicture("The picture is broken off.") from None
    raise NotAPicture("Send a PNG, JPEG or WebP picture.")


def _png(raw: bytes) -> bytes:
    kept, place, kind, data = [_PNG], len(_PNG), b"", False
    while kind != b"IEND":
        length, kind = unpack_from(">I4s", raw, place)
        end = place + 12 + length
        [check] = unpack_from(">I", raw, end - 4)
        if crc32(raw[place + 4 : end - 4]) != check or (len(kept) == 1) != (kind == b"IHDR"):
            raise NotAPicture("The PNG is damaged.")
        if kind == b"IHDR":
            _sized(*unpack_from(">II", raw, place + 8))
        data |= kind == b"IDAT"
        if kind in _PNG_KEPT:
            kept.append(raw[place:end])
        place = end
    if not data:
        raise NotAPicture("The PNG has no pixels.")
    return b"".join(kept)


def _jpeg(raw: bytes) -> bytes:
    kept, place, sized = [raw[:2]], 2, False
    while True:
        mark, marker = unpack_from(">BB", raw, place)
        if mark != 0xFF:
            raise NotAPicture("The JPEG is damaged.")
        if marker == 0xFF:  # fill
            place += 1
            continue
        if marker == _EOI:
            break
        [length] = unpack_from(">H", raw, place + 2)
        end = place + 2 + length
        if marker in _JPEG_FRAMES:
            height, width = unpack_from(">HH", raw, place + 5)
            _sized(width, height)
            sized = True
        if marker == _SOS:
            end = _scan(raw, end)
        if marker in _JPEG_KEPT or marker == _SOS:
            kept.append(raw[place:end])
        place = end
    if not sized or len(kept) < 3:
        raise NotAPicture("The JPEG has no pixels.")
    return b"".join([*kept, b"\xff\xd9"])


def _scan(raw: bytes, place: int) -> int:
    """Where the coded pixels that begin at `place` end: at a marker that is neither stuffing nor a restart."""
    while True:
        place = raw.find(b"\xff", place)
        following = raw[place + 1] if place >= 0 else raw[len(raw)]
        if following != 0 and not 0xD0 <= following <= 0xD7:
            return place
        place += 2


def _webp(raw: bytes) -> bytes:
    [size] = unpack_from("<I", raw, 4)
    kept, pixels = [], False
    for kind, content in _pieces(raw[12 : 8 + size], size - 4):
        if kind == b"VP8X":
            if len(content) != 10:
                raise NotAPicture("The WebP is damaged.")
            _sized(int.from_bytes(content[4:7], "little") + 1, int.from_bytes(content[7:], "little") + 1)
            # It says which pieces follow: neither Exif, nor XMP, nor a colour profile does any more.
            content = bytes([content[0] & ~0x2C]) + content[1:]
        elif kind == b"VP8 ":
            width, height = unpack_from("<HH", content, 6)
            _sized(width & 0x3FFF, height & 0x3FFF)
        elif kind == b"VP8L":
            [bits] = unpack_from("<I", content, 1)
            _sized((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1)
        pixels |= kind in (b"VP8 ", b"VP8L", b"ANMF")
        if kind in _WEBP_KEPT:
            kept.append(kind + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) % 2))
    if not pixels:
        raise NotAPicture("The WebP has no pixels.")
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _pieces(raw: bytes, declared: int) -> Iterator[tuple[bytes, bytes]]:
    if len(raw) != declared:
        raise NotAPicture("The picture is broken off.")
    place = 0
    while place < len(raw):
        kind, length = unpack_from("<4sI", raw, place)
        content = raw[place + 8 : place + 8 + length]
        if len(content) != length:
            raise NotAPicture("The picture is broken off.")
        yield kind, content
        place += 8 + length + length % 2


def _sized(width: int, height: int) -> None:
    if not (0 < width <= MOST_PIXELS and 0 < height <= MOST_PIXELS):
        raise NotAPicture(
            f"A picture is at most {MOST_PIXELS} pixels wide and high, not {width} by {height}."
        )

"""The smallest pictures of each kind, with or without what a camera writes beside them."""

import struct
import zlib


def png(beside: bytes | None) -> bytes:
    """One grey pixel; `beside` stands in a text and an Exif chunk."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    parts = [_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(b"\0\x80")), _chunk(b"IEND", b"")]
    if beside is not None:
        parts[1:1] = [_chunk(b"tEXt", b"Comment\0" + beside), _chunk(b"eXIf", beside)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def jpeg(beside: bytes | None) -> bytes:
    """The segments of a grey picture, its pixels with stuffing and a restart; `beside` is Exif and a comment."""
    quantized = _segment(0xDB, bytes(65))
    frame = _segment(0xC0, struct.pack(">BHHB", 8, 1, 1, 1) + b"\x01\x11\x00")
    scan = _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd0\x56"
    said = b"" if beside is None else _segment(0xE1, b"Exif\0\0" + beside) + _segment(0xFE, beside)
    return b"\xff\xd8" + _segment(0xE0, b"JFIF\0" + bytes(9)) + said + quantized + frame + scan + b"\xff\xd9"


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def webp(beside: bytes | None) -> bytes:
    """An extended file with lossless pixels; `beside` is Exif and XMP, which the header then announces."""
    flags = 0 if beside is None else 0x0C
    parts = [_piece(b"VP8X", bytes([flags]) + bytes(9)), _piece(b"VP8L", b"\x2f" + bytes(4) + b"\x07")]
    if beside is not None:
        parts += [_piece(b"EXIF", beside), _piece(b"XMP ", beside)]
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _piece(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

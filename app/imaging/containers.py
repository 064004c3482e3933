"""Files whose metadata are taken out and whose pixels are not touched: the container is rewritten, nothing is decoded.

JPEG: ITU-T T.81 annex B; PNG: the PNG specification, third edition, section 5; WebP: RFC 9649, section 2; GIF: GIF89a.
Every part that stays is on a list; whatever else is there goes, known or not, and so does what follows the picture
(further pictures of an MPO, appended data). Parts of a fixed length are cut to it. A file that does not parse to its
end gives None; it was decoded before, so that this says only that it is unusual.

Files may be hostile: no function here does more work, or takes more memory, than grows with the length of the file.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator

from app.imaging.picture import Kept

Keep = frozenset[Kept]
Rewrite = Callable[[bytes, Keep, bytes | None], bytes]

_ADOBE, _JFIF = 0xEE, 0xE0
_APPLICATION = range(0xE0, 0xF0)
_SCAN, _END = 0xDA, 0xD9
_JPEG_PICTURE = frozenset({*range(0xC0, 0xD0), 0xDB, 0xDD, _SCAN, _END}) - {0xC8}
"""Frames and the tables of codes (C0 to CF but JPG, which is reserved), quantization, restarts, scans."""
_ICC = b"ICC_PROFILE\0"
_XMP = (b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0")
_FILL = re.compile(rb"\xff+")
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""A marker that is neither stuffing nor a restart. One 0xFF and no `+`: that would be quadratic in long runs of it."""

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ANY = 0xFFFF_FFFF
_PNG_PICTURE = {
    b"IHDR": 13, b"PLTE": 768, b"IDAT": _ANY, b"IEND": 0, b"tRNS": 256, b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"cICP": 4,
    b"sBIT": 4, b"bKGD": 6, b"pHYs": 9, b"acTL": 8, b"fcTL": 26, b"fdAT": _ANY,
}  # fmt: skip
"""What makes the picture, and the most bytes that it can have."""
_PNG_XMP = b"XML:com.adobe.xmp\0"
_WEBP_FLAGS = {b"ICCP": 0x20, b"EXIF": 0x08, b"XMP ": 0x04}
_WEBP_PICTURE = frozenset({b"ALPH", b"VP8 ", b"VP8L"})
_WEBP_ALPHA_AND_ANIMATION = 0x12
_VP8X_BYTES, _ANIM_BYTES, _ANMF_BYTES = 10, 6, 16
_GIF_PLAYS = (b"\xff\x0bNETSCAPE2.0\x03\x01", b"\xff\x0bANIMEXTS1.0\x03\x01")
_GIF_CONTROL = b"\xf9\x04"


class NotRewritable(Exception):
    """The container is not of the plain kind."""


def rewritten(data: bytes, media_type: str, keep: Keep, exif: bytes | None) -> bytes | None:
    """The file with no metadata but what is kept; `exif` is the block to put in, or None.

    None where the format has no rewriting or the file does not follow it.
    """
    rewrite = _REWRITES.get(media_type)
    if rewrite is None:
        return None
    try:
        return rewrite(data, keep, exif)
    except (NotRewritable, IndexError, struct.error):
        return None


def _jpeg(data: bytes, keep: Keep, exif: bytes | None) -> bytes:
    new = bytearray(data[:2])
    if exif is not None:
        body = exif if exif.startswith(b"Exif\0\0") else b"Exif\0\0" + exif
        if len(body) + 2 > 0xFFFF:
            raise NotRewritable
        new += _segment(0xE1, body)
    for marker, segment in jpeg_segments(data):
        new += segment if marker in _JPEG_PICTURE else _kept(marker, segment, keep)
    return bytes(new)


def _kept(marker: int, segment: bytes, keep: Keep) -> bytes:
    """JFIF's segment says that colours are coded, Adobe's how; the rest, and JFIF's thumbnail, is metadata."""
    body = segment[4:]
    if marker == _JFIF and body.startswith(b"JFIF\0") and len(body) >= 14:
        return _segment(marker, body[:12] + b"\0\0")
    if marker == _ADOBE and body.startswith(b"Adobe") and len(body) >= 12:
        return _segment(marker, body[:12])
    kinds = (*((_ICC,) if "icc" in keep else ()), *(_XMP if "xmp" in keep else ()))
    return segment if marker in _APPLICATION and body.startswith(kinds) else b""


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Every segment after SOI, a scan with its data, to EOI."""
    if data[:2] != b"\xff\xd8":
        raise NotRewritable
    at = 2
    while True:
        fill = _FILL.match(data, at)
        if not fill:
            raise NotRewritable
        at = fill.end() - 1
        marker = data[at + 1]
        if marker == _END:
            yield marker, b"\xff\xd9"
            return
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        if end > len(data):
            raise NotRewritable
        if marker == _SCAN:
            following = _AFTER_SCAN.search(data, end)
            if not following:
                raise NotRewritable
            end = following.start()
        yield marker, data[at:end]
        at = end


def _png(data: bytes, keep: Keep, exif: bytes | None) -> bytes:
    if not data.startswith(_PNG_SIGNATURE):
        raise NotRewritable
    new, at, kind = bytearray(_PNG_SIGNATURE), len(_PNG_SIGNATURE), b""
    kinds = _PNG_PICTURE | ({b"iCCP": _ANY} if "icc" in keep else {})
    while kind != b"IEND":
        (length,) = struct.unpack_from(">I", data, at)
        kind, end = data[at + 4 : at + 8], at + 12 + length
        if end > len(data) or length > kinds.get(kind, _ANY):
            raise NotRewritable
        is_xmp = kind == b"iTXt" and data.startswith(_PNG_XMP, at + 8, end)
        if kind in kinds or (is_xmp and "xmp" in keep):
            new += data[at:end]
        if kind == b"IHDR" and exif is not None:
            new += _png_chunk(b"eXIf", exif.removeprefix(b"Exif\0\0"))
        at = end
    return bytes(new)


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _webp(data: bytes, keep: Keep, exif: bytes | None) -> bytes:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise NotRewritable
    size = struct.unpack_from("<I", data, 4)[0] + 8
    chunks = _webp_chunks(data, 12, size)
    kind, body = next(chunks, (b"", b""))
    if kind in (b"VP8 ", b"VP8L") and exif is None:
        return _riff(_webp_chunk(kind, body))
    if kind != b"VP8X" or len(body) < _VP8X_BYTES:
        raise NotRewritable
    kept = {kind for kind, name in ((b"ICCP", "icc"), (b"XMP ", "xmp")) if name in keep}
    flags = _WEBP_ALPHA_AND_ANIMATION | sum(_WEBP_FLAGS[kind] for kind in kept)
    new = bytearray()
    for kind, chunk in chunks:
        if kind in _WEBP_PICTURE or kind in kept:
            new += _webp_chunk(kind, chunk)
        elif kind == b"ANIM":
            new += _webp_chunk(kind, chunk[:_ANIM_BYTES])
        elif kind == b"ANMF":
            new += _webp_chunk(kind, _webp_frame(chunk))
    head = bytes([body[0] & flags | (_WEBP_FLAGS[b"EXIF"] if exif else 0), 0, 0, 0]) + body[4:_VP8X_BYTES]
    if exif is not None:
        new += _webp_chunk(b"EXIF", exif.removeprefix(b"Exif\0\0"))
    return _riff(_webp_chunk(b"VP8X", head) + new)


def _webp_frame(frame: bytes) -> bytes:
    new = bytearray(frame[:_ANMF_BYTES])
    for kind, body in _webp_chunks(frame, _ANMF_BYTES, len(frame)):
        if kind in _WEBP_PICTURE:
            new += _webp_chunk(kind, body)
    return bytes(new)


def _webp_chunks(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    """The kind and the body of each; the byte that fills up the last one may be missing."""
    if end > len(data):
        raise NotRewritable
    while at < end:
        kind, (length,) = data[at : at + 4], struct.unpack_from("<I", data, at + 4)
        if at + 8 + length > end:
            raise NotRewritable
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _webp_chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _riff(chunks: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def _gif(data: bytes, keep: Keep, exif: bytes | None) -> bytes:
    """Comments and applications' blocks go, but for the one that says how often an animation is played."""
    if data[:4] != b"GIF8" or exif is not None:
        raise NotRewritable
    at = 13 + _colour_table(data[10])
    new = bytearray(data[:at])
    while data[at] != 0x3B:
        start, kind = at, data[at]
        if kind == 0x21:
            at = _after_blocks(data, at + 2)
            if data.startswith(_GIF_CONTROL, start + 1, at):
                new += data[start : start + 7] + b"\0"
            elif data.startswith(_GIF_PLAYS, start + 1, at):
                new += data[start : start + 18] + b"\0"
        elif kind == 0x2C:
            at = _after_blocks(data, at + 11 + _colour_table(data[at + 9]))
            new += data[start:at]
        else:
            raise NotRewritable
    return bytes(new + b"\x3b")


def _colour_table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += data[at] + 1
    return at + 1


_REWRITES: dict[str, Rewrite] = {"image/jpeg": _jpeg, "image/png": _png, "image/webp": _webp, "image/gif": _gif}

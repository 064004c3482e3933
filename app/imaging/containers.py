"""Files whose metadata are taken out and whose pixels are not touched: the container is rewritten, nothing is decoded.

JPEG: ITU-T T.81 annex B; PNG: the PNG specification, third edition, section 5; WebP: RFC 9649, section 2; GIF: GIF89a.
What follows the picture (further pictures of an MPO, appended data) goes too. A file that does not parse to its end
gives None; it was decoded before, so that this says only that it is unusual.
"""

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence

from app.imaging.picture import Kept

Keep = frozenset[Kept]
Rewrite = Callable[[bytes, Keep, bytes | None], bytes]

_ADOBE, _JFIF = 0xEE, 0xE0
_APPLICATION = range(0xE0, 0xF0)
_COMMENT, _SCAN, _END = 0xFE, 0xDA, 0xD9
_ICC = b"ICC_PROFILE\0"
_XMP = (b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0")

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_PICTURE = {
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"sBIT", b"bKGD", b"pHYs",
    b"acTL", b"fcTL", b"fdAT",
}  # fmt: skip
_WEBP_PICTURE = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"}
_WEBP_FLAGS = {b"ICCP": 0x20, b"EXIF": 0x08, b"XMP ": 0x04}


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
    parts = [data[:2]]
    if exif is not None:
        body = exif if exif.startswith(b"Exif\0\0") else b"Exif\0\0" + exif
        if len(body) + 2 > 0xFFFF:
            raise NotRewritable
        parts.append(b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body)
    for marker, segment in jpeg_segments(data):
        if marker == _JFIF and segment[4:9] == b"JFIF\0":
            parts.append(b"\xff\xe0" + struct.pack(">H", 16) + segment[4:16] + b"\0\0")  # without its thumbnail
        elif marker not in (*_APPLICATION, _COMMENT) or _stays(marker, segment[4:], keep):
            parts.append(segment)
    return b"".join(parts)


def _stays(marker: int, body: bytes, keep: Keep) -> bool:
    """Adobe's segment says how colours are coded; the rest is metadata."""
    if marker == _ADOBE:
        return body.startswith(b"Adobe")
    return ("icc" in keep and body.startswith(_ICC)) or ("xmp" in keep and body.startswith(_XMP))


def jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Every segment after SOI, a scan with its data, to EOI."""
    if data[:2] != b"\xff\xd8":
        raise NotRewritable
    at = 2
    while True:
        if data[at] != 0xFF:
            raise NotRewritable
        while data[at + 1] == 0xFF:
            at += 1  # fill bytes
        marker = data[at + 1]
        if marker == _END:
            yield marker, b"\xff\xd9"
            return
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        if end > len(data):
            raise NotRewritable
        if marker == _SCAN:
            end = _end_of_scan(data, end)
        yield marker, data[at:end]
        at = end


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the next marker is: 0xFF that is followed neither by 0 (stuffing) nor by a restart marker."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            raise NotRewritable
        following = data[at + 1]
        if following != 0 and not 0xD0 <= following <= 0xD7 and following != 0xFF:
            return at
        at += 1 if following == 0xFF else 2


def _png(data: bytes, keep: Keep, exif: bytes | None) -> bytes:
    if not data.startswith(_PNG_SIGNATURE):
        raise NotRewritable
    parts, at, ended = [_PNG_SIGNATURE], len(_PNG_SIGNATURE), False
    kinds = _PNG_PICTURE | ({b"iCCP"} if "icc" in keep else set())
    while not ended:
        (length,) = struct.unpack_from(">I", data, at)
        kind, end = data[at + 4 : at + 8], at + 12 + length
        if end > len(data):
            raise NotRewritable
        text = b"iTXt" if "xmp" in keep and data.startswith(b"XML:com.adobe.xmp\0", at + 8) else None
        if kind in kinds or kind == text:
            parts.append(data[at:end])
        if kind == b"IHDR" and exif is not None:
            parts.append(_chunk(b"eXIf", exif.removeprefix(b"Exif\0\0")))
        at, ended = end, kind == b"IEND"
    return b"".join(parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _webp(data: bytes, keep: Keep, exif: bytes | None) -> bytes:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise NotRewritable
    end = struct.unpack_from("<I", data, 4)[0] + 8
    if end > len(data):
        raise NotRewritable
    kept = _WEBP_PICTURE | {kind for kind, name in ((b"ICCP", "icc"), (b"XMP ", "xmp")) if name in keep}
    chunks = [(kind, body) for kind, body in _riff_chunks(data, 12, end) if kind in kept]
    if not chunks or (exif is not None and chunks[0][0] != b"VP8X"):
        raise NotRewritable  # a simple file has no place for EXIF
    if chunks[0][0] != b"VP8X":
        return _riff(chunks[:1])
    if exif is not None:
        chunks.append((b"EXIF", exif.removeprefix(b"Exif\0\0")))
    flags = chunks[0][1][0] & ~sum(_WEBP_FLAGS.values())
    flags |= sum({_WEBP_FLAGS[kind] for kind, _ in chunks if kind in _WEBP_FLAGS})
    return _riff([(b"VP8X", bytes([flags]) + chunks[0][1][1:]), *((k, _frame(k, body)) for k, body in chunks[1:])])


def _frame(kind: bytes, body: bytes) -> bytes:
    """A frame of an animation has chunks of its own behind its 16 bytes; only the picture's stay."""
    if kind != b"ANMF":
        return body
    inner = [one for one in _riff_chunks(body, 16, len(body)) if one[0] in _WEBP_PICTURE]
    return body[:16] + b"".join(map(_chunk_of_riff, inner))


def _riff_chunks(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    while at < end:
        kind, (length,) = data[at : at + 4], struct.unpack_from("<I", data, at + 4)
        if at + 8 + length > end:
            raise NotRewritable
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _chunk_of_riff(chunk: tuple[bytes, bytes]) -> bytes:
    kind, body = chunk
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _riff(chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    body = b"".join(map(_chunk_of_riff, chunks))
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _gif(data: bytes, keep: Keep, exif: bytes | None) -> bytes:
    """Comments and applications' blocks go, but for the one that says how often an animation is played."""
    if data[:4] != b"GIF8" or exif is not None:
        raise NotRewritable
    at = 13 + _colour_table(data[10])
    parts = [data[:at]]
    while True:
        start, kind = at, data[at]
        if kind == 0x3B:
            return b"".join([*parts, b"\x3b"])
        if kind == 0x21:
            label = data[at + 1]
            at = _after_blocks(data, at + 2)
            plays = label == 0xFF and data[start + 3 : start + 14] in (b"NETSCAPE2.0", b"ANIMEXTS1.0")
            if label == 0xF9 or plays:
                parts.append(data[start:at])
        elif kind == 0x2C:
            at = _after_blocks(data, at + 11 + _colour_table(data[at + 9]))
            parts.append(data[start:at])
        else:
            raise NotRewritable


def _colour_table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += data[at] + 1
    return at + 1


_REWRITES: dict[str, Rewrite] = {"image/jpeg": _jpeg, "image/png": _png, "image/webp": _webp, "image/gif": _gif}

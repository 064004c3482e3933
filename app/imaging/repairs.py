"""A good picture with a broken block of metadata, at which Pillow gives up: the file without such blocks."""

import struct

from app.imaging.containers import NotRewritable, jpeg_segments

_APPLICATION = range(0xE0, 0xF0)
_EXIF_OR_XMP, _ICC_OR_MORE, _ADOBE = 0xE1, 0xE2, 0xEE
_ICC_HEADER = len(b"ICC_PROFILE\0") + 2
_ADOBE_BYTES = 12


def without_broken_blocks(jpeg: bytes) -> bytes | None:
    """The JPEG with no application's segments but those that Pillow reads and a picture needs.

    None where it does not parse to its end: then it is more than metadata that is broken.
    """
    try:
        segments = [segment for marker, segment in jpeg_segments(jpeg) if _stays(marker, segment[4:])]
    except (NotRewritable, IndexError, struct.error):
        return None
    return jpeg[:2] + b"".join(segments)


def _stays(marker: int, body: bytes) -> bool:
    if marker == _ICC_OR_MORE:
        return body.startswith(b"ICC_PROFILE\0") and len(body) > _ICC_HEADER
    if marker == _ADOBE:
        return len(body) >= _ADOBE_BYTES
    return marker not in _APPLICATION or marker == _EXIF_OR_XMP

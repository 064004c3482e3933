"""How many frames or pages a file has, counted without decoding any and never beyond a limit."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

from PIL import ImageFile

from app.imaging.gif import read_gif

MAX_COUNTED = 1000
_BIG_TIFF_VERSION = 43
_NEW_SUBFILE_TYPE, _REDUCED_OR_MASK = 254, 0b101
_MAX_ENTRIES = 8
"""Of a directory, that are looked at for it: they stand in the order of their tags, of which it has the lowest."""
_STILL = ("HEIF",)
"""Further images of it are a burst or a collection; it names the one to show."""


def count_frames(image: ImageFile.ImageFile) -> int:
    """
    At least 1, at most `MAX_COUNTED`. Call it before the pixels are loaded.

    Pillow's `n_frames` walks to the end of a GIF or TIFF, however far away that is; for the other formats it is a
    number in the header. It counts the picture that an APNG shows to those who do not know APNG, also where that is no
    frame of the animation.
    """
    if image.format in _STILL:
        return 1
    if image.format not in ("GIF", "TIFF") or image.fp is None:
        frames: int = getattr(image, "n_frames", 1) - getattr(image, "default_image", False)
        return max(1, min(frames, MAX_COUNTED))
    if image.format == "TIFF":
        return len(tiff_pages(image.fp))
    image.fp.seek(0)  # Pillow seeks to the pixels itself
    return max(1, len(read_gif(image.fp, MAX_COUNTED).parts))


def tiff_pages(stream: IO[bytes]) -> list[int]:
    """Which of a TIFF's images are pages, counted from 0; the first one is, whatever it says.

    Others say of themselves that they are a smaller copy of a page, or the mask of one.
    """
    stream.seek(0)
    pages = [at for at, kind in enumerate(_subfile_types(stream)) if at == 0 or not kind & _REDUCED_OR_MASK]
    return pages or [0]


def _subfile_types(stream: IO[bytes]) -> Iterator[int]:
    """Follow the chain of directories; BigTIFF (version 43) has 8 byte counts and offsets in 20 byte entries.

    Where the chain is broken there should be a page: it is one, and whoever turns to it will see what is wrong with it.
    """
    header = stream.read(16)
    order = "<" if header[:2] == b"II" else ">"
    big = _BIG_TIFF_VERSION in (header[2], header[3])
    count_format, offset_format, entry = (order + "Q", order + "Q", 20) if big else (order + "H", order + "L", 12)
    (offset,) = struct.unpack_from(offset_format, header, 8 if big else 4)
    seen: set[int] = set()
    while offset and offset not in seen and len(seen) < MAX_COUNTED:
        seen.add(offset)
        kind, following = 0, b""
        with suppress(struct.error, OSError, OverflowError, ValueError):
            stream.seek(offset)
            (entries,) = struct.unpack(count_format, stream.read(struct.calcsize(count_format)))
            kind = _subfile_type(stream.read(min(entries, _MAX_ENTRIES) * entry), order, entry)
            stream.seek(offset + struct.calcsize(count_format) + entries * entry)
            following = stream.read(struct.calcsize(offset_format))
        yield kind
        offset = int.from_bytes(following, "little" if order == "<" else "big")


def _subfile_type(directory: bytes, order: str, entry: int) -> int:
    """TIFF 6.0, section 8: bits of an entry whose value stands behind its tag, type and count."""
    for at in range(0, len(directory) - entry + 1, entry):
        if struct.unpack_from(order + "H", directory, at) == (_NEW_SUBFILE_TYPE,):
            bits: int = struct.unpack_from(order + "L", directory, at + (12 if entry == 20 else 8))[0]
            return bits
    return 0

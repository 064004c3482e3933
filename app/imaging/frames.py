"""How many frames or pages a file has, counted without decoding any and never beyond a limit."""

import struct
from typing import IO

from PIL import ImageFile

from app.imaging.gif import read_gif

MAX_COUNTED = 1000
_BIG_TIFF_VERSION = 43
_ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")


def count_frames(image: ImageFile.ImageFile) -> int:
    """
    At least 1, at most `MAX_COUNTED`. Call it before the pixels are loaded.

    Pillow's `n_frames` walks to the end of a GIF or TIFF, however far away that is; for the other formats it is a
    number in the header. It counts the picture that an APNG shows to those who do not know APNG, also where that is no
    frame of the animation.
    """
    if image.format not in ("GIF", "TIFF") or image.fp is None:
        frames: int = getattr(image, "n_frames", 1) - getattr(image, "default_image", False)
        return max(1, min(frames, MAX_COUNTED))
    image.fp.seek(0)  # Pillow seeks to the pixels itself
    return max(1, len(read_gif(image.fp, MAX_COUNTED).parts) if image.format == "GIF" else _tiff_pages(image.fp))


def frames_of_animation(image: ImageFile.ImageFile, counted: int) -> int:
    """How many of the counted ones are an animation's, to be shown one after the other: not pages; at least 1."""
    return counted if image.format in _ANIMATED else 1


def _tiff_pages(stream: IO[bytes]) -> int:
    """Follow the chain of directories; BigTIFF (version 43) has 8 byte counts and offsets in 20 byte entries."""
    header = stream.read(16)
    order = "<" if header[:2] == b"II" else ">"
    big = _BIG_TIFF_VERSION in (header[2], header[3])
    count_format, offset_format, entry = (order + "Q", order + "Q", 20) if big else (order + "H", order + "L", 12)
    (offset,) = struct.unpack_from(offset_format, header, 8 if big else 4)
    seen: set[int] = set()
    try:
        while offset and offset not in seen and len(seen) < MAX_COUNTED:
            stream.seek(offset)
            (entries,) = struct.unpack(count_format, stream.read(struct.calcsize(count_format)))
            stream.seek(entries * entry, 1)
            seen.add(offset)
            (offset,) = struct.unpack(offset_format, stream.read(struct.calcsize(offset_format)))
    except (struct.error, OSError, OverflowError, ValueError):
        pass  # a broken chain: the pages up to here are counted, and decoding the first will tell if it is readable
    return len(seen)

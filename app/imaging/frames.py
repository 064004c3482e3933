"""How many frames or pages a file has, counted without decoding any and never beyond a limit."""

import struct
from typing import IO

from PIL import ImageFile

MAX_COUNTED = 1000
# A GIF of one byte blocks would take seconds to walk through; one of full blocks has 255 MB at this number.
_MAX_GIF_BLOCKS = 1_000_000
_GIF_DESCRIPTOR_BYTES = 9
_BIG_TIFF_VERSION = 43


def count_frames(image: ImageFile.ImageFile) -> int:
    """
    At least 1, at most `MAX_COUNTED`. Call it before the pixels are loaded.

    Pillow's `n_frames` walks to the end of a GIF or TIFF, however far away that is; for the other formats it is a
    number in the header.
    """
    if image.format not in ("GIF", "TIFF") or image.fp is None:
        frames: int = getattr(image, "n_frames", 1)
        return max(1, min(frames, MAX_COUNTED))
    image.fp.seek(0)  # Pillow seeks to the pixels itself
    return max(1, _gif_frames(image.fp) if image.format == "GIF" else _tiff_pages(image.fp))


def _gif_frames(stream: IO[bytes]) -> int:
    frames, budget = 0, _MAX_GIF_BLOCKS
    header = stream.read(13)
    stream.seek(_colour_table_bytes(header[10]), 1)
    while frames < MAX_COUNTED and budget > 0:
        match stream.read(1):
            case b"!":
                stream.seek(1, 1)
            case b"," if len(descriptor := stream.read(_GIF_DESCRIPTOR_BYTES)) == _GIF_DESCRIPTOR_BYTES:
                frames += 1
                stream.seek(_colour_table_bytes(descriptor[8]) + 1, 1)
            case _:
                break
        budget -= _skip_blocks(stream, budget)
    return frames


def _colour_table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip_blocks(stream: IO[bytes], budget: int) -> int:
    for skipped in range(1, budget + 1):
        size = stream.read(1)
        if size in (b"", b"\0"):
            return skipped
        stream.seek(size[0], 1)
    return budget


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

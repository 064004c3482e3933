"""PNG (https://www.w3.org/TR/png-3/): large plain ones are decoded by libvips, at a fraction where that is enough."""

import os
import struct
import zlib
from pathlib import Path

from PIL import Image, ImageFile, PngImagePlugin

from app.imaging import libvips
from app.imaging.picture import Box, Size

_LARGE = 2_000_000
"""Pixels. Below, Pillow takes no longer: libvips needs 4 ms to begin."""
_GAP = 1.6
"""It is shrunk to no less than so many times what is needed: photographs are 50 dB from plain Lanczos then, and 40 dB
as WebP of quality 80."""
_PLAIN = ("L", "RGB", "RGBA")
_TEXTS, _LONG = (b"tEXt", b"tIME"), 65_536
_HEAD = struct.Struct(">I4s")
_AROUND = 12
"""Bytes of a chunk besides its data: their number, its name and the checksum of both."""


def decoded(image: ImageFile.ImageFile, share: float) -> tuple[Image.Image, Box] | None:
    """The pixels of an opened PNG at a whole fraction of its size that leaves at least this share of each side.

    With the box of the picture in them, whose last row and column may be of less than a pixel. None for what is to be
    left to Pillow.
    """
    path = getattr(image.fp, "name", None)
    if not isinstance(path, str | Path) or not is_plain(image) or not _ends_plainly(image):
        return None
    divisor = factor(image.size, share, alpha="A" in image.mode)
    pixels = libvips.decoded_png(Path(path), divisor)
    return None if pixels is None else (pixels, (0, 0, image.width / divisor, image.height / divisor))


def check(image: ImageFile.ImageFile) -> None:
    """Every checksum of an opened PNG; Pillow checks those before the pixels only. Raises what Pillow raises."""
    if image.format == "PNG" and image.fp is not None:
        image.fp.seek(image.tile[0].offset - _HEAD.size)
        PngImagePlugin.ChunkStream(image.fp).verify()
        image.fp.seek(image.tile[0].offset)


def factor(size: Size, share: float, *, alpha: bool) -> int:
    """By how much the sides are divided. With alpha by nothing: the mean would have to be of premultiplied colours."""
    return 1 if alpha or not is_large(size) else max(1, int(1 / (_GAP * max(share, 1e-9))))


def is_large(size: Size) -> bool:
    return size[0] * size[1] >= _LARGE


def is_plain(image: ImageFile.ImageFile) -> bool:
    """Large, 8 bits, no palette, no transparent colour, one frame, row after row: what libvips is asked for."""
    stored = image.tile[0].args if image.tile else None
    return (
        image.format == "PNG"
        and is_large(image.size)
        and image.mode in _PLAIN
        and stored == image.mode
        and not image.info.get("interlace")
        and "transparency" not in image.info
        and not getattr(image, "is_animated", False)
    )


def _ends_plainly(image: ImageFile.ImageFile) -> bool:
    """Whether nothing follows the pixels but texts and the end, and the checksums are right of those and of the last
    chunk of pixels.

    What else there may be says something about the pixels: Pillow reads it there, too. libpng checks the chunks that it
    needs, and the last one may hold nothing of the pixels.
    """
    assert image.fp is not None
    descriptor, at, texts, last = image.fp.fileno(), image.tile[0].offset - _HEAD.size, 0, (0, 0)
    while len(head := os.pread(descriptor, _HEAD.size, at)) == _HEAD.size:
        length, kind = _HEAD.unpack(head)
        if kind == b"IEND":
            return _is_whole(descriptor, *last)
        if kind == b"IDAT":
            last = at, length
        elif kind not in _TEXTS or (texts := texts + length) > _LONG or not _is_whole(descriptor, at, length):
            return False
        at += length + _AROUND
    return False


def _is_whole(descriptor: int, at: int, length: int) -> bool:
    chunk = os.pread(descriptor, length + _AROUND, at)
    return len(chunk) == length + _AROUND and zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:], "big")

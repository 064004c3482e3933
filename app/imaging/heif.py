"""HEIC and HEIF, by libheif: what Pillow is told of it, and what is read of such a file before libheif is."""

import io
import struct
from collections.abc import Iterator
from itertools import islice
from typing import IO

from PIL import Image
from pillow_heif import HeifImageFile, options

from app.errors import UnsupportedFile
from app.imaging.colours import icc_profile
from app.imaging.limits import check_pixels
from app.imaging.picture import Size
from app.imaging.signatures import HEAD_BYTES, heif_type

options.DECODE_THREADS = 1
# A thumbnail, a depth map or an alpha plane of its own is no picture that anybody sent.
options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False

# ITU-T H.273, tables 2 and 3.
_DISPLAY_P3_PRIMARIES = 12
_HDR_CURVES = {16: "PQ", 18: "HLG"}
_MAX_BOXES = 100_000
_VERSION_BYTES = 4
"""Version and flags, which stand before the boxes within `meta`, and before the fields of `ispe`."""


class HeifPicture(HeifImageFile):
    """The primary image of a file, which libheif turns upright; EXIF is made to say so (ISO/IEC 23008-12, 6.5.10)."""

    def _open(self) -> None:
        assert self.fp is not None
        # Read here: the plugin takes an OSError of the disk for one of the file.
        data = self.fp.read()
        media_type = heif_type(data[:HEAD_BYTES])
        if media_type is None:
            raise SyntaxError("no HEIF")
        self.fp = io.BytesIO(data)
        super()._open()  # type: ignore[no-untyped-call]
        if not self.mode:
            raise SyntaxError("the coding of its pixels is not supported")
        self.custom_mimetype = media_type
        if self.info.get("icc_profile") is None and self._coding("color_primaries") == _DISPLAY_P3_PRIMARIES:
            self.info["icc_profile"] = icc_profile("display-p3")

    def check(self, max_pixels: int) -> None:
        """What the header says, before anything is decoded. Raises FileError."""
        curve = _HDR_CURVES.get(self._coding("transfer_characteristics"))
        if curve is not None and self.info.get("icc_profile") is None:
            raise UnsupportedFile(
                f"The brightness of this HEIC is coded for HDR screens ({curve}), which has no defined white; export it"
                " without HDR, or as JPEG."
            )
        # A grid is put together whole before libheif sees that it is larger than the file says that the image is.
        tiles = self.info.get("tiling") or {}
        check_pixels((tiles.get("image_width", 1), tiles.get("image_height", 1)), max_pixels)

    def _coding(self, key: str) -> int:
        """One of the numbers that stand for colours (ITU-T H.273); 2 is what it has for unknown."""
        numbers: dict[str, int] = self.info.get("nclx_profile") or {}
        return numbers.get(key, 2)


Image.register_open(HeifPicture.format, HeifPicture, lambda head: head[4:8] == b"ftyp")


def claimed_size(stream: IO[bytes]) -> Size | None:
    """The largest image of a HEIF file (ISO/IEC 23008-12, 6.5.3), shown or not; None where none has a size.

    libheif decodes no image beyond the size that is claimed for it. Pillow is told another one, where a part is cut out
    for show.
    """
    length = _length(stream)
    places = [(0, length)]
    for name, skip in ((b"meta", _VERSION_BYTES), (b"iprp", 0), (b"ipco", 0), (b"ispe", 0)):
        inner = (box for start, end in places for box in _boxes(stream, start, end))
        found = [(start, end) for kind, start, end in islice(inner, _MAX_BOXES) if kind == name]
        places = [(start + skip, min(end, length)) for start, end in found]
    sizes = [size for start, _ in places if (size := _extents(stream, start))]
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def check_whole(stream: IO[bytes]) -> None:
    """Raises EOFError where the file ends before its pixels do: libheif puts black in the place of missing tiles."""
    length = _length(stream)
    for kind, _, end in islice(_boxes(stream, 0, length), _MAX_BOXES):
        if kind in (b"meta", b"mdat") and end > length:
            raise EOFError(f"{length:,} of {end:,} bytes")


def _length(stream: IO[bytes]) -> int:
    return stream.seek(0, io.SEEK_END)


def _boxes(stream: IO[bytes], at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of what is within each box (ISO/IEC 14496-12, 4.2); the last may say that it ends later."""
    while at + 8 <= end:
        stream.seek(at)
        size, kind = struct.unpack(">I4s", stream.read(8))
        start = at + 8
        if size == 1:
            size, start = int.from_bytes(stream.read(8), "big"), at + 16
        at = end if size == 0 else at + size
        if at < start:
            return
        yield kind, start, at


def _extents(stream: IO[bytes], at: int) -> Size | None:
    stream.seek(at + _VERSION_BYTES)
    data = stream.read(8)
    return struct.unpack(">II", data) if len(data) == 8 else None

"""A picture on its way through a recipe as a file, from which it comes back as it was, to the byte.

    magic, length and CRC-32 of the header │ header (JSON) │ profile, EXIF, XMP │ frame after frame │ CRC-32 of those

Whoever reads one trusts nothing in it: what is torn, or is not exactly what its header says, is no picture. The header
is validated before anything is allocated, and the worst that a forged file can be is another picture.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.imaging.colours import Space
from app.imaging.picture import Box, Kept, Metadata, Picture

_BYTES = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4, "LAB": 3}
"""To the pixel: the modes of pictures."""
_START = struct.Struct(">8sII")
_MAGIC = b"unfinish"
_CRC = struct.Struct(">I")
_LONGEST_HEADER = 1_000_000
_OUTSIDE = 1e-6
"""Pixels by which rounding may put a box outside its frames."""

Count = Annotated[int, Field(ge=0, le=2**32 - 1)]
Side = Annotated[int, Field(ge=1, le=2**31 - 1)]
Sides = tuple[Side, Side]
Mode = Literal["L", "LA", "RGB", "RGBA", "CMYK", "LAB"]


class Facts(BaseModel):
    """What is known of a picture besides itself: its key, whether its frames are those of the file as they were
    decoded, and the displayed sizes of what it was made from, by their keys.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    key: str
    untouched: bool
    sizes: dict[str, Sides]


class Header(Facts):
    modes: Annotated[list[Mode], Field(min_length=1, max_length=10_000)]
    size: Sides
    box: Box
    stored: Sides
    orientation: Annotated[int, Field(ge=1, le=8)]
    space: Space | None
    durations: list[Count]
    loop: Count
    turned: bool
    keep: list[Kept]
    blocks: tuple[Count | None, Count | None, Count | None]
    """The lengths of profile, EXIF and XMP."""

    @property
    def body(self) -> int:
        """Bytes."""
        pixels = self.size[0] * self.size[1]
        return sum(length or 0 for length in self.blocks) + sum(_BYTES[mode] * pixels for mode in self.modes)

    @property
    def is_sound(self) -> bool:
        """Whether its numbers fit together, so that no step is asked for what there is not."""
        (left, top, right, bottom), (width, height) = self.box, self.size
        inside = -_OUTSIDE <= left < right <= width + _OUTSIDE and -_OUTSIDE <= top < bottom <= height + _OUTSIDE
        return inside and len(self.durations) in (0, len(self.modes))


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A file whose header is sound."""

    path: Path
    header: Header
    begins: int

    def picture(self, max_pixels: int) -> Picture | None:
        """None where it is not whole, or would stand for more pixels than are decoded."""
        header = self.header
        if header.stored[0] * header.stored[1] > max(max_pixels, header.size[0] * header.size[1]):
            return None
        try:
            with self.path.open("rb") as file:
                return self._read(file)
        except OSError:
            return None

    def _read(self, file: BinaryIO) -> Picture | None:
        header, check, pixels = self.header, 0, self.header.size[0] * self.header.size[1]
        file.seek(self.begins)
        parts = [None if length is None else file.read(length) for length in header.blocks]
        for part in parts:
            check = zlib.crc32(part or b"", check)
        frames = []
        for mode in header.modes:
            data = file.read(_BYTES[mode] * pixels)
            if len(data) != _BYTES[mode] * pixels:
                return None
            check = zlib.crc32(data, check)
            frames.append(Image.frombytes(mode, header.size, data))
        if file.read(_CRC.size) != _CRC.pack(check):
            return None
        return Picture(
            tuple(frames), header.box, header.stored, header.orientation, parts[0], header.space,
            tuple(header.durations), header.loop, header.turned, Metadata(parts[1], parts[2]), frozenset(header.keep),
        )  # fmt: skip


def opened(path: Path, key: str) -> Unfinished | None:
    """The file as one with this key; None where it is not there or not what it should be."""
    try:
        with path.open("rb") as file:
            magic, length, check = _START.unpack(file.read(_START.size))
            told = file.read(min(length, _LONGEST_HEADER))
            bytes_there = file.seek(0, 2)
        header = Header.model_validate_json(told)
    except (OSError, struct.error, ValidationError):
        return None
    begins = _START.size + len(told)
    whole = magic == _MAGIC and zlib.crc32(told) == check and bytes_there == begins + header.body + _CRC.size
    return Unfinished(path, header, begins) if whole and header.is_sound and header.key == key else None


def size_of(picture: Picture) -> int | None:
    """The bytes of its pixels in a file; None for one that can not be written."""
    if any(frame.mode not in _BYTES or frame.size != picture.frames[0].size for frame in picture.frames):
        return None
    return sum(_BYTES[frame.mode] * frame.width * frame.height for frame in picture.frames)


def write(path: Path, picture: Picture, facts: Facts) -> None:
    """Raises OSError, and ValueError for a picture of which a file can not tell."""
    header = Header(**facts.model_dump(), **_described(picture)).model_dump_json().encode()
    check = 0
    with path.open("wb") as file:
        file.write(_START.pack(_MAGIC, len(header), zlib.crc32(header)))
        file.write(header)
        for part in _parts(picture):
            check = zlib.crc32(part, check)
            file.write(part)
        file.write(_CRC.pack(check))


def _blocks(picture: Picture) -> tuple[bytes | None, bytes | None, bytes | None]:
    return picture.profile, picture.metadata.exif, picture.metadata.xmp


def _described(picture: Picture) -> dict[str, Any]:
    return {
        "modes": [frame.mode for frame in picture.frames], "size": picture.frames[0].size,
        "box": tuple(map(float, picture.box)), "stored": picture.stored, "orientation": picture.orientation,
        "space": picture.space, "durations": list(picture.durations), "loop": picture.loop, "turned": picture.turned,
        "keep": sorted(picture.keep),
        "blocks": tuple(None if block is None else len(block) for block in _blocks(picture)),
    }  # fmt: skip


def _parts(picture: Picture) -> Iterator[bytes]:
    yield from (block for block in _blocks(picture) if block is not None)
    for frame in picture.frames:
        yield frame.tobytes()

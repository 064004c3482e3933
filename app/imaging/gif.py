"""GIF, block by block (https://www.w3.org/Graphics/GIF/spec-gif89a.txt): the pictures of one, without decoding any."""

import struct
from dataclasses import dataclass, field
from typing import IO

# A GIF of one byte blocks would take seconds to walk through; one of full blocks has 255 MB at this number.
_MAX_BLOCKS = 1_000_000
_DESCRIPTOR = struct.Struct("<HHHHB")
_CONTROL = b"\xf9"
_APPLICATION = b"\xff"
_LOOPS = (b"\x0bNETSCAPE2.0", b"\x0bANIMEXTS1.0")


@dataclass(frozen=True, slots=True)
class GifPart:
    """One stored picture: where it is on the canvas, how it is shown, and where its bytes are in the file.

    `transparent` is the index of the palette that is; `disposal` is the number in the file.
    """

    at: tuple[int, int]
    size: tuple[int, int]
    centiseconds: int
    disposal: int
    transparent: int | None
    flags: int
    palette: bytes
    start: int
    end: int

    def alone(self, stream: IO[bytes]) -> bytes:
        """The part as a GIF of its own, without a trailer: what is cut off stays so."""
        stream.seek(self.start)
        screen = b"GIF89a" + struct.pack("<HHBBB", *self.size, self._table_flags(), 0, 0) + self.palette
        control = b"" if self.transparent is None else b"!\xf9\x04\x01\0\0" + bytes([self.transparent]) + b"\0"
        interlaced = self.flags & 0x40
        descriptor = b"," + _DESCRIPTOR.pack(0, 0, *self.size, interlaced)
        return screen + control + descriptor + stream.read(self.end - self.start)

    def _table_flags(self) -> int:
        return 0x80 | (len(self.palette) // 3).bit_length() - 2 if self.palette else 0


@dataclass(slots=True)
class Gif:
    """`plays` is how often the whole is shown; 0 is for ever."""

    parts: list[GifPart] = field(default_factory=list)
    plays: int = 1


def read_gif(stream: IO[bytes], most: int) -> Gif:
    """Up to this many parts of an opened GIF. A file that is cut off ends early; its last part may be incomplete."""
    stream.seek(0)
    gif, budget, control = Gif(), _MAX_BLOCKS, b""
    table = _colour_table(stream, stream.read(13)[10])
    while len(gif.parts) < most and budget > 0:
        match stream.read(1):
            case b"!":
                label, body = stream.read(1), _peek(stream, 16)
                if label == _CONTROL and body[:1] == b"\x04":
                    control = body[1:5]
                elif label == _APPLICATION and body.startswith(_LOOPS) and body[13:14] == b"\x01":
                    gif.plays = _plays(int.from_bytes(body[14:16], "little"))
                budget -= _skip_blocks(stream, budget)
            case b"," if len(descriptor := stream.read(_DESCRIPTOR.size)) == _DESCRIPTOR.size:
                local = _colour_table(stream, descriptor[8]) or table
                start = stream.tell()
                stream.seek(1, 1)
                budget -= _skip_blocks(stream, budget)
                gif.parts.append(_part(descriptor, control, local, start, stream.tell()))
                control = b""
            case b"" | b";":
                break
            case _:  # browsers and Pillow look for the next block behind it
                budget -= 1
    return gif


def _part(descriptor: bytes, control: bytes, palette: bytes, start: int, end: int) -> GifPart:
    left, top, width, height, flags = _DESCRIPTOR.unpack(descriptor)
    how, centiseconds, transparent = struct.unpack("<BHB", control) if len(control) == 4 else (0, 0, 0)
    return GifPart(
        (left, top),
        (width, height),
        centiseconds,
        how >> 2 & 7,
        transparent if how & 1 else None,
        flags,
        palette,
        start,
        end,
    )


def _plays(repetitions: int) -> int:
    """The file says how often to repeat after the first time, as browsers and gif2webp read it; 0 is for ever."""
    return repetitions + 1 if repetitions else 0


def _colour_table(stream: IO[bytes], flags: int) -> bytes:
    return stream.read(3 << ((flags & 7) + 1)) if flags & 0x80 else b""


def _peek(stream: IO[bytes], count: int) -> bytes:
    at = stream.tell()
    data = stream.read(count)
    stream.seek(at)
    return data


def _skip_blocks(stream: IO[bytes], budget: int) -> int:
    for skipped in range(1, budget + 1):
        size = stream.read(1)
        if size in (b"", b"\0"):
            return skipped
        stream.seek(size[0], 1)
    return budget

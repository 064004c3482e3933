"""APNG (https://www.w3.org/TR/png-3/#apng-frame-based-animation): the parts of one, without decoding any."""

import struct
import zlib
from dataclasses import dataclass, field
from typing import IO

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CONTROL = struct.Struct(">IIIIIHHBB")
_SHARED = (b"PLTE", b"tRNS")
"""The chunks that every part needs to be decoded."""


@dataclass(slots=True)
class ApngPart:
    """One stored picture: where it is on the canvas and how it is shown; the numbers are those of the file."""

    at: tuple[int, int]
    size: tuple[int, int]
    milliseconds: float
    disposal: int
    blend: int
    data: bytearray = field(default_factory=bytearray)
    """Compressed pixels."""


@dataclass(slots=True)
class Apng:
    """`plays` is how often the whole is shown; 0 is for ever. The default image is only there if it is a frame."""

    header: bytes = b""
    shared: bytes = b""
    plays: int = 0
    parts: list[ApngPart] = field(default_factory=list)

    def alone(self, part: ApngPart) -> bytes:
        """The part as a PNG of its own."""
        header = struct.pack(">II", *part.size) + self.header[8:]
        return (
            _SIGNATURE + _chunk(b"IHDR", header) + self.shared + _chunk(b"IDAT", part.data) + _chunk(b"IEND", b"")
        )  # fmt: skip


def read_apng(stream: IO[bytes], most: int) -> Apng:
    """Up to this many parts of a PNG whose checksums are right. Raises ValueError for a frame outside the canvas."""
    stream.seek(len(_SIGNATURE))
    apng = Apng()
    while len(head := stream.read(8)) == 8:
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind == b"fcTL" and len(apng.parts) == most:
            break
        data = stream.read(length)
        stream.seek(4, 1)
        match kind:
            case b"IHDR":
                apng.header = data
            case b"acTL":
                apng.plays = int.from_bytes(data[4:8], "big")
            case b"fcTL":
                apng.parts.append(_part(data, apng.header))
            case b"IDAT" if apng.parts:
                apng.parts[-1].data += data
            case b"fdAT" if apng.parts:
                apng.parts[-1].data += data[4:]
            case b"IEND":
                break
            case _ if kind in _SHARED:
                apng.shared += _chunk(kind, data)
    return apng


def _part(control: bytes, header: bytes) -> ApngPart:
    _, width, height, left, top, numerator, denominator, disposal, blend = _CONTROL.unpack(control)
    across, down = struct.unpack_from(">II", header)
    if not width or not height or left + width > across or top + height > down:
        raise ValueError("a frame is outside its canvas")
    milliseconds = 1000 * numerator / (denominator or 100)
    return ApngPart((left, top), (width, height), milliseconds, disposal, blend)


def _chunk(kind: bytes, data: bytes | bytearray) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(data, zlib.crc32(kind)).to_bytes(4, "big")

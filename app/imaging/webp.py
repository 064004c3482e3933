"""The chunks of an animated WebP (RFC 9649, section 2.7), for one thing: whether its ground is seen."""

import struct
from collections.abc import Iterator

_ALPHA = 0x10
_CLEARED = 0x01
_FLAGS_AT = 20


def flagged(data: bytes) -> bytes:
    """The same file, marked as transparent."""
    return data[:_FLAGS_AT] + bytes([data[_FLAGS_AT] | _ALPHA]) + data[_FLAGS_AT + 1 :]


def is_extended(data: bytes) -> bool:
    """Whether there is a place for flags."""
    return data[12:16] == b"VP8X" and len(data) > _FLAGS_AT


def shows_ground(data: bytes) -> bool:
    """Whether any pixel of the canvas, which is transparent, is seen because no frame is there or not any more.

    libwebp's encoder does not mark such a file as transparent where each of its frames is opaque; browsers do not mind.
    """
    canvas = data[24:30]
    frames = list(_frames(data))
    return any(box != b"\0" * 6 + canvas for box, _ in frames[:1]) or any(flags & _CLEARED for _, flags in frames)


def _frames(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Place and size of every frame, as they are written, and its flags."""
    at = 12
    while at + 24 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        if kind == b"ANMF":
            yield data[at + 8 : at + 20], data[at + 23]
        at += 8 + length + length % 2
